"""Between which values a PromQL expression can lie, from what its functions and the repository's metrics allow."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import promql_parser as grammar

from repolint.facts.prometheus.promql import children, named, number

if TYPE_CHECKING:
    from repolint.facts.metrics.metric import Exports, Metric

Bounds = tuple[float, float]
EVERYTHING: Bounds = (-math.inf, math.inf)
_POSITIVE: Bounds = (0.0, math.inf)
_SAME = (
    "max",
    "min",
    "avg",
    "group",
    "quantile",
    "topk",
    "bottomk",
    "sort",
    "sort_desc",
    "label_replace",
    "label_join",
    "max_over_time",
    "min_over_time",
    "avg_over_time",
    "last_over_time",
    "quantile_over_time",
)
_NEVER_NEGATIVE = (
    "rate",
    "irate",
    "increase",
    "count_over_time",
    "changes",
    "resets",
    "stddev_over_time",
    "stdvar_over_time",
    "abs",
    "sqrt",
    "exp",
    "time",
    "timestamp",
    "absent",
    "present_over_time",
)


def bounds(node: Any, read: Exports) -> Bounds:  # noqa: PLR0911  # one case a kind of node
    """The least and the greatest value; infinite where nothing limits it."""
    constant = number(node)
    if constant is not None:
        return constant, constant
    match node:
        case grammar.ParenExpr() | grammar.SubqueryExpr():
            return bounds(node.expr, read)
        case grammar.UnaryExpr():
            low, high = bounds(node.expr, read)
            return -high, -low
        case grammar.VectorSelector():
            return _selector(node.name or "", read)
        case grammar.MatrixSelector():
            return bounds(node.vector_selector, read)
        case grammar.AggregateExpr():
            return _aggregate(node, read)
        case grammar.Call():
            return _call(node, read)
        case grammar.BinaryExpr():
            return _binary(node, read)
    return EVERYTHING


def quantile_of(node: Any, read: Exports) -> tuple[float, tuple[float, ...], Metric] | None:
    """For a `histogram_quantile` over one histogram whose buckets are known: quantile, bounds and metric."""
    while isinstance(node, grammar.ParenExpr):
        node = node.expr
    if not isinstance(node, grammar.Call) or node.func.name != "histogram_quantile" or len(node.args) != 2:
        return None
    names = {selector.name for selector in named(node.args[1])}
    quantile = number(node.args[0])
    if len(names) != 1 or quantile is None:
        return None
    metrics = read.find(names.pop())
    if not metrics or any(not metric.buckets or metric.kind != "histogram" for metric in metrics):
        return None
    best = max(metrics, key=lambda metric: max(metric.buckets or (0.0,)))
    return quantile, best.buckets or (), best


def _selector(name: str, read: Exports) -> Bounds:
    if name in ("up", "probe_success"):
        return 0.0, 1.0
    metrics = read.find(name)
    counts = name.endswith(("_total", "_count", "_bucket"))
    if counts and metrics and all(metric.kind in ("counter", "histogram", "summary") for metric in metrics):
        return _POSITIVE
    return EVERYTHING


def _aggregate(node: Any, read: Exports) -> Bounds:
    operator = str(node.op)
    if operator in ("count", "stddev", "stdvar"):
        return (1.0 if operator == "count" else 0.0), math.inf
    low, high = bounds(node.expr, read)
    if operator in _SAME:
        return low, high
    if operator == "sum":
        return (0.0 if low >= 0 else -math.inf), (0.0 if high <= 0 else math.inf)
    return EVERYTHING


def _call(node: Any, read: Exports) -> Bounds:  # noqa: PLR0911  # one branch a function
    name, arguments = node.func.name, node.args
    if name == "histogram_quantile":
        quantile = quantile_of(node, read)
        if quantile and 0 <= quantile[0] <= 1:
            return (0.0 if quantile[1][0] > 0 else -math.inf), quantile[1][-1]
        return EVERYTHING
    if name in _NEVER_NEGATIVE:
        return (1.0, 1.0) if name in ("absent", "present_over_time") else _POSITIVE
    if name in _SAME:
        vectors = [
            argument
            for argument in arguments
            if number(argument) is None and not isinstance(argument, grammar.StringLiteral)
        ]
        return bounds(vectors[-1], read) if vectors else EVERYTHING
    if name in ("vector", "scalar") and arguments:
        return bounds(arguments[0], read)
    if name in ("clamp", "clamp_min", "clamp_max") and arguments:
        low, high = bounds(arguments[0], read)
        limits = [number(argument) for argument in arguments[1:]]
        if any(limit is None for limit in limits):
            return EVERYTHING
        values = [limit for limit in limits if limit is not None]
        if name in ("clamp", "clamp_min"):
            low, high = max(low, values[0]), max(high, values[0])
        if name in ("clamp", "clamp_max"):
            low, high = min(low, values[-1]), min(high, values[-1])
        return low, high
    return EVERYTHING


def _binary(node: Any, read: Exports) -> Bounds:  # noqa: PLR0911  # one branch an operator
    operator = str(node.op)
    left, right = bounds(node.lhs, read), bounds(node.rhs, read)
    if operator == "or":
        return min(left[0], right[0]), max(left[1], right[1])
    if operator in ("and", "unless"):
        return left
    if operator in ("==", "!=", "<", ">", "<=", ">="):
        return (0.0, 1.0) if node.modifier is not None and node.modifier.return_bool else left
    if operator == "/" and _is_share(node.lhs, node.rhs) and left[0] >= 0:
        return 0.0, 1.0
    pairs = [(first, other) for first in left for other in right]
    if operator == "+":
        return _known(left[0] + right[0]), _known(left[1] + right[1], high=True)
    if operator == "-":
        return _known(left[0] - right[1]), _known(left[1] - right[0], high=True)
    if operator == "*":
        products = [0.0 if 0 in pair else pair[0] * pair[1] for pair in pairs]
        return min(products), max(products)
    if operator == "/" and right[0] > 0:
        quotients = [0.0 if math.isinf(other) else first / other for first, other in pairs]
        return min(quotients), max(quotients)
    if operator == "/" and left[0] >= 0 and right[0] >= 0:
        return _POSITIVE
    return EVERYTHING


def _known(value: float, *, high: bool = False) -> float:
    return value if not math.isnan(value) else (math.inf if high else -math.inf)


def _is_share(part: Any, whole: Any) -> bool:
    """Whether `part / whole` are the same expression but for more matchers in the part: then it is a share of it."""
    while isinstance(part, grammar.ParenExpr):
        part = part.expr
    while isinstance(whole, grammar.ParenExpr):
        whole = whole.expr
    if type(part) is not type(whole):
        return False
    if isinstance(part, grammar.VectorSelector):
        inside, outside = (
            {(m.name, str(m.op), m.value) for m in side.matchers.matchers} for side in (part, whole)
        )
        plain = not part.matchers.or_matchers and not whole.matchers.or_matchers
        return (
            plain
            and bool(part.name)
            and part.name == whole.name
            and outside <= inside
            and part.offset == whole.offset
        )
    if isinstance(part, grammar.MatrixSelector):
        return bool(part.range == whole.range) and _is_share(part.vector_selector, whole.vector_selector)
    if isinstance(part, grammar.AggregateExpr):
        same = str(part.op) == str(whole.op) and _modifier(part) == _modifier(whole)
        return same and str(part.op) in ("sum", "count") and _is_share(part.expr, whole.expr)
    if isinstance(part, grammar.Call):
        same = part.func.name == whole.func.name and part.func.name in ("rate", "irate", "increase")
        return same and all(
            _is_share(child, other) for child, other in zip(children(part), children(whole), strict=True)
        )
    return False


def _modifier(node: Any) -> tuple[str, tuple[str, ...]]:
    modifier = node.modifier
    return ("", ()) if modifier is None else (str(modifier.type), tuple(sorted(modifier.labels)))
