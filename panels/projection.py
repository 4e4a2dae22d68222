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
from signals.metrics.trend import Direction, Jump, Trend, time_to_limit, trend
from signals.reading import Answer, Series, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.message import Message
    from panels.fetch import Answers
    from panels.spec import QuerySpec

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
SHARE = 0.95


def project(query: QuerySpec, answers: Answers, now: float, span_s: float = BOARD_SPAN_S) -> Contribution:
    """The chart of a query, with what is ahead; where there is room (`span_s`) over a longer past, too.

    What is ahead is told from the usual past in both, as the panel's words are.
    """
    history, long_history = answers.histories.get(query.name), answers.long_histories.get(query.name)
    if history is None:
        return Contribution()
    parts = meeting_parts(query, history)
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
        query=query.name,
    )


def _chart(query: QuerySpec, history: Answer) -> Chart:
    """The worst curves of the charted query."""
    curves = sorted(history.series, key=lambda series: -badness(query, series.values[-1]))[:MAX_CURVES]
    names = tuple(series_display_name(query, series, history.series) for series in curves)
    limit = query.warn if query.burning is None else query.burning
    return Chart(title=display_name(query), unit=query.unit, curves=tuple(curves), names=names, limit=limit)


def meeting_parts(query: QuerySpec, history: Answer) -> list[Part]:
    """When all curves together meet the value that the query is forecast against."""
    if query.forecast is None:
        return []
    span = time_to_limit(_together(query, history), query.forecast)
    if span is None or span[0] > FAR_S:
        return []
    early, late = (quantity(end, "s") for end in span)
    limit = quantity(query.forecast, query.unit)
    text = say("panels.reaches", name=display_name(query), limit=limit, early=early, late=late)
    if span[1] == 0:
        text = say("panels.reached", name=display_name(query), limit=limit)
    elif span[1] > FAR_S:
        text = say("panels.reaches_from", name=display_name(query), limit=limit, early=early)
    elif early == late:
        text = say("panels.reaches_about", name=display_name(query), limit=limit, about=early)
    verdict = Verdict.BURNING if span[0] <= NEAR_S else Verdict.WARN
    return [Part(text, query.rank, verdict, short=say("panels.reaches_short", limit=limit, early=early))]


def _together(query: QuerySpec, history: Answer) -> Series:
    if query.unit in ADDITIVE:
        return total(history.series)
    return min(history.series, key=lambda series: -badness(query, series.values[-1]))


def trend_words(query: QuerySpec, curve: Series) -> Message | None:
    """What one curve does now, to stand behind its value; None where that is not known, or where it has no value now."""
    if not curve.values or not math.isfinite(curve.values[-1]):
        return None
    match trend(curve):
        case Jump() as jump:
            key = "panels.jumped" if jump.after > jump.before else "panels.dropped"
            return say(key, before=quantity(jump.before, query.unit), span=quantity(jump.seconds, "s"))
        case Trend() as measured:
            return say(TREND_TEXTS[measured.direction])
        case None:
            return None


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
    """The next `ahead_s` seconds after `now`, never above `most`; None unless the last samples show a trend.

    It looks no further ahead than the curve looks back.
    The middle begins at the last value and goes on as the samples do that show the trend. The ends add two doubts: that
    of the slope (its 95 % interval, which opens like a fan), and that of single values (the middle 95 % of the distances
    of these samples from the line). A curve that never was below zero is not forecast below it.
    """
    measured = trend(series)
    if not isinstance(measured, Trend) or not math.isfinite(series.values[-1]):
        return None
    line, samples, last = measured.slope, measured.samples, series.values[-1]
    if not all(map(math.isfinite, (line.low, line.middle, line.high))):
        return None
    pairs = list(zip(samples.times, samples.values, strict=True))
    centre_at, centre = median(samples.times), median(samples.values)
    off = sorted(value - centre - line.middle * (at - centre_at) for at, value in pairs)
    cut = math.floor(len(off) * (1 - SHARE) / 2)
    below, above = min(0.0, off[cut]), max(0.0, off[-1 - cut])
    ahead_s = min(ahead_s, now - series.times[0])
    floor = 0.0 if all(value >= 0 for value in series.values if math.isfinite(value)) else -math.inf
    shares = tuple(step / POINTS for step in range(POINTS + 1))

    def curve(per_s: float, offset: float) -> Series:
        shown = (last + per_s * (now + ahead_s * share - series.times[-1]) for share in shares)
        apart = (
            math.sqrt(2) * offset * min(1.0, 3 * share) for share in shares
        )  # the last one is off it, too
        values = (min(most, max(floor, value + end)) for value, end in zip(shown, apart, strict=True))
        return Series(series.labels, tuple(now + ahead_s * share for share in shares), tuple(values))

    return Forecast(curve(line.low, below), curve(line.middle, 0.0), curve(line.high, above))


def with_forecast(chart: Chart, now: float, ahead_s: float) -> Chart:
    """The chart with the forecast of its first curve, unless that curve ended a while ago."""
    if not chart.curves or not chart.curves[0].times or now - chart.curves[0].times[-1] > ahead_s / 2:
        return chart
    curve = chart.curves[0]
    share = chart.unit == "ratio" and all(value <= 1 for value in curve.values if math.isfinite(value))
    return replace(chart, forecast=forecast(curve, now, ahead_s, 1.0 if share else math.inf))
