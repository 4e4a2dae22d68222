"""The functions that look at a window of samples: *_over_time, irate, idelta, resets, changes, deriv."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from signals.metrics.promql.aggregate import exact_sum, mean, variance
from signals.metrics.promql.counters import instant_rate, regression
from signals.metrics.promql.values import all_windows, distinct, each_window

if TYPE_CHECKING:
    from collections.abc import Callable

    from signals.metrics.promql.values import Floats, Indices, Times, Vector, Windows


def over_time(name: str, windows: Windows) -> Vector:
    """Apply one of `OVER_TIME`."""
    if name == "last_over_time":  # the one function over time that keeps the name
        present = windows.high > windows.low
        if not present.any():
            return distinct([], np.empty((0, len(windows.ends))), np.empty((0, len(windows.ends)), bool))
        values = windows.samples.values[np.where(present, windows.high - 1, 0)]
        return distinct(windows.samples.labels, values, present)
    if name in _VECTORIZED:
        vectorized, min_samples = _VECTORIZED[name]
        return all_windows(windows, vectorized, min_samples)
    function, min_samples = _PER_WINDOW[name]
    return each_window(windows, lambda times, values, _: function(times, values), min_samples)


def _extreme(pick: np.ufunc) -> Callable[[Windows, Indices, Indices], Floats]:
    """The least or largest value of each window; NaN only where there is nothing else."""

    def reduce(windows: Windows, first: Indices, last: Indices) -> Floats:
        values = np.append(windows.samples.values, np.nan)  # so that a window may end with the last sample
        edges = np.stack([first.ravel(), last.ravel() + 1], axis=1).ravel()
        return np.asarray(pick.reduceat(values, edges)[::2].reshape(first.shape), np.float64)

    return reduce


def _count_where(
    happens: Callable[[Floats, Floats], np.ndarray[tuple[int], np.dtype[np.bool_]]],
) -> Callable[[Windows, Indices, Indices], Floats]:
    """How often two neighbours of a window are so."""

    def count(windows: Windows, first: Indices, last: Indices) -> Floats:
        values = windows.samples.values
        before = np.concatenate([[0], np.cumsum(happens(values[:-1], values[1:]))])
        return np.asarray(before[last] - before[first], np.float64)

    return count


def _differs(before: Floats, after: Floats) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    return np.asarray((before != after) & ~(np.isnan(before) & np.isnan(after)))


_VECTORIZED: dict[str, tuple[Callable[[Windows, Indices, Indices], Floats], int]] = {
    "count_over_time": (lambda _, first, last: (last - first + 1).astype(np.float64), 1),
    "present_over_time": (lambda _, first, __: np.ones(first.shape), 1),
    "min_over_time": (_extreme(np.fmin), 1),
    "max_over_time": (_extreme(np.fmax), 1),
    "irate": (instant_rate, 2),
    "idelta": (lambda windows, _, last: windows.samples.values[last] - windows.samples.values[last - 1], 2),
    "resets": (_count_where(lambda before, after: np.asarray(after < before)), 1),
    "changes": (_count_where(_differs), 1),
}
_PER_WINDOW: dict[str, tuple[Callable[[Times, Floats], float], int]] = {
    "sum_over_time": (lambda _, values: exact_sum(values.tolist()), 1),
    "avg_over_time": (lambda _, values: mean(values.tolist()), 1),
    "stddev_over_time": (lambda _, values: math.sqrt(variance(values.tolist())), 1),
    "stdvar_over_time": (lambda _, values: variance(values.tolist()), 1),
    "deriv": (lambda times, values: regression(times, values, int(times[0]))[0], 2),
}
OVER_TIME = frozenset({"last_over_time", *_VECTORIZED, *_PER_WINDOW})
"""Their names."""
