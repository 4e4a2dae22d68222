"""What the past of a panel's charted query says about the future: its curves, where they go, and a limit they meet."""

from __future__ import annotations

import math
from dataclasses import replace
from statistics import median
from typing import TYPE_CHECKING

from core.message import say
from core.units import quantity
from panels.fold import Contribution
from panels.limits import worst
from panels.naming import display_name, series_display_name
from panels.state import AHEAD_SHARE, BOARD_SPAN_S, Chart, Forecast, Part
from signals.metrics.trend import Direction, direction, slope, time_to_limit
from signals.reading import Series, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from panels.spec import QuerySpec
    from signals.reading import Answer

NEAR_S = 900.0
"""A limit that may be met within a quarter of an hour burns: that is the time a mitigation takes to work."""
FAR_S = 7200.0
"""A line through half an hour says nothing about what is further away than two hours."""
MAX_CURVES = 4
ADDITIVE = ("1/min", "usd", "count", "bytes")
"""Units whose series may be added up; of the others the worst one is looked at."""
TREND_TEXTS = {
    Direction.RISING: "panels.rising",
    Direction.STEADY: "panels.steady",
    Direction.FALLING: "panels.falling",
}
POINTS = 12
MAX_SAMPLES = 120
"""All pairs of samples are looked at: more than these would cost more than they tell."""
SHARE = 0.95


def project(
    query: QuerySpec,
    history: Answer,
    now: float,
    long_history: Answer | None = None,
    span_s: float = BOARD_SPAN_S,
) -> Contribution:
    """The chart of the charted query, with what is ahead; where there is room (`span_s`) over a longer past, too.

    What is ahead is told from the usual past in both, as the panel's words are.
    """
    parts = trend_parts(query, history)
    verdict = worst(verdicts) if (verdicts := [part.verdict for part in parts if part.verdict]) else None
    short = _chart(query, history)
    charts = [with_forecast(short, now, BOARD_SPAN_S * AHEAD_SHARE)]
    if long_history is not None:
        ahead = with_forecast(short, now, span_s * AHEAD_SHARE).forecast
        charts.append(replace(_chart(query, long_history), span_s=span_s, forecast=ahead))
    return Contribution(
        verdict=verdict,
        reason=next((part.text for part in parts if verdict and part.verdict is verdict), None),
        parts=tuple(parts),
        charts=tuple(charts),
        trend=short.curves[0],
    )


def _chart(query: QuerySpec, history: Answer) -> Chart:
    """The worst curves of the charted query."""
    curves = sorted(history.series, key=lambda series: -badness(query, series.values[-1]))[:MAX_CURVES]
    names = tuple(series_display_name(query, series) for series in curves)
    limit = query.warn if query.burning is None else query.burning
    return Chart(title=display_name(query), unit=query.unit, curves=tuple(curves), names=names, limit=limit)


def trend_parts(query: QuerySpec, history: Answer) -> list[Part]:
    """Where all curves together are heading, and when they meet the value that the query is forecast against."""
    if query.unit in ADDITIVE:
        curve = total(history.series)
    else:
        curve = min(history.series, key=lambda series: -badness(query, series.values[-1]))
    span = time_to_limit(curve, query.forecast) if query.forecast is not None else None
    # A storm of minutes is no direction of half an hour, but it rises.
    soon = span is not None and span[1] > 0 and span[0] <= FAR_S
    way = Direction.RISING if soon else direction(curve)
    parts = [] if way is None else [Part(say(TREND_TEXTS[way]), query.rank + 1)]
    if span is None or query.forecast is None or span[0] > FAR_S:
        return parts
    early, late = (quantity(end, "s") for end in span)
    limit = quantity(query.forecast, query.unit)
    text = say("panels.reaches", name=display_name(query), limit=limit, early=early, late=late)
    if span[1] == 0:
        text = say("panels.reached", name=display_name(query), limit=limit)
    elif span[1] > FAR_S:
        text = say("panels.reaches_from", name=display_name(query), limit=limit, early=early)
    elif early == late:
        text = say("panels.reaches_about", name=display_name(query), limit=limit, about=early)
    return [*parts, Part(text, query.rank, Verdict.BURNING if span[0] <= NEAR_S else Verdict.WARN)]


def total(curves: Sequence[Series]) -> Series:
    """The sum at every time that any of the curves has; where one is not there it adds nothing."""
    if len(curves) == 1:
        return curves[0]
    sums: dict[float, list[float]] = {}
    for curve in curves:
        for at, value in zip(curve.times, curve.values, strict=True):
            sums.setdefault(at, []).append(value)
    times = sorted(sums)
    return Series((), tuple(times), tuple(math.fsum(sums[at]) for at in times))


def badness(query: QuerySpec, value: float) -> float:
    """Higher is worse; NaN is least."""
    if math.isnan(value):
        return -math.inf
    return value if query.worse == "above" else -value


def forecast(series: Series, now: float, ahead_s: float, most: float = math.inf) -> Forecast | None:
    """The next `ahead_s` seconds after `now`, never above `most`; None when the samples are too few to tell a slope.

    The middle is Sen's line through the medians of times and values. The ends add two doubts: that of the slope (its
    95 % interval, which opens like a fan), and that of single values (the middle 95 % of the distances of the samples
    from the line). A curve that never was below zero is not forecast below it.
    """
    points = [
        (at, value) for at, value in zip(series.times, series.values, strict=True) if math.isfinite(value)
    ]
    points = points[:: math.ceil(len(points) / MAX_SAMPLES) or 1]
    times, values = tuple(at for at, _ in points), tuple(value for _, value in points)
    line = slope(Series(series.labels, times, values))
    if line is None or not all(map(math.isfinite, (line.low, line.middle, line.high))):
        return None
    centre_at, centre = median(times), median(values)
    off = sorted(value - centre - line.middle * (at - centre_at) for at, value in points)
    cut = math.floor(len(off) * (1 - SHARE) / 2)
    below, above = min(0.0, off[cut]), max(0.0, off[-1 - cut])
    floor = 0.0 if min(values) >= 0 else -math.inf
    ahead = tuple(now + ahead_s * step / POINTS for step in range(POINTS + 1))

    def curve(per_s: float, offset: float) -> Series:
        shown = tuple(min(most, max(floor, centre + per_s * (at - centre_at) + offset)) for at in ahead)
        return Series(series.labels, ahead, shown)

    return Forecast(curve(line.low, below), curve(line.middle, 0.0), curve(line.high, above))


def with_forecast(chart: Chart, now: float, ahead_s: float) -> Chart:
    """The chart with the forecast of its first curve, unless that curve ended a while ago."""
    if not chart.curves or not chart.curves[0].times or now - chart.curves[0].times[-1] > ahead_s / 2:
        return chart
    curve = chart.curves[0]
    share = chart.unit == "ratio" and all(value <= 1 for value in curve.values if math.isfinite(value))
    return replace(chart, forecast=forecast(curve, now, ahead_s, 1.0 if share else math.inf))
