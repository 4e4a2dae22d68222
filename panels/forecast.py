"""Where a curve goes if nothing changes: the line through its samples, and how far off that may be."""

from __future__ import annotations

import math
from dataclasses import replace
from statistics import median
from typing import TYPE_CHECKING

from panels.state import Forecast
from signals.metrics.trend import slope
from signals.reading import Series

if TYPE_CHECKING:
    from panels.state import Chart

POINTS = 12
MOST_SAMPLES = 120
"""All pairs of samples are looked at: more than these would cost more than they tell."""
SHARE = 0.95


def forecast(series: Series, now: float, ahead_s: float, most: float = math.inf) -> Forecast | None:
    """The next `ahead_s` seconds after `now`, never above `most`; None when the samples are too few to tell a slope.

    The middle is Sen's line through the medians of times and values. The ends add two doubts: that of the slope (its
    95 % interval, which opens like a fan), and that of single values (the middle 95 % of the distances of the samples
    from the line). A curve that never was below zero is not forecast below it.
    """
    points = [
        (at, value) for at, value in zip(series.times, series.values, strict=True) if math.isfinite(value)
    ]
    points = points[:: math.ceil(len(points) / MOST_SAMPLES) or 1]
    times, values = tuple(at for at, _ in points), tuple(value for _, value in points)
    found = slope(Series(series.labels, times, values))
    if found is None or not all(map(math.isfinite, (found.low, found.middle, found.high))):
        return None
    centre_at, centre = median(times), median(values)
    off = sorted(value - centre - found.middle * (at - centre_at) for at, value in points)
    cut = math.floor(len(off) * (1 - SHARE) / 2)
    below, above = min(0.0, off[cut]), max(0.0, off[-1 - cut])
    floor = 0.0 if min(values) >= 0 else -math.inf
    ahead = tuple(now + ahead_s * step / POINTS for step in range(POINTS + 1))

    def curve(per_s: float, offset: float) -> Series:
        shown = tuple(min(most, max(floor, centre + per_s * (at - centre_at) + offset)) for at in ahead)
        return Series(series.labels, ahead, shown)

    return Forecast(curve(found.low, below), curve(found.middle, 0.0), curve(found.high, above))


def with_forecast(chart: Chart, now: float, ahead_s: float) -> Chart:
    """The chart with the forecast of its first curve, unless that curve ended a while ago."""
    if not chart.curves or not chart.curves[0].times or now - chart.curves[0].times[-1] > ahead_s / 2:
        return chart
    curve = chart.curves[0]
    share = chart.unit == "ratio" and all(value <= 1 for value in curve.values if math.isfinite(value))
    return replace(chart, forecast=forecast(curve, now, ahead_s, 1.0 if share else math.inf))
