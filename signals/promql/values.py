"""What an expression is while it is evaluated: scalars, tables of series by times, and windows of samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from signals.errors import BadQuery
from signals.message import say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    from signals.reading import Labels

Floats: TypeAlias = "NDArray[np.float64]"
Mask: TypeAlias = "NDArray[np.bool_]"
Times: TypeAlias = "NDArray[np.int64]"


@dataclass(frozen=True, slots=True)
class Scalar:
    """One value for each evaluation time."""

    values: Floats


@dataclass(frozen=True, slots=True)
class Text:
    """A string literal."""

    text: str


@dataclass(frozen=True, slots=True)
class Vector:
    """Series by times. `present` is False where a series has no sample; `values` is then meaningless."""

    labels: list[Labels]
    values: Floats
    present: Mask

    def with_values(self, values: Floats) -> Vector:
        """The same series with other values, their metric names dropped."""
        return distinct([drop_name(labels) for labels in self.labels], values, self.present)


@dataclass(frozen=True, slots=True)
class Window:
    """One series' samples with, for each evaluation time, the half-open index range [low, high) of its window."""

    labels: Labels
    times: Times
    values: Floats
    low: NDArray[np.intp]
    high: NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Windows:
    """A range selector or subquery: its series, and for each evaluation time where the window (start, end] lies."""

    series: list[Window]
    starts: Times
    ends: Times


Result: TypeAlias = "Scalar | Text | Vector | Windows"


def empty(count: int) -> Vector:
    """A vector without series over `count` times."""
    return Vector([], np.empty((0, count)), np.empty((0, count), bool))


def drop_name(labels: Labels) -> Labels:
    """The labels without the metric's name."""
    return tuple(pair for pair in labels if pair[0] != "__name__")


def keep(labels: Labels, names: Iterable[str]) -> Labels:
    """Only the labels named."""
    wanted = set(names)
    return tuple(pair for pair in labels if pair[0] in wanted)


def leave_out(labels: Labels, names: Iterable[str]) -> Labels:
    """All labels but those named."""
    unwanted = set(names)
    return tuple(pair for pair in labels if pair[0] not in unwanted)


def with_label(labels: Labels, name: str, value: str) -> Labels:
    """The labels with one set, or removed when `value` is empty."""
    rest = leave_out(labels, (name,))
    return tuple(sorted((*rest, (name, value)))) if value else rest


def distinct(labels: Sequence[Labels], values: Floats, present: Mask) -> Vector:
    """A vector whose rows of equal labels are merged; two samples at one time are an error, as in Prometheus."""
    rows: dict[Labels, list[int]] = {}
    for index, item in enumerate(labels):
        rows.setdefault(item, []).append(index)
    if len(rows) == len(labels):
        alive: Mask = np.logical_or.reduce(present, axis=1)
        if alive.all():
            return Vector(list(labels), values, present)
        return Vector(
            [item for item, lives in zip(labels, alive, strict=True) if lives], values[alive], present[alive]
        )
    merged = [merge_rows(values, present, indices) for indices in rows.values()]
    if any(row is None for row in merged):
        raise BadQuery(say("promql.same_labels"))
    pairs = [row for row in merged if row is not None]
    return distinct(list(rows), np.array([pair[0] for pair in pairs]), np.array([pair[1] for pair in pairs]))


def merge_rows(values: Floats, present: Mask, indices: Sequence[int]) -> tuple[Floats, Mask] | None:
    """Rows that are never present together as one row; None when two are."""
    chosen = present[indices]
    if (chosen.sum(axis=0) > 1).any():
        return None
    there: Mask = np.logical_or.reduce(chosen, axis=0)
    if len(indices) == 1:
        return values[indices[0]], there
    return np.where(chosen, values[indices], 0.0).sum(axis=0), there


def each_window(
    windows: Windows, function: Callable[[Times, Floats, int], float | None], least: int = 1
) -> Vector:
    """Apply `function(times, values, column)` to every window of at least `least` samples; None is no result."""
    count = len(windows.ends)
    values = np.zeros((len(windows.series), count))
    present = np.zeros((len(windows.series), count), bool)
    for row, window in enumerate(windows.series):
        for column in range(count):
            low, high = window.low[column], window.high[column]
            if high - low >= least:
                result = function(window.times[low:high], window.values[low:high], column)
                if result is not None:
                    values[row, column], present[row, column] = result, True
    return distinct([drop_name(window.labels) for window in windows.series], values, present)
