"""Walks the syntax tree: which selectors are read, subqueries, and who computes the rest."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from itertools import compress
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import numpy as np
import promql_parser as grammar

from core.errors import BadQuery, NotSupported
from core.message import say
from signals.metrics.promql.aggregate import aggregate
from signals.metrics.promql.binary import binary
from signals.metrics.promql.functions import absent, call
from signals.metrics.promql.over_time import KEEP_NAME, OF_RANGE
from signals.metrics.promql.parse import milliseconds, panic_as_bad_query, parse
from signals.metrics.promql.select import (
    BATCH_SAMPLES,
    Context,
    check_size,
    instant,
    ranges,
    shifted,
)
from signals.metrics.promql.values import (
    Deadline,
    Ranges,
    Result,
    Scalar,
    Text,
    Vector,
    distinct,
    over_portions,
    windows_of,
    without_names,
)
from signals.reading import Answer, Series
from signals.store.label_sets import LabelSets
from signals.store.ring import Part
from signals.store.series_buffer import STALE_NAN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from signals.metrics.promql.values import Floats, Mask, Windows
    from signals.store.ring import Ring

MAX_POINTS = 11_000
"""Points a series that a range query may ask for (prometheus/prometheus, web/api/v1)."""
QUERY_TIMEOUT_S = 120.0
"""Prometheus' `--query.timeout`."""
DEFAULT_SUBQUERY_STEP_MS = 60_000
"""The step of a subquery without one: Prometheus' default evaluation interval."""
MAX_SUBQUERY_POINTS = 1_000_000
"""Points that a subquery may ask for: 30 d every 15 s are 172 800."""


def evaluate(
    expr: str, ring: Ring, at: float, source: str = "in process", timeout_s: float = QUERY_TIMEOUT_S
) -> Answer:
    """The value of `expr` at `at` (Unix seconds). Raises `BadQuery`, `NotSupported` by name, or `TimedOut`."""
    deadline = Deadline(time.monotonic() + timeout_s)
    at_ms = round(at * 1000)
    result = _walk(parse(expr), Context(ring, np.array([at_ms], np.int64), at_ms, at_ms, deadline))
    if isinstance(result, Text):
        return Answer(expr, "string", (), source, at, result.text)
    if isinstance(result, Scalar):
        return Answer(expr, "scalar", (Series((), (at,), (float(result.values[0]),)),), source, at)
    if isinstance(result, Ranges):
        return Answer(expr, "matrix", _raw(result), source, at)
    samples = zip(result.labels, result.values[:, 0].tolist(), result.present[:, 0].tolist(), strict=True)
    series = tuple(Series(labels, (at,), (value,)) for labels, value, present in samples if present)
    return Answer(expr, "vector", series, source, at)


def evaluate_range(  # noqa: PLR0917  # the arguments of the HTTP API, in its order
    expr: str,
    ring: Ring,
    start: float,
    end: float,
    step: float,
    source: str = "in process",
    timeout_s: float = QUERY_TIMEOUT_S,
) -> Answer:
    """The values of `expr` from `start` to `end` every `step` seconds, as a matrix. Raises as `evaluate`."""
    deadline = Deadline(time.monotonic() + timeout_s)
    if step <= 0 or end < start:
        raise BadQuery(say("promql.bad_span"))
    start_ms, end_ms, step_ms = round(start * 1000), round(end * 1000), max(1, round(step * 1000))
    if (end_ms - start_ms) // step_ms > MAX_POINTS:
        raise BadQuery(say("promql.too_many_points", limit=MAX_POINTS))
    times = np.arange(start_ms, end_ms + 1, step_ms, dtype=np.int64)
    result = _walk(parse(expr), Context(ring, times, start_ms, end_ms, deadline))
    if isinstance(result, Text | Ranges):
        raise BadQuery(say("promql.not_for_span"))
    seconds = tuple((times / 1000).tolist())
    if isinstance(result, Scalar):
        series = (Series((), seconds, tuple(result.values.tolist())),)
        return Answer(expr, "matrix", series, source, end)
    matrix = []
    for labels, values, present in zip(result.labels, result.values, result.present, strict=True):
        if present.all():
            matrix.append(Series(labels, seconds, tuple(values.tolist())))
        elif present.any():
            own_times = tuple(compress(seconds, present.tolist()))
            matrix.append(Series(labels, own_times, tuple(values[present].tolist())))
    return Answer(expr, "matrix", tuple(sorted(matrix, key=attrgetter("labels"))), source, end)


def _walk(node: Any, context: Context) -> Result:
    try:
        with np.errstate(all="ignore"):
            return _evaluate(node, context)
    except BaseException as error:
        raise panic_as_bad_query(error) from error


def _evaluate(node: Any, context: Context) -> Result:  # noqa: C901, PLR0911  # one case a kind of node
    context.deadline.check()
    count = len(context.times)
    match node:
        case grammar.NumberLiteral():
            return Scalar(np.full(count, node.val))
        case grammar.StringLiteral():
            return Text(node.val)
        case grammar.ParenExpr():
            return _evaluate(node.expr, context)
        case grammar.UnaryExpr():
            inner = _evaluate(node.expr, context)
            if isinstance(inner, Scalar):
                return Scalar(-inner.values)
            return _vector(inner).with_values(-_vector(inner).values)
        case grammar.VectorSelector():
            return instant(node, context)[0]
        case grammar.MatrixSelector():
            return ranges(node, context)
        case grammar.SubqueryExpr():
            return _subquery(node, context)
        case grammar.AggregateExpr():
            parameter = None if node.param is None else _evaluate(node.param, context)
            return aggregate(str(node.op), node.modifier, parameter, _vector(_evaluate(node.expr, context)))
        case grammar.BinaryExpr():
            return binary(
                str(node.op), node.modifier, _evaluate(node.lhs, context), _evaluate(node.rhs, context)
            )
        case grammar.Call():
            return _call(node, context)
    raise NotSupported(say("promql.not_supported", what=type(node).__name__))


def _call(node: Any, context: Context) -> Result:
    name = node.func.name
    bare = [_without_parentheses(argument) for argument in node.args]
    first = bare[0] if bare else None
    if name == "timestamp" and isinstance(first, grammar.VectorSelector):
        vector, stamps = instant(first, context)
        return vector.with_values(stamps / 1000) if len(vector.labels) else vector
    fixed = _equal_labels(first)
    arguments = [_evaluate(argument, context) for argument in node.args]
    if name == "absent_over_time":
        _, _, present = _of_range("present_over_time", arguments, context)
        return absent(present, fixed)
    if name not in OF_RANGE:
        return call(name, arguments, context.times, fixed)
    labels, values, present = _of_range(name, arguments, context)
    return distinct(labels if name in KEEP_NAME else without_names(labels), values, present)


def _of_range(name: str, arguments: list[Result], context: Context) -> tuple[LabelSets, Floats, Mask]:
    """A function of a range for all its series."""
    of_range, times = OF_RANGE[name], context.times
    given = [argument for argument in arguments if isinstance(argument, Ranges)]
    if len(given) != 1:
        raise BadQuery(say("promql.wants_range"))
    others = [None if isinstance(argument, Ranges) else argument for argument in arguments]
    values, present = over_portions(given[0], lambda windows: of_range(windows, others, times), len(times))
    return given[0].labels, values, present


def _without_parentheses(node: Any) -> Any:
    while isinstance(node, grammar.ParenExpr):
        node = node.expr
    return node


def _equal_labels(node: Any) -> tuple[tuple[str, str], ...]:
    """The labels that the equality matchers of a selector fix: what `absent` answers with."""
    selector = node.vector_selector if isinstance(node, grammar.MatrixSelector) else node
    if not isinstance(selector, grammar.VectorSelector):
        return ()
    matchers = selector.matchers.matchers
    names = [matcher.name for matcher in matchers]
    return tuple(
        sorted(
            (matcher.name, matcher.value)
            for matcher in matchers
            if matcher.op == grammar.MatchOp.Equal
            and names.count(matcher.name) == 1
            and matcher.value
            and matcher.name != "__name__"
        )
    )


def _vector(result: Result) -> Vector:
    if isinstance(result, Vector):
        return result
    raise BadQuery(say("promql.wants_vector"))


def _subquery(node: Any, context: Context) -> Ranges:
    times = shifted(node, context)
    span = milliseconds(node, "range")
    step = milliseconds(node, "step") or DEFAULT_SUBQUERY_STEP_MS
    first = (math.floor((int(times.min()) - span) / step) + 1) * step  # multiples of the step, left end open
    last = int(times.max())
    if (last - first) // step >= MAX_SUBQUERY_POINTS:
        raise BadQuery(say("promql.too_many_points", limit=MAX_SUBQUERY_POINTS))
    grid = np.arange(first, last + 1, step, dtype=np.int64)
    if not len(grid):
        return Ranges(LabelSets(), iter(()))
    inner = _evaluate(node.expr, replace(context, times=grid))
    if isinstance(inner, Scalar):
        inner = Vector(LabelSets([()]), inner.values[None, :], np.ones((1, len(grid)), bool))
    vector = _vector(inner)
    check_size(len(vector.labels), times)

    def portions() -> Iterator[Windows]:
        step = max(1, BATCH_SAMPLES // len(grid))
        for low in range(0, len(vector.labels), step):
            own = slice(low, low + step)
            values = np.where(vector.present[own], vector.values[own], STALE_NAN)
            part = Part(np.arange(low, low + len(values)), grid, values)
            yield windows_of([part], times - span, times, context.deadline)

    return Ranges(vector.labels, portions())


def _raw(ranges: Ranges) -> tuple[Series, ...]:
    """The samples of a range selector as they are."""
    rows: dict[int, Series] = {}
    for windows in ranges.portions:
        ends = zip(windows.low[:, 0].tolist(), windows.high[:, 0].tolist(), strict=True)
        for row, (low, high) in zip(windows.rows.tolist(), ends, strict=True):
            if high > low:
                times = tuple((windows.times[low:high] / 1000).tolist())
                rows[row] = Series(ranges.labels[row], times, tuple(windows.values[low:high].tolist()))
    return tuple(rows[row] for row in sorted(rows))
