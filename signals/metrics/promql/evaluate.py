"""Walks the syntax tree: which selectors are read, subqueries, and who computes the rest."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import promql_parser as grammar

from core.errors import BadQuery, NotSupported
from core.message import say
from signals.metrics.promql.aggregate import aggregate
from signals.metrics.promql.binary import binary
from signals.metrics.promql.functions import call
from signals.metrics.promql.parse import milliseconds, panic_as_bad_query, parse
from signals.metrics.promql.select import (
    Context,
    check_size,
    instant,
    ranges,
    shifted,
    whole_range,
    windows_of,
)
from signals.metrics.promql.values import Result, Samples, Scalar, Text, Vector, Windows, distinct
from signals.reading import Answer, Series

if TYPE_CHECKING:
    from signals.store.ring import Ring

MAX_POINTS = 11_000
"""Points a series that a range query may ask for (prometheus/prometheus, web/api/v1)."""
DEFAULT_SUBQUERY_STEP_MS = 60_000
"""The step of a subquery without one: Prometheus' default evaluation interval."""
MAX_SUBQUERY_POINTS = 1_000_000
"""Points that a subquery may ask for: 30 d every 15 s are 172 800."""


def evaluate(expr: str, ring: Ring, at: float, source: str = "in process") -> Answer:
    """The value of `expr` at `at` (Unix seconds). Raises `BadQuery`, or `NotSupported` by name."""
    at_ms = round(at * 1000)
    result = _walk(parse(expr), Context(ring, np.array([at_ms], np.int64), at_ms, at_ms))
    if isinstance(result, Text):
        return Answer(expr, "string", (), source, at, result.text)
    if isinstance(result, Scalar):
        return Answer(expr, "scalar", (Series((), (at,), (float(result.values[0]),)),), source, at)
    if isinstance(result, Windows):
        return Answer(expr, "matrix", _raw(result), source, at)
    return Answer(
        expr,
        "vector",
        tuple(
            Series(labels, (at,), (float(values[0]),))
            for labels, values, present in zip(result.labels, result.values, result.present, strict=True)
            if present[0]
        ),
        source,
        at,
    )


def evaluate_range(  # noqa: PLR0917  # the arguments of the HTTP API, in its order
    expr: str, ring: Ring, start: float, end: float, step: float, source: str = "in process"
) -> Answer:
    """The values of `expr` from `start` to `end` every `step` seconds, as a matrix. Raises as `evaluate`."""
    if step <= 0 or end < start:
        raise BadQuery(say("promql.bad_span"))
    start_ms, end_ms, step_ms = round(start * 1000), round(end * 1000), max(1, round(step * 1000))
    if (end_ms - start_ms) // step_ms > MAX_POINTS:
        raise BadQuery(say("promql.too_many_points", limit=MAX_POINTS))
    times = np.arange(start_ms, end_ms + 1, step_ms, dtype=np.int64)
    result = _walk(parse(expr), Context(ring, times, start_ms, end_ms))
    if isinstance(result, Text | Windows):
        raise BadQuery(say("promql.not_for_span"))
    seconds = times / 1000
    if isinstance(result, Scalar):
        series = (Series((), tuple(seconds.tolist()), tuple(result.values.tolist())),)
        return Answer(expr, "matrix", series, source, end)
    matrix = []
    for labels, values, present in zip(result.labels, result.values, result.present, strict=True):
        if present.any():
            matrix.append(Series(labels, tuple(seconds[present].tolist()), tuple(values[present].tolist())))
    return Answer(expr, "matrix", tuple(sorted(matrix, key=lambda series: series.labels)), source, end)


def _walk(node: Any, context: Context) -> Result:
    try:
        with np.errstate(all="ignore"):
            return _evaluate(node, context)
    except BaseException as error:
        raise panic_as_bad_query(error) from error


def _evaluate(node: Any, context: Context) -> Result:  # noqa: C901, PLR0911  # one case a kind of node
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
            return whole_range(node, context)
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
    ranged = [place for place, argument in enumerate(bare) if isinstance(argument, grammar.MatrixSelector)]
    if len(ranged) != 1 or name == "absent_over_time":  # which is about all series together
        return call(name, [_evaluate(argument, context) for argument in bare], context.times, fixed)
    (place,) = ranged
    others = [None if index == place else _evaluate(argument, context) for index, argument in enumerate(bare)]
    parts = []
    for windows in ranges(bare[place], context):
        arguments = [windows if argument is None else argument for argument in others]
        parts.append(_vector(call(name, arguments, context.times, fixed)))
    return _concatenated(parts)


def _without_parentheses(node: Any) -> Any:
    while isinstance(node, grammar.ParenExpr):
        node = node.expr
    return node


def _concatenated(parts: list[Vector]) -> Vector:
    """Vectors of portions as that of all series."""
    if len(parts) == 1:
        return parts[0]
    return distinct(
        [labels for part in parts for labels in part.labels],
        np.concatenate([part.values for part in parts]),
        np.concatenate([part.present for part in parts]),
    )


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


def _subquery(node: Any, context: Context) -> Windows:
    times = shifted(node, context)
    span = milliseconds(node, "range")
    step = milliseconds(node, "step") or DEFAULT_SUBQUERY_STEP_MS
    first = (math.floor((int(times.min()) - span) / step) + 1) * step  # multiples of the step, left end open
    last = int(times.max())
    if (last - first) // step >= MAX_SUBQUERY_POINTS:
        raise BadQuery(say("promql.too_many_points", limit=MAX_SUBQUERY_POINTS))
    grid = np.arange(first, last + 1, step, dtype=np.int64)
    if not len(grid):
        return windows_of(Samples([], np.empty(0, np.intp), grid, np.empty(0)), times - span, times)
    inner = _evaluate(node.expr, replace(context, times=grid))
    if isinstance(inner, Scalar):
        inner = Vector([()], inner.values[None, :], np.ones((1, len(grid)), bool))
    vector = _vector(inner)
    check_size(len(vector.labels), times)
    rows, columns = np.nonzero(vector.present)
    return windows_of(
        Samples(vector.labels, rows, grid[columns], vector.values[rows, columns]), times - span, times
    )


def _raw(windows: Windows) -> tuple[Series, ...]:
    """The samples of a range selector as they are."""
    samples = windows.samples
    parts = [
        (labels, slice(low, high))
        for labels, low, high in zip(
            samples.labels, windows.low[:, 0].tolist(), windows.high[:, 0].tolist(), strict=True
        )
        if high > low
    ]
    return tuple(
        Series(labels, tuple((samples.times[part] / 1000).tolist()), tuple(samples.values[part].tolist()))
        for labels, part in parts
    )
