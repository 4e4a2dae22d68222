"""Measures one check now: what was seen, whether that is what was expected, and in one sentence.

NO DATA, a source that is not there or does not answer, and a value that can't be compared are unknown, never passed.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from core.errors import SourceError
from core.message import say
from runbooks.checks.gate import apply_gate
from runbooks.checks.judge import badness, judge_trend, judge_values
from runbooks.checks.observation import Observation, expectation_text, unknown, value_text
from runbooks.checks.probe import probe
from runbooks.checks.silence import why_silent
from signals.metrics.trend import direction
from signals.reading import Verdict, server_warnings, with_warnings

if TYPE_CHECKING:
    from runbooks.checks.permission import Permission
    from runbooks.model import Check, Expectation
    from signals.metrics.trend import Direction
    from signals.reading import Answer, Series
    from signals.sources import Sources

POINTS = 30
"""How closely a window is looked at for a trend."""


async def measure(
    check: Check,
    sources: Sources,
    now: float,
    permission: Permission,
    since: float | None = None,
) -> Observation:
    """Ask what the check asks. `permission` says whom an HTTP probe may ask; `now` is in Unix seconds.

    `since` is when the step before was finished, for a gate (`runbooks.checks.gate`).
    """
    if check.probe is not None:
        return await probe(check, sources, permission)
    observation = await apply_gate(check, await _promql(check, sources, now), sources, now, since)
    return replace(observation, text=with_warnings(observation.text, observation.warnings))


async def _promql(check: Check, sources: Sources, now: float) -> Observation:
    expr = check.promql
    try:
        answer = await sources.metrics.query(expr)
    except SourceError as error:
        return unknown(check, error.message, source=sources.metrics.name, query=expr)
    series = [curve for curve in answer.series if len(curve.values)]
    why = None
    if not series and check.expect.kind != "some":
        why = await why_silent(answer, sources, now)
    if why is None and check.expect.kind in ("some", "none"):
        return _counted(check, answer, len(series))
    if answer.kind == "string":
        why = say("measure.no_number")
    elif not series:
        why = why or say("measure.no_data")
    elif any(math.isnan(curve.values[-1]) for curve in series):
        why = say("measure.nan")
    if why is not None:
        observation = unknown(check, why, source=answer.source, query=expr)
        return replace(observation, warnings=server_warnings(answer))
    return await _judged(check, answer, series, sources, now)


async def _judged(
    check: Check, answer: Answer, series: list[Series], sources: Sources, now: float
) -> Observation:
    """Numbers against a comparison or a trend; all have to meet it, and the worst speaks."""
    past = await _past(check, sources, now)
    trends = [_trend(curve, past) for curve in series]
    worst = _worst(check.expect, series, trends)
    value, trend = series[worst].values[-1], trends[worst]
    if check.expect.kind == "trend":
        verdict = judge_trend(check.expect, trend)
    else:
        verdict = judge_values(check.expect, [curve.values[-1] for curve in series])
    text = value_text(check, value, verdict, trend)
    if check.expect.kind == "trend" and isinstance(past, SourceError):
        text = say("measure.unknown", why=past.message, wanted=expectation_text(check))
    if len(series) > 1 and (name := _name(series[worst])):
        text = say("measure.of_many", name=name, text=text, count=len(series))
    return Observation(
        value=value,
        unit=check.unit,
        verdict=verdict,
        trend=trend,
        text=text,
        source=answer.source,
        at=answer.at,
        query=check.promql,
        warnings=server_warnings(answer, past),
    )


async def _past(check: Check, sources: Sources, now: float) -> Answer | SourceError:
    """The curves over the check's window, or why there are none: a source may answer the present alone."""
    step = max(1.0, check.window_s / POINTS)
    try:
        return await sources.metrics.query_range_unguarded(check.promql, now - check.window_s, now, step)
    except SourceError as error:
        return error


def _counted(check: Check, answer: Answer, count: int) -> Observation:
    verdict = judge_values(check.expect, [1.0] * count)
    text = say("measure.series", count=count, wanted=expectation_text(check))
    return Observation(
        value=float(count),
        unit="count",
        verdict=verdict,
        trend=None,
        text=text,
        source=answer.source,
        at=answer.at,
        query=check.promql,
        warnings=server_warnings(answer),
    )


def _worst(expect: Expectation, series: list[Series], trends: list[Direction | None]) -> int:
    """Which series speaks: one that fails, one that is not known, else the one that comes nearest to failing."""

    def rank(index: int) -> tuple[int, float]:
        value = series[index].values[-1]
        if expect.kind == "trend":
            verdict = judge_trend(expect, trends[index])
        else:
            verdict = judge_values(expect, [value])
        return (Verdict.OK, Verdict.UNKNOWN, Verdict.BURNING).index(verdict), badness(expect, value)

    return max(range(len(series)), key=rank)


def _trend(series: Series, past: Answer | SourceError) -> Direction | None:
    curves = () if isinstance(past, SourceError) else past.series
    curve = next((curve for curve in curves if curve.labels == series.labels), None)
    return None if curve is None else direction(curve)


def _name(series: Series) -> str:
    return ", ".join(f"{label}={value}" for label, value in series.labels if label != "__name__")[:120]
