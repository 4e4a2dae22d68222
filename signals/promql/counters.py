"""rate, increase, delta and their kin: what two ends of a window say about its whole length.

The extrapolation is Prometheus 3's (prometheus/prometheus, promql/functions.go, `extrapolatedRate`): a gap to an end
of the window is filled when it is no longer than 1.1 average distances between samples, else half a distance is; and
a counter is never carried back beyond the moment where it would have been zero.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from signals.promql.values import Vector, Windows, distinct, drop_name

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from signals.promql.values import Floats, Times


def extrapolated(windows: Windows, *, counter: bool, per_second: bool) -> Vector:
    """`rate` (counter, per second), `increase` (counter) or `delta` of every window with two samples or more."""
    count = len(windows.ends)
    values = np.zeros((len(windows.series), count))
    present = np.zeros((len(windows.series), count), bool)
    span_s = (windows.ends - windows.starts) / 1000
    for row, window in enumerate(windows.series):
        enough = window.high - window.low >= 2
        if not enough.any():
            continue
        first, last = np.where(enough, window.low, 0), np.where(enough, window.high - 1, 1)
        gain = window.values[last] - window.values[first]
        if counter:
            gain = gain + _lost_in_resets(window.values, first, last)
        sampled = (window.times[last] - window.times[first]) / 1000
        average = sampled / np.maximum(1, last - first)
        to_start = (window.times[first] - windows.starts) / 1000
        to_end = (windows.ends - window.times[last]) / 1000
        to_start = np.where(to_start >= average * 1.1, average / 2, to_start)
        if counter:
            start_value = window.values[first]
            to_zero = np.where((gain > 0) & (start_value >= 0), sampled * (start_value / gain), math.inf)
            to_start = np.minimum(to_start, to_zero)
        to_end = np.where(to_end >= average * 1.1, average / 2, to_end)
        factor = (sampled + to_start + to_end) / sampled
        values[row] = gain * (factor / span_s if per_second else factor)
        present[row] = enough
    return distinct([drop_name(window.labels) for window in windows.series], values, present)


def _lost_in_resets(values: Floats, first: NDArray[np.intp], last: NDArray[np.intp]) -> Floats:
    """What each window's counter had reached before it fell: the sum of the values before every decrease."""
    fallen = np.concatenate([[0.0], np.where(values[1:] < values[:-1], values[:-1], 0.0)])
    if np.isfinite(fallen).all():
        total = np.cumsum(fallen)
        return np.asarray(total[last] - total[first])
    return np.array([fallen[low + 1 : high + 1].sum() for low, high in zip(first, last, strict=True)])


def instant_rate(times: Times, values: Floats) -> float:
    """Per-second increase between the last two samples; a decrease counts from zero."""
    gain = values[-1] if values[-1] < values[-2] else values[-1] - values[-2]
    return float(gain / ((times[-1] - times[-2]) / 1000))


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
