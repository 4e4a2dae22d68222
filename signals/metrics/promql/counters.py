"""rate, increase, delta and their kin: what two ends of a window say about its whole length.

The extrapolation is Prometheus 3's (prometheus/prometheus, promql/functions.go, `extrapolatedRate`): a gap to an end
of the window is filled when it is no longer than 1.1 average distances between samples, else half a distance is; and
a counter is never carried back beyond the moment where it would have been zero.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from signals.metrics.promql.values import Floats, Indices, Windows


def extrapolated(
    windows: Windows, first: Indices, last: Indices, *, counter: bool, per_second: bool
) -> Floats:
    """`rate` (counter, per second), `increase` (counter) or `delta` of windows of two samples or more."""
    span_s = (windows.ends - windows.starts) / 1000
    start_value = windows.values[first]
    gain = windows.values[last] - start_value
    if counter:
        gain += _lost_in_resets(windows.values, first, last)
    first_at, last_at = windows.times[first], windows.times[last]
    sampled = (last_at - first_at) / 1000
    average = sampled / np.maximum(1, last - first)
    to_start = (first_at - windows.starts) / 1000
    to_end = (windows.ends - last_at) / 1000
    to_start = np.where(to_start >= average * 1.1, average / 2, to_start)
    if counter:
        to_zero = np.where((gain > 0) & (start_value >= 0), sampled * (start_value / gain), math.inf)
        to_start = np.minimum(to_start, to_zero)
    to_end = np.where(to_end >= average * 1.1, average / 2, to_end)
    factor = (sampled + to_start + to_end) / sampled
    return np.asarray(gain * (factor / span_s if per_second else factor))


def _lost_in_resets(values: Floats, first: Indices, last: Indices) -> Floats:
    """What each window's counter had reached before it fell: the sum of the values before every decrease."""
    fell = np.flatnonzero(values[1:] < values[:-1]) + 1
    low, high = fell.searchsorted(first, side="right"), fell.searchsorted(last, side="right")
    lost = np.zeros(first.shape)
    if (any_lost := high > low).any():
        reached = np.append(values[fell - 1], 0.0)  # so that a window may end with the last decrease
        lost[any_lost] = np.add.reduceat(reached, np.stack([low[any_lost], high[any_lost]], axis=1).ravel())[
            ::2
        ]
    return lost


def instant_rate(windows: Windows, _: Indices, last: Indices) -> Floats:
    """Per-second increase between the last two samples; a decrease counts from zero."""
    newest, before = windows.values[last], windows.values[last - 1]
    gain = np.where(newest < before, newest, newest - before)
    return np.asarray(gain / ((windows.times[last] - windows.times[last - 1]) / 1000))
