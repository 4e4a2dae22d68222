"""One question of a panel over a chosen stretch of time: what is asked, and what the screen can say of the answer."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from statistics import fmean
from typing import TYPE_CHECKING, NamedTuple

from panels.naming import display_name, series_display_name, series_name
from panels.projection import with_forecast
from panels.state import AHEAD_SHARE, LETTERS, Chart, value_at
from signals.reading import server_warnings

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.message import Message
    from panels.spec import QuerySpec
    from signals.metrics.failover import MetricFailover
    from signals.reading import Answer, Series


class Range(NamedTuple):
    """A stretch of time to look back over, and the distance of its samples (s)."""

    name: str
    span_s: float
    step_s: float


RANGES = (
    Range("5m", 300, 5),
    Range("15m", 900, 5),
    Range("30m", 1800, 10),
    Range("1h", 3600, 15),
    Range("3h", 10_800, 60),
    Range("6h", 21_600, 120),
    Range("24h", 86_400, 300),
    Range("7d", 604_800, 1800),
    Range("30d", 2_592_000, 7200),
)
"""At most 360 samples a curve: more than a terminal has dots, and far below the 11 000 that a Prometheus gives."""
MIN_SAMPLES, MIN_STEP_S = 120, 5.0
"""So many samples of what is known are a curve; no step is shorter than this."""
FIRST_RANGE = 2
MAX_CURVES = len(LETTERS)


@dataclass(frozen=True, slots=True)
class Zoom:
    """An answer: the chart, how many curves it leaves out, since when there is anything, from where and when."""

    chart: Chart
    left_out: int
    since: float | None
    source: str
    at: float
    warnings: tuple[Message, ...] = ()


class Summary(NamedTuple):
    """A curve in numbers; None where nothing was measured."""

    name: Message
    last: float | None
    at_cursor: float | None
    lowest: float | None
    mean: float | None
    highest: float | None


async def query_range(
    query: QuerySpec,
    stretch: Range,
    metrics: MetricFailover,
    now: float,
    matches: Callable[[str], bool] = lambda _: True,
) -> Zoom:
    """The query over the stretch up to `now`; only curves whose name `matches`. Raises SourceError.

    Where the history is short for the stretch, the little that there is of it is asked for more closely.
    """
    expr, step_s = query.expr, stretch.step_s
    answer = await metrics.query_range_unguarded(expr, now - stretch.span_s, now, step_s)
    first = min((series.times[0] for series in answer.series if series.times), default=None)
    if first is not None:
        known_s = min(stretch.span_s, now - first + step_s)  # it may have begun just after the step before
        closer_s = max(MIN_STEP_S, math.ceil(known_s / MIN_SAMPLES))
        if known_s < MIN_SAMPLES / 2 * step_s and closer_s < step_s:
            start = now - known_s // closer_s * closer_s  # so that the last point is now
            answer = await metrics.query_range_unguarded(expr, start, now, closer_s)
    kept = tuple(series for series in answer.series if matches(series_name(query, series, answer.series)))
    return zoom_chart(query, replace(answer, series=kept), now, stretch)


def zoom_chart(query: QuerySpec, answer: Answer, now: float, stretch: Range) -> Zoom:
    """The answer as a chart: the curves that are worst at their end first, as many as can be told apart."""
    sign = 1 if query.worse == "above" else -1

    def badness(curve: Series) -> float:
        last = curve.values[-1] if curve.values else math.nan
        return -math.inf if math.isnan(last) else sign * last

    ranked = sorted((series for series in answer.series if series.times), key=badness, reverse=True)
    curves = tuple(ranked[:MAX_CURVES])
    names = tuple(series_display_name(query, curve, ranked) for curve in curves)
    limit = query.burning if query.forecast is None else query.forecast
    chart = Chart(title=display_name(query), unit=query.unit, curves=curves, names=names, limit=limit)
    since = min((curve.times[0] for curve in ranked), default=None)
    chart = with_forecast(chart, now, stretch.span_s * AHEAD_SHARE)
    return Zoom(chart, len(ranked) - len(curves), since, answer.source, now, server_warnings(answer))


def known_span_s(zoom: Zoom, stretch: Range) -> float | None:
    """Seconds of history behind the picture when it is clearly less than the stretch; None when all of it is there."""
    if zoom.since is None:
        return None
    known = zoom.at - zoom.since
    return known if known < 0.9 * stretch.span_s else None


def summaries(zoom: Zoom, cursor: float | None) -> tuple[Summary, ...]:
    """Every curve in numbers, in the order of the legend; a gap under the cursor is None."""
    out = []
    for curve, name in zip(zoom.chart.curves, zoom.chart.names, strict=True):
        finite = [value for value in curve.values if math.isfinite(value)]
        last = curve.values[-1] if curve.values and math.isfinite(curve.values[-1]) else None
        at_cursor = None if cursor is None else value_at(curve, cursor)
        lowest, highest = min(finite, default=None), max(finite, default=None)
        out.append(
            Summary(
                name=name,
                last=last,
                at_cursor=at_cursor,
                lowest=lowest,
                mean=fmean(finite) if finite else None,
                highest=highest,
            )
        )
    return tuple(out)
