"""rate, increase, delta and their kin: what two ends of a window say about its whole length.

The extrapolation is Prometheus 3's (prometheus/prometheus, promql/functions.go, `extrapolatedRate`): a gap to an end
of the window is filled when it is no longer than 1.1 average distances between samples, else half a distance is; and
a counter is never carried back beyond the moment where it would have been zero.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from signals.metrics.promql.values import all_windows

if TYPE_CHECKING:
    from signals.metrics.promql.values import Floats, Indices, Times, Vector, Windows


def extrapolated(windows: Windows, *, counter: bool, per_second: bool) -> Vector:
    """`rate` (counter, per second), `increase` (counter) or `delta` of every window with two samples or more."""
    span_s = (windows.ends - windows.starts) / 1000

    def gain_of(windows: Windows, first: Indices, last: Indices) -> Floats:
        times, values = windows.samples.times, windows.samples.values
        start_value = values[first]
        gain = values[last] - start_value
        if counter:
            gain = gain + _lost_in_resets(values, first, last)
        sampled = (times[last] - times[first]) / 1000
        average = sampled / np.maximum(1, last - first)
        to_start = (times[first] - windows.starts) / 1000
        to_end = (windows.ends - times[last]) / 1000
        to_start = np.where(to_start >= average * 1.1, average / 2, to_start)
        if counter:
            to_zero = np.where((gain > 0) & (start_value >= 0), sampled * (start_value / gain), math.inf)
            to_start = np.minimum(to_start, to_zero)
        to_end = np.where(to_end >= average * 1.1, average / 2, to_end)
        factor = (sampled + to_start + to_end) / sampled
        return np.asarray(gain * (factor / span_s if per_second else factor))

    return all_windows(windows, gain_of, 2)


def _lost_in_resets(values: Floats, first: Indices, last: Indices) -> Floats:
    """What each window's counter had reached before it fell: the sum of the values before every decrease.

    Resets are rare: they are counted for all windows at once, and summed only where there are any.
    """
    fell = np.flatnonzero(values[1:] < values[:-1]) + 1
    low, high = fell.searchsorted(first, side="right"), fell.searchsorted(last, side="right")
    lost = np.zeros(first.shape)
    for row, column in np.argwhere(high > low).tolist():
        lost[row, column] = values[fell[low[row, column] : high[row, column]] - 1].sum()
    return lost


def instant_rate(windows: Windows, _: Indices, last: Indices) -> Floats:
    """Per-second increase between the last two samples; a decrease counts from zero."""
    times, values = windows.samples.times, windows.samples.values
    newest, before = values[last], values[last - 1]
    gain = np.where(newest < before, newest, newest - before)
    return np.asarray(gain / ((times[last] - times[last - 1]) / 1000))


def regression(times: Times, values: Floats, origin_ms: int) -> tuple[float, float]:
    """Slope per second and value at `origin_ms` of the least-squares line (promql/functions.go, `linearRegression`)."""
    if (values == values[0]).all():
        return (math.nan, math.nan) if math.isinf(values[0]) else (0.0, float(values[0]))
    seconds = (times - origin_ms) / 1000
    count = len(values)
    try:
        sum_x, sum_y = math.fsum(seconds), math.fsum(values)
        sum_xy, sum_xx = math.fsum(seconds * values), math.fsum(seconds * seconds)
    except (OverflowError, ValueError):
        return math.nan, math.nan
    slope = (sum_xy - sum_x * sum_y / count) / (sum_xx - sum_x * sum_x / count)
    return slope, sum_y / count - slope * sum_x / count
