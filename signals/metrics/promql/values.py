"""What an expression is while it is evaluated: scalars, tables of series by times, and windows of samples."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from core.errors import BadQuery, TimedOut
from core.message import say
from signals.store.label_sets import LabelSets
from signals.store.series_buffer import STALE_BITS

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterator, Sequence

    from numpy.typing import NDArray

    from signals.reading import Labels
    from signals.store.label_sets import Groups
    from signals.store.ring import Part

Floats: TypeAlias = "NDArray[np.float64]"
Mask: TypeAlias = "NDArray[np.bool_]"
Times: TypeAlias = "NDArray[np.int64]"
Indices: TypeAlias = "NDArray[np.intp]"

_CELLS_AT_ONCE = 100_000
"""Of a table that is copied while it is looked at: less than a megabyte."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """When the answer has to be there (as `time.monotonic` counts): loops look at it, nothing else ends a thread."""

    at: float

    def check(self) -> None:
        """Raises `TimedOut` when it has passed."""
        if time.monotonic() > self.at:
            raise TimedOut(say("promql.too_slow"))


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

    labels: LabelSets
    values: Floats
    present: Mask

    def with_values(self, values: Floats) -> Vector:
        """The same series with other values, their metric names dropped."""
        return distinct(without_names(self.labels), values, self.present)


@dataclass(frozen=True, slots=True)
class Windows:
    """A range selector or subquery: for each series and time, the samples [low, high) of its window (start, end].

    `rows` says which of the selector's series they are; their samples lie end to end.
    """

    rows: Indices
    times: Times
    values: Floats
    low: Indices
    high: Indices
    starts: Times
    ends: Times
    deadline: Deadline


@dataclass(frozen=True, slots=True)
class Ranges:
    """The windows of all series of a range selector or subquery, portion by portion."""

    labels: LabelSets
    portions: Iterator[Windows]


Result: TypeAlias = "Scalar | Text | Vector | Ranges"


def empty(count: int) -> Vector:
    """A vector without series over `count` times."""
    return Vector(LabelSets(), np.empty((0, count)), np.empty((0, count), bool))


def drop_name(labels: Labels) -> Labels:
    """The labels without the metric's name."""
    if labels and labels[0][0] == "__name__":
        return labels[1:]
    return tuple(pair for pair in labels if pair[0] != "__name__")


def without_names(labels: LabelSets) -> LabelSets:
    """The labels without the metrics' names."""
    return labels.mapped("without name", drop_name)


def keep(labels: Labels, names: Container[str]) -> Labels:
    """Only the labels named."""
    return tuple([pair for pair in labels if pair[0] in names])


def leave_out(labels: Labels, names: Container[str]) -> Labels:
    """All labels but those named."""
    return tuple([pair for pair in labels if pair[0] not in names])


def with_label(labels: Labels, name: str, value: str) -> Labels:
    """The labels with one set, or removed when `value` is empty."""
    rest = leave_out(labels, (name,))
    return tuple(sorted((*rest, (name, value)))) if value else rest


def label_name(text: str) -> str:
    """The text, if it may name a label: since Prometheus 3 every text but the empty one may."""
    if not text:
        raise BadQuery(say("promql.wants_label"))
    return text


def column_parts(rows: int, columns: int) -> Iterator[slice]:
    """The columns of a table, so many at once as are not too many cells."""
    step = max(1, _CELLS_AT_ONCE // max(1, rows))
    return (slice(low, low + step) for low in range(0, columns, step))


def distinct(labels: LabelSets, values: Floats, present: Mask) -> Vector:
    """A vector whose rows of equal labels are merged; two samples at one time are an error, as in Prometheus."""
    alive: Mask = np.logical_or.reduce(present, axis=1)
    if not alive.all():
        labels, values, present = labels.only(alive), values[alive], present[alive]
    groups = labels.grouped("same", lambda item: item)
    if len(groups.labels) == len(labels):
        return Vector(labels, values, present)
    merged = merge_rows(values, present, groups)
    if merged.twice.any():
        raise BadQuery(say("promql.same_labels"))
    return Vector(groups.labels, merged.values, merged.present)


@dataclass(frozen=True, slots=True)
class Merged:
    """Groups of rows as one row each; `twice` says when two rows of a group are present at one time."""

    values: Floats
    present: Mask
    twice: Mask


def merge_rows(values: Floats, present: Mask, groups: Groups) -> Merged:
    """The rows of each group as one row."""
    shape = len(groups.labels), values.shape[1]
    merged_values, merged_present, twice = np.empty(shape), np.empty(shape, bool), np.zeros(shape, bool)
    for which, rows in groups.tables:
        if len(rows) == 1:
            merged_values[which], merged_present[which] = values[rows[0]], present[rows[0]]
            continue
        there = present[rows]
        twice[which] = np.add.reduce(there, axis=0) > 1
        merged_present[which] = np.logical_or.reduce(there, axis=0)
        merged_values[which] = np.where(there, values[rows], 0.0).sum(axis=0)
    return Merged(merged_values, merged_present, twice)


def windows_of(parts: Sequence[Part], starts: Times, ends: Times, deadline: Deadline) -> Windows:
    """A window (start, end] of every series at every time, without staleness markers."""
    rows, times, values, low, high = [], [], [], [], []
    length = 0
    for part in parts:
        edges = part.times.searchsorted(starts, side="right"), part.times.searchsorted(ends, side="right")
        count = len(part.rows)
        present: Mask = part.values.view(np.uint64) != STALE_BITS
        own_times = np.broadcast_to(part.times, part.values.shape)
        if present.all():
            offsets = length + np.arange(count)[:, None] * len(part.times)
            lows, highs = (offsets + edge for edge in edges)
            own_values = part.values.ravel()
            own_times = own_times.ravel()
        else:
            before = np.zeros((count, len(part.times) + 1), np.intp)
            np.cumsum(present, axis=1, out=before[:, 1:])
            ends_of_rows = np.cumsum(before[:, -1])
            offsets = length + (ends_of_rows - before[:, -1])[:, None]
            lows, highs = (offsets + before[:, edge] for edge in edges)
            own_values, own_times = part.values[present], own_times[present]
        length += len(own_values)
        rows.append(part.rows)
        times.append(own_times)
        values.append(own_values)
        low.append(lows)
        high.append(highs)
    if len(rows) == 1:
        return Windows(rows[0], times[0], values[0], low[0], high[0], starts, ends, deadline)
    nothing = np.empty((0, len(starts)), np.intp)
    return Windows(
        np.concatenate([np.empty(0, np.intp), *rows]),
        np.concatenate([np.empty(0, np.int64), *times]),
        np.concatenate([np.empty(0), *values]),
        np.concatenate([nothing, *low]),
        np.concatenate([nothing, *high]),
        starts,
        ends,
        deadline,
    )


def over_portions(
    ranges: Ranges, function: Callable[[Windows], tuple[Floats, Mask]], columns: int
) -> tuple[Floats, Mask]:
    """The values that a function says of each portion's windows, and where there is one: a row for each series."""
    values = np.zeros((len(ranges.labels), columns))
    present = np.zeros(values.shape, bool)
    for windows in ranges.portions:
        values[windows.rows], present[windows.rows] = function(windows)
    return values, present
