"""The functions that look at a window of samples: *_over_time, irate, idelta, resets, changes, deriv, smoothing.

What depends on a window's ends alone is computed for all windows at once. What depends on all its samples sees windows
of equal length together, as a table with a row for each.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from core.errors import BadQuery
from core.message import say
from signals.metrics.promql.counters import extrapolated, instant_rate
from signals.metrics.promql.quantiles import quantiles
from signals.metrics.promql.regression import regression
from signals.metrics.promql.sums import add, mean, total
from signals.metrics.promql.values import Scalar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from signals.metrics.promql.values import Floats, Indices, Mask, Result, Times, Windows

_SAMPLES_AT_ONCE = 32_000
"""Of windows of equal length: what a processor keeps near it."""


@dataclass(frozen=True, slots=True)
class Equals:
    """Windows of equal length: where their samples begin, how many each has, and at which times they are asked."""

    windows: Windows
    low: Indices
    length: int
    columns: Indices

    @property
    def values(self) -> Floats:
        """A row of values for each window."""
        return np.lib.stride_tricks.sliding_window_view(self.windows.values, self.length)[self.low]

    @property
    def times(self) -> Times:
        """A row of times (ms) for each window."""
        return np.lib.stride_tricks.sliding_window_view(self.windows.times, self.length)[self.low]


Arguments: TypeAlias = "Sequence[Result | None]"
"""Those of a call, None in the place of the range."""
OfRange: TypeAlias = "Callable[[Windows, Arguments, Times], tuple[Floats, Mask]]"
"""A function of a range: the value of each series at each time, and whether there is one."""


def numbers(value: Result | None) -> Floats:
    """The values of a scalar; raises `BadQuery` for anything else."""
    if isinstance(value, Scalar):
        return value.values
    raise BadQuery(say("promql.wants_scalar", what=""))


def _of_ends(function: Callable[[Windows, Indices, Indices], Floats], min_samples: int = 1) -> OfRange:
    """A function of the windows and the indices of their first and last samples."""

    def apply(windows: Windows, _: Arguments, __: Times) -> tuple[Floats, Mask]:
        enough = windows.high - windows.low >= min_samples
        if not enough.any():
            return np.zeros(enough.shape), enough
        first, last = np.where(enough, windows.low, 0), np.where(enough, windows.high - 1, 0)
        return function(windows, first, last), enough

    return apply


def _of_samples(function: Callable[[Equals, Arguments, Times], Floats], min_samples: int = 1) -> OfRange:
    """A function of windows of equal length."""

    def apply(windows: Windows, arguments: Arguments, times: Times) -> tuple[Floats, Mask]:
        lengths = (windows.high - windows.low).ravel()
        low, columns = windows.low.ravel(), np.broadcast_to(np.arange(len(times)), windows.low.shape).ravel()
        values = np.zeros(len(lengths))
        order = np.argsort(lengths, kind="stable")
        start = int(np.searchsorted(lengths[order], min_samples))
        while start < len(order):
            length = int(lengths[order[start]])
            behind = int(np.searchsorted(lengths[order], length, side="right"))
            behind = min(behind, start + max(1, _SAMPLES_AT_ONCE // length))
            places = order[start:behind]
            windows.deadline.check()
            equals = Equals(windows, low[places], length, columns[places])
            values[places] = function(equals, arguments, times)
            start = behind
        shape = windows.low.shape
        return values.reshape(shape), (lengths >= min_samples).reshape(shape)

    return apply


def _extreme(pick: np.ufunc) -> Callable[[Windows, Indices, Indices], Floats]:
    """The least or largest value of each window; NaN only where there is nothing else."""

    def reduce(windows: Windows, first: Indices, last: Indices) -> Floats:
        values = np.append(windows.values, np.nan)  # so that a window may end with the last sample
        edges = np.stack([first.ravel(), last.ravel() + 1], axis=1).ravel()
        return np.asarray(pick.reduceat(values, edges)[::2].reshape(first.shape), np.float64)

    return reduce


def _extreme_time(pick: np.ufunc) -> Callable[[Equals, Arguments, Times], Floats]:
    """When the least or largest value of each window was seen last, in seconds."""

    def find(equals: Equals, _: Arguments, __: Times) -> Floats:
        values = equals.values
        extreme = pick.reduce(values, axis=1, keepdims=True)
        last = equals.length - 1 - np.argmax(((values == extreme) | np.isnan(extreme))[:, ::-1], axis=1)
        return np.asarray(equals.windows.times[equals.low + last] / 1000)

    return find


def _count_where(happens: Callable[[Floats, Floats], Mask]) -> Callable[[Windows, Indices, Indices], Floats]:
    """How often two neighbours of a window are so."""

    def count(windows: Windows, first: Indices, last: Indices) -> Floats:
        before = np.concatenate([[0], np.cumsum(happens(windows.values[:-1], windows.values[1:]))])
        return np.asarray(before[last] - before[first], np.float64)

    return count


def _differs(before: Floats, after: Floats) -> Mask:
    return np.asarray((before != after) & ~(np.isnan(before) & np.isnan(after)))


def _variance(equals: Equals, _: Arguments, __: Times) -> Floats:
    """Of the population, by Welford with Kahan's sums, as Prometheus does it: equal values have none."""
    middle, lost_middle, squares, lost_squares = np.zeros((4, len(equals.low)))
    for count, value in enumerate(np.ascontiguousarray(equals.values.T), 1):
        distance = value - (middle + lost_middle)
        middle, lost_middle = add(distance / count, middle, lost_middle)
        squares, lost_squares = add(distance * (value - (middle + lost_middle)), squares, lost_squares)
    return np.asarray((squares + lost_squares) / equals.length)


def _deviation(values: Floats) -> Floats:
    """The median distance from the median; NaN where a value is NaN."""
    half = np.full(len(values), 0.5)
    middle = quantiles(half, values)
    deviation = quantiles(half, np.abs(values - middle[:, None]))
    return np.where(np.isnan(values).any(axis=1), np.nan, deviation)


def _smoothed(equals: Equals, arguments: Arguments, _: Times) -> Floats:
    """Double exponential smoothing: the level after the last sample (promql/functions.go)."""
    smoothing, trend = (numbers(argument)[equals.columns] for argument in arguments[1:])
    for factor, name in ((smoothing, "smoothing"), (trend, "trend")):
        if not ((factor > 0) & (factor < 1)).all():
            raise BadQuery(say("promql.not_a_factor", what=name))
    values = equals.values.T
    before, level, slope = np.zeros(len(equals.low)), np.asarray(values[0]), values[1] - values[0]
    for index, value in enumerate(values[1:]):
        if index:
            slope = trend * (level - before) + (1 - trend) * slope
        before, level = level, smoothing * value + (1 - smoothing) * (level + slope)
    return level


def _predicted(equals: Equals, arguments: Arguments, times: Times) -> Floats:
    """The line through each window, so many seconds after the evaluation time, wherever `@` and `offset` point."""
    slope, intercept = regression(equals.times, equals.values, times[equals.columns])
    return np.asarray(slope * numbers(arguments[1])[equals.columns] + intercept)


OF_RANGE: dict[str, OfRange] = {
    "rate": _of_ends(lambda *ends: extrapolated(*ends, counter=True, per_second=True), 2),
    "increase": _of_ends(lambda *ends: extrapolated(*ends, counter=True, per_second=False), 2),
    "delta": _of_ends(lambda *ends: extrapolated(*ends, counter=False, per_second=False), 2),
    "irate": _of_ends(instant_rate, 2),
    "idelta": _of_ends(lambda windows, _, last: windows.values[last] - windows.values[last - 1], 2),
    "resets": _of_ends(_count_where(lambda before, after: np.asarray(after < before))),
    "changes": _of_ends(_count_where(_differs)),
    "first_over_time": _of_ends(lambda windows, first, _: windows.values[first]),
    "last_over_time": _of_ends(lambda windows, _, last: windows.values[last]),
    "count_over_time": _of_ends(lambda _, first, last: (last - first + 1).astype(np.float64)),
    "present_over_time": _of_ends(lambda _, first, __: np.ones(first.shape)),
    "min_over_time": _of_ends(_extreme(np.fmin)),
    "max_over_time": _of_ends(_extreme(np.fmax)),
    "ts_of_first_over_time": _of_ends(lambda windows, first, _: windows.times[first] / 1000),
    "ts_of_last_over_time": _of_ends(lambda windows, _, last: windows.times[last] / 1000),
    "ts_of_min_over_time": _of_samples(_extreme_time(np.fmin)),
    "ts_of_max_over_time": _of_samples(_extreme_time(np.fmax)),
    "sum_over_time": _of_samples(lambda equals, _, __: total(np.ascontiguousarray(equals.values.T))),
    "avg_over_time": _of_samples(
        lambda equals, _, __: mean(np.ascontiguousarray(equals.values.T), equals.length)
    ),
    "stdvar_over_time": _of_samples(_variance),
    "stddev_over_time": _of_samples(lambda *given: np.sqrt(_variance(*given))),
    "mad_over_time": _of_samples(lambda equals, _, __: _deviation(equals.values)),
    "quantile_over_time": _of_samples(
        lambda equals, arguments, _: quantiles(numbers(arguments[0])[equals.columns], equals.values)
    ),
    "deriv": _of_samples(
        lambda equals, _, __: regression(equals.times, equals.values, equals.windows.times[equals.low])[0], 2
    ),
    "predict_linear": _of_samples(_predicted, 2),
    "double_exponential_smoothing": _of_samples(_smoothed, 2),
}
"""Every function of a range by its name, but `absent_over_time`, which is about all series together."""
OF_RANGE["holt_winters"] = OF_RANGE["double_exponential_smoothing"]  # its name before Prometheus 3
KEEP_NAME = ("first_over_time", "last_over_time")
"""Those that keep the metric's name: they answer with a sample as it is."""
