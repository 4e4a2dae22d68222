"""What a PromQL expression names: selectors, the labels that it groups by, and how its comparison ends."""

from __future__ import annotations

import operator
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

import promql_parser as grammar

from core.errors import BadQuery, NotSupported
from signals.metrics.promql.parse import parse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Matcher = tuple[str, str, str]
_OPERATORS = {"MatchOp.Equal": "=", "MatchOp.NotEqual": "!=", "MatchOp.Re": "=~", "MatchOp.NotRe": "!~"}
_ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "^": operator.pow,
}
_MAKES_LABELS = ("label_replace", "label_join", "count_values", "info")


@dataclass(frozen=True, slots=True)
class Named:
    """One selector; `absent` when the expression waits for it to be missing."""

    name: str
    matchers: tuple[Matcher, ...]
    absent: bool


@dataclass(frozen=True, slots=True)
class Grouping:
    """A label that the expression groups by, and the selectors below: at least one should have it."""

    label: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """`left operator value` at the top of an expression; `node` is the syntax tree of the left side."""

    operator: Literal[">", ">=", "<", "<=", "==", "!="]
    value: float
    node: Any


@lru_cache(maxsize=2048)
def tree(expr: str) -> Any | None:
    """The syntax tree (its classes have no common type); None for what is no PromQL."""
    try:
        return parse(expr)
    except (BadQuery, NotSupported):
        return None


def named(node: Any) -> list[Named]:
    """Every selector with a name, in order."""
    return list(_named(node, absent=False))


def _named(node: Any, *, absent: bool) -> Any:
    if isinstance(node, grammar.VectorSelector):
        matchers = tuple(
            (matcher.name, _OPERATORS[str(matcher.op)], matcher.value) for matcher in node.matchers.matchers
        )
        alternatives = bool(node.matchers.or_matchers)
        name = node.name or next((v for n, o, v in matchers if (n, o) == ("__name__", "=")), "")
        if name:
            kept = () if alternatives else tuple(matcher for matcher in matchers if matcher[0] != "__name__")
            yield Named(name, kept, absent)
        return
    if isinstance(node, grammar.Call) and node.func.name in ("absent", "absent_over_time"):
        absent = True
    for child in children(node):
        yield from _named(child, absent=absent)


def children(node: Any) -> list[Any]:
    """The expressions directly below."""
    nodes = [getattr(node, key, None) for key in ("lhs", "rhs", "expr", "vector_selector", "param")]
    nodes += getattr(node, "args", None) or []
    return [child for child in nodes if child is not None and not isinstance(child, str | float)]


def groupings(node: Any) -> list[Grouping]:
    """The labels of every `by (…)`, without those that the expression makes itself."""
    groups: list[Grouping] = []
    grouped = isinstance(node, grammar.AggregateExpr) and node.modifier is not None
    if grouped and "By" in str(node.modifier.type) and not _makes_labels(node.expr):
        names = tuple(dict.fromkeys(selector.name for selector in named(node.expr)))
        groups += [Grouping(label, names) for label in node.modifier.labels]
    for child in children(node):
        groups += groupings(child)
    return groups


def _makes_labels(node: Any) -> bool:
    function = node.func.name if isinstance(node, grammar.Call) else str(getattr(node, "op", ""))
    return function in _MAKES_LABELS or any(_makes_labels(child) for child in children(node))


def comparisons(node: Any) -> list[Comparison]:  # noqa: PLR0911  # one case a kind of node
    """The comparisons with a number that decide whether the expression answers; through `and`, `or`, `unless`."""
    if isinstance(node, grammar.ParenExpr):
        return comparisons(node.expr)
    if not isinstance(node, grammar.BinaryExpr):
        return []
    symbol = str(node.op)
    if symbol in ("and", "or"):
        return comparisons(node.lhs) + comparisons(node.rhs)
    if symbol == "unless":
        return comparisons(node.lhs)
    if symbol not in ("==", "!=", "<", ">", "<=", ">="):
        return []
    if node.modifier is not None and node.modifier.return_bool:
        return []
    right, left = number(node.rhs), number(node.lhs)
    if right is not None:
        return [Comparison(symbol, right, node.lhs)]  # type: ignore[arg-type]  # one of the six, see above
    if left is not None:
        turned = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}.get(symbol, symbol)
        return [Comparison(turned, left, node.rhs)]  # type: ignore[arg-type]  # one of the six, see above
    return []


def number(node: Any) -> float | None:  # noqa: PLR0911  # one case a kind of node
    """The value of an expression of numbers alone."""
    match node:
        case grammar.NumberLiteral():
            return float(node.val)
        case grammar.ParenExpr():
            return number(node.expr)
        case grammar.UnaryExpr():
            inner = number(node.expr)
            return None if inner is None else -inner
        case grammar.BinaryExpr():
            left, right = number(node.lhs), number(node.rhs)
            if left is None or right is None:
                return None
            try:
                return _ARITHMETIC[str(node.op)](left, right) if str(node.op) in _ARITHMETIC else None
            except (OverflowError, ZeroDivisionError):
                return None
    return None


def alternatives(pattern: str) -> list[str] | None:
    """The plain texts that a matcher's pattern lists (`a|b`); None where it is a real pattern."""
    inner = pattern[1:-1] if re.fullmatch(r"\([^()]*\)", pattern) else pattern
    parts = inner.split("|")
    return parts if all(re.fullmatch(r"[\w\- /:]*", part) for part in parts) else None


def calls(node: Any, names: tuple[str, ...]) -> Iterator[Any]:
    """Every call of one of these functions, at any depth."""
    if isinstance(node, grammar.Call) and node.func.name in names:
        yield node
    for child in children(node):
        yield from calls(child, names)
