"""Walks the syntax tree: selectors, subqueries, and who computes the rest.

Windows are open on the left, as in Prometheus 3: (t - range, t].
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import promql_parser as grammar

from signals.clean import clean
from signals.errors import BadQuery, NotSupported
from signals.message import say
from signals.promql.aggregate import aggregate
from signals.promql.binary import binary
from signals.promql.functions import call
from signals.promql.values import Mask, Result, Samples, Scalar, Text, Times, Vector, Windows, empty
from signals.reading import Answer, Series
from signals.ring import STALE_BITS, Matcher

if TYPE_CHECKING:
    from signals.ring import Ring

LOOKBACK_MS = 300_000
"""How far back an instant selector looks (Prometheus' `--query.lookback-delta`)."""
MAX_POINTS = 11_000
"""Points a series that a range query may ask for (prometheus/prometheus, web/api/v1)."""
MAX_CELLS = 10_000_000
"""Series × points that one selector may fill: about 200 MB while it is evaluated."""
DEFAULT_SUBQUERY_STEP_MS = 60_000
"""The step of a subquery without one: Prometheus' default evaluation interval."""

MAX_DEPTH = 200
"""Nesting beyond this is refused: the parser is recursive, and overflows the stack of a small thread at 300."""

_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\'|`[^`]*`')
_IN_BRACES = re.compile(r"\{[^{}]*\}")
_BRACKET = re.compile(r"[()]")
_OPERATOR = re.compile(r"[-+*/%^]|[=!<>]=|[<>]|\b(?:and|or|unless|atan2)\b", re.IGNORECASE)
_MATCHERS: dict[str, Literal["=", "!=", "=~", "!~"]] = {
    "MatchOp.Equal": "=",
    "MatchOp.NotEqual": "!=",
    "MatchOp.Re": "=~",
    "MatchOp.NotRe": "!~",
}


def evaluate(expr: str, ring: Ring, at: float, source: str = "in process") -> Answer:
    """The value of `expr` at `at` (Unix seconds). Raises `BadQuery`, or `NotSupported` by name."""
    times = np.array([round(at * 1000)], np.int64)
    result = _walk(parse(expr), _Context(ring, times, times))
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


def evaluate_span(  # noqa: PLR0917  # the arguments of the HTTP API, in its order
    expr: str, ring: Ring, start: float, end: float, step: float, source: str = "in process"
) -> Answer:
    """The values of `expr` from `start` to `end` every `step` seconds, as a matrix. Raises as `evaluate`."""
    if step <= 0 or end < start:
        raise BadQuery(say("promql.bad_span"))
    start_ms, end_ms, step_ms = round(start * 1000), round(end * 1000), max(1, round(step * 1000))
    if (end_ms - start_ms) // step_ms > MAX_POINTS:
        raise BadQuery(say("promql.too_many_points", limit=MAX_POINTS))
    times = np.arange(start_ms, end_ms + 1, step_ms, dtype=np.int64)
    result = _walk(parse(expr), _Context(ring, times, times))
    if isinstance(result, Text | Windows):
        raise BadQuery(say("promql.not_for_span"))
    seconds = times / 1000
    if isinstance(result, Scalar):
        series = (Series((), tuple(seconds.tolist()), tuple(result.values.tolist())),)
        return Answer(expr, "matrix", series, source, end)
    found = []
    for labels, values, present in zip(result.labels, result.values, result.present, strict=True):
        if present.any():
            found.append(Series(labels, tuple(seconds[present].tolist()), tuple(values[present].tolist())))
    return Answer(expr, "matrix", tuple(sorted(found, key=lambda series: series.labels)), source, end)


@lru_cache(maxsize=512)
def parse(expr: str) -> Any:
    """The syntax tree of `expr` (its classes have no common type); raises `BadQuery` with the parser's words."""
    if _depth(expr) > MAX_DEPTH:
        raise BadQuery(say("promql.too_deep", limit=MAX_DEPTH))
    try:
        return grammar.parse(expr)
    except ValueError as error:
        text = clean(str(error))
        if "unknown function" in text:
            raise NotSupported(say("promql.not_supported", what=text)) from error
        raise BadQuery(say("promql.syntax", detail=text)) from error


def _depth(expr: str) -> int:
    """At most how deep the syntax tree is: parentheses, and operators that lean on one another."""
    bare = _IN_BRACES.sub("", _QUOTED.sub("", expr))
    depth = deepest = 0
    for bracket in _BRACKET.findall(bare):
        depth += 1 if bracket == "(" else -1
        deepest = max(deepest, depth)
    return deepest + len(_OPERATOR.findall(bare))


@dataclass(frozen=True, slots=True)
class _Context:
    """The times to evaluate at, and those of the whole query (for `@ start()` and `@ end()`)."""

    ring: Ring
    times: Times
    query: Times


def _walk(node: Any, context: _Context) -> Result:
    try:
        with np.errstate(all="ignore"):
            return _evaluate(node, context)
    except re.error as error:
        raise BadQuery(say("promql.syntax", detail=clean(str(error)))) from error


def _evaluate(node: Any, context: _Context) -> Result:  # noqa: C901, PLR0911  # one case a kind of node
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
            return _instant(node, context)[0]
        case grammar.MatrixSelector():
            return _range(node, context)
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


def _call(node: Any, context: _Context) -> Result:
    name = node.func.name
    arguments = [_evaluate(argument, context) for argument in node.args]
    bare = node.args[0] if node.args else None
    while isinstance(bare, grammar.ParenExpr):
        bare = bare.expr
    if name == "timestamp" and isinstance(bare, grammar.VectorSelector):
        vector, stamps = _instant(bare, context)
        return vector.with_values(stamps / 1000) if len(vector.labels) else vector
    return call(name, arguments, context.times, _equal_labels(bare))


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


def _shifted(node: Any, context: _Context) -> Times:
    """The evaluation times after `@` and `offset`."""
    times = context.times
    if node.at is not None:
        kind = node.at.type
        if kind == grammar.AtModifierType.Start:
            fixed = int(context.query[0])
        elif kind == grammar.AtModifierType.End:
            fixed = int(context.query[-1])
        else:
            fixed = round(node.at.at.timestamp() * 1000)
        times = np.full_like(times, fixed)
    return times - _ms(node.offset) if node.offset else times


def _ms(span: timedelta) -> int:
    return span // timedelta(milliseconds=1)


def _matchers(selector: Any) -> list[Matcher]:
    if selector.matchers.or_matchers:
        raise NotSupported(say("promql.not_supported", what="'or' between matchers"))
    found = [Matcher(m.name, _MATCHERS[str(m.op)], m.value) for m in selector.matchers.matchers]
    return [Matcher("__name__", "=", selector.name), *found] if selector.name else found


def _instant(node: Any, context: _Context) -> tuple[Vector, np.ndarray[Any, np.dtype[np.float64]]]:
    """The selector's vector, and the times of its samples (ms, same shape)."""
    times = _shifted(node, context)
    samples = _samples(context, node, int(times.min()) - LOOKBACK_MS, int(times.max()))
    if not samples.labels:
        return empty(len(times)), np.empty((0, len(times)))
    _check_size(samples, times)
    index = samples.after(times) - 1
    own = (
        samples.rows[index] == np.arange(len(samples.labels))[:, None]
    )  # index -1 is a sample of the last series
    there = own & (index >= 0) & (samples.times[index] > times - LOOKBACK_MS)
    values = samples.values[index]
    present: Mask = there & (values.view(np.uint64) != STALE_BITS)
    alive: Mask = np.logical_or.reduce(present, axis=1)
    labels = [labels for labels, lives in zip(samples.labels, alive, strict=True) if lives]
    return Vector(labels, values[alive], present[alive]), samples.times[index][alive].astype(np.float64)


def _range(node: Any, context: _Context) -> Windows:
    times = _shifted(node.vector_selector, context)
    span = _ms(node.range)
    samples = _samples(context, node.vector_selector, int(times.min()) - span, int(times.max()))
    return _windows(samples.only(samples.values.view(np.uint64) != STALE_BITS), times - span, times)


def _samples(context: _Context, selector: Any, start_ms: int, end_ms: int) -> Samples:
    stored = context.ring.select(_matchers(selector), start_ms, end_ms)
    if not stored:
        return Samples([], np.empty(0, np.intp), np.empty(0, np.int64), np.empty(0))
    return Samples(
        [series.labels for series in stored],
        np.repeat(np.arange(len(stored)), [len(series.times) for series in stored]),
        np.concatenate([series.times for series in stored]),
        np.concatenate([series.values for series in stored]),
    )


def _subquery(node: Any, context: _Context) -> Windows:
    times = _shifted(node, context)
    span = _ms(node.range)
    step = _ms(node.step) if node.step else DEFAULT_SUBQUERY_STEP_MS
    first = (math.floor((int(times.min()) - span) / step) + 1) * step  # multiples of the step, left end open
    grid = np.arange(first, int(times.max()) + 1, step, dtype=np.int64)
    if not len(grid):
        return _windows(Samples([], np.empty(0, np.intp), grid, np.empty(0)), times - span, times)
    inner = _evaluate(node.expr, _Context(context.ring, grid, context.query))
    if isinstance(inner, Scalar):
        inner = Vector([()], inner.values[None, :], np.ones((1, len(grid)), bool))
    vector = _vector(inner)
    rows, columns = np.nonzero(vector.present)
    return _windows(
        Samples(vector.labels, rows, grid[columns], vector.values[rows, columns]), times - span, times
    )


def _windows(samples: Samples, starts: Times, ends: Times) -> Windows:
    _check_size(samples, ends)
    return Windows(samples, samples.after(starts), samples.after(ends), starts, ends)


def _check_size(samples: Samples, times: Times) -> None:
    if len(samples.labels) * len(times) > MAX_CELLS:
        raise BadQuery(
            say("promql.too_large", series=len(samples.labels), points=len(times), limit=MAX_CELLS)
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
