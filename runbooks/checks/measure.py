"""Measures one check now: what was seen, whether that is what was expected, and in one sentence.

NO DATA, a source that is not there or does not answer, and a value that can't be compared are unknown, never passed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.errors import SourceError
from core.message import say
from core.units import exactly, quantity
from runbooks.checks.judge import compared, judge_trend, judge_values
from signals.metrics.trend import Direction, direction
from signals.reading import Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.message import Message
    from runbooks.model import Check, Expectation
    from signals.reading import Answer, Series
    from signals.sources import Sources

ONLY_IN_TROUBLE = frozenset({"ALERTS", "ALERTS_FOR_STATE"})
"""Prometheus' own series of active alerts: where there are none, nothing is wrong."""
POINTS = 30
"""How closely a window is looked at for a trend."""


@dataclass(frozen=True, slots=True)
class Observation:
    """What a check said. `value` is None where there is none; `at` (Unix seconds) is when it was measured.

    Of several series the one that is furthest from what is expected speaks. `query` is what was asked, without secrets.
    """

    value: float | None
    unit: str
    verdict: Verdict
    trend: Direction | None
    text: Message
    source: str
    at: float | None
    query: str


async def measure(
    check: Check,
    sources: Sources,
    now: float,
    environment: Mapping[str, str],
    since: float | None = None,
) -> Observation:
    """Ask what the check asks. `environment` holds the secrets that an HTTP probe names; `now` is in Unix seconds.

    `since` is when the step before was finished, for a gate (`runbooks.checks.gate`).
    """
    if check.probe is None:
        from runbooks.checks.gate import hold

        return await hold(check, await _promql(check, sources, now), sources, now, since)
    from runbooks.checks import probe

    return await probe.measure(check, sources, environment)


def unknown(
    check: Check, why: Message, *, source: str, query: str, value: float | None = None
) -> Observation:
    """What could not be evaluated, and why."""
    text = say("measure.unknown", why=why, wanted=wanted(check))
    return Observation(value, check.unit, Verdict.UNKNOWN, None, text, source, None, query)


def wanted(check: Check) -> Message:
    """The expectation in words."""
    expect = check.expect
    match expect.kind:
        case "compare":
            return say("measure.want", operator=expect.operator, value=exactly(expect.value, check.unit))
        case "trend":
            return say(f"measure.want_{'not_' if expect.negated else ''}{expect.direction}")
        case "status":
            text = say("measure.want_status_one", status=expect.statuses[0])
            for status in expect.statuses[1:]:
                text = say("measure.want_or", one=text, other=status)
            return text
        case _:
            return say(f"measure.want_{expect.kind}")


def seen(check: Check, value: float, verdict: Verdict, trend: Direction | None) -> Message:
    """Such as '38/min rising, expected < 20/min'."""
    way = say("measure.no_way") if trend is None else say(f"measure.way_{trend}")
    if verdict is Verdict.UNKNOWN:  # a trend that is not known yet
        why = say("measure.too_few", value=quantity(value, check.unit))
        return say("measure.unknown", why=why, wanted=wanted(check))
    return say("measure.seen", value=quantity(value, check.unit), way=way, wanted=wanted(check))


async def _promql(check: Check, sources: Sources, now: float) -> Observation:
    expr = check.promql
    try:
        answer = await sources.metrics.query(expr)
    except SourceError as error:
        return unknown(check, error.message, source=sources.metrics.name, query=expr)
    found = [one for one in answer.series if len(one.values)]
    why = None
    if not found and check.expect.kind != "some":
        why = await _never_there(expr, sources)
    if why is None and check.expect.kind in ("some", "none"):
        return _counted(check, answer, len(found))
    if answer.kind == "string":
        why = say("measure.no_number")
    elif not found:
        why = why or say("measure.no_data")
    elif any(math.isnan(one.values[-1]) for one in found):
        why = say("measure.nan")
    if why is not None:
        return unknown(check, why, source=answer.source, query=expr)
    return await _judged(check, answer, found, sources, now)


async def _judged(
    check: Check, answer: Answer, found: list[Series], sources: Sources, now: float
) -> Observation:
    """Numbers against a comparison or a trend; all have to meet it, and the worst speaks."""
    curves, no_past = await _past(check, sources, now)
    ways = [_way(one, curves) for one in found]
    worst = _worst(check.expect, found, ways)
    value, trend = found[worst].values[-1], ways[worst]
    if check.expect.kind == "trend":
        verdict = judge_trend(check.expect, trend)
    else:
        verdict = judge_values(check.expect, [one.values[-1] for one in found])
    text = seen(check, value, verdict, trend)
    if check.expect.kind == "trend" and no_past is not None:
        text = say("measure.unknown", why=no_past, wanted=wanted(check))
    if len(found) > 1 and (name := _name(found[worst])):
        text = say("measure.of_many", name=name, text=text, count=len(found))
    return Observation(value, check.unit, verdict, trend, text, answer.source, answer.at, check.promql)


async def _past(check: Check, sources: Sources, now: float) -> tuple[tuple[Series, ...], Message | None]:
    """The curves over the check's window, or why there are none: a source may answer the present alone."""
    step = max(1.0, check.window_s / POINTS)
    try:
        answer = await sources.metrics.query_range_unguarded(check.promql, now - check.window_s, now, step)
    except SourceError as error:
        return (), error.message
    return answer.series, None


def _counted(check: Check, answer: Answer, count: int) -> Observation:
    verdict = judge_values(check.expect, [1.0] * count)
    text = say("measure.series", count=count, wanted=wanted(check))
    return Observation(float(count), "count", verdict, None, text, answer.source, answer.at, check.promql)


def _worst(expect: Expectation, found: list[Series], ways: list[Direction | None]) -> int:
    """Which series speaks: one that fails, one that is not known, else the one that comes nearest to failing."""

    def rank(index: int) -> tuple[int, float]:
        value = found[index].values[-1]
        if expect.kind == "trend":
            verdict = judge_trend(expect, ways[index])
        else:
            verdict = judge_values(expect, [value])
        return (Verdict.OK, Verdict.UNKNOWN, Verdict.BURNING).index(verdict), compared(expect, value)

    return max(range(len(found)), key=rank)


def _way(series: Series, curves: tuple[Series, ...]) -> Direction | None:
    curve = next((one for one in curves if one.labels == series.labels), None)
    return None if curve is None else direction(curve)


def _name(series: Series) -> str:
    return ", ".join(f"{label}={value}" for label, value in series.labels if label != "__name__")[:120]


async def _never_there(expr: str, sources: Sources) -> Message | None:
    """Names the metric that nobody exports: its silence is no good news. None where all are known."""
    from difflib import get_close_matches

    from signals.metrics.promql.names import metric_names
    from signals.metrics.scrape import OF_THE_SCRAPE

    try:
        asked = metric_names(expr)
        known = await sources.metrics.metric_names()
    except SourceError as error:
        return error.message
    if known <= set(OF_THE_SCRAPE):  # no target answers: that says nothing of this metric
        return say("measure.no_metrics", source=sources.metrics.name)
    missing = sorted(asked - known - ONLY_IN_TROUBLE)
    if not missing:
        return None
    near = get_close_matches(missing[0], known, n=1)
    if near:
        return say("measure.no_metric_near", metric=missing[0], near=near[0])
    return say("measure.no_metric", metric=missing[0])
