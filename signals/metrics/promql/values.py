"""What an expression is while it is evaluated: scalars, tables of series by times, and windows of samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from core.errors import BadQuery
from core.message import say

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Sequence

    from numpy.typing import NDArray

    from signals.reading import Labels

Floats: TypeAlias = "NDArray[np.float64]"
Mask: TypeAlias = "NDArray[np.bool_]"
Times: TypeAlias = "NDArray[np.int64]"
Indices: TypeAlias = "NDArray[np.intp]"


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
class Samples:
    """Series laid end to end: `rows` says for each sample which of `labels` it belongs to, ascending."""

    labels: list[Labels]
    rows: Indices
    times: Times
    values: Floats

    def only(self, mask: Mask) -> Samples:
        """The samples where `mask` is true; the series stay, perhaps empty."""
        if mask.all():
            return self
        return Samples(self.labels, self.rows[mask], self.times[mask], self.values[mask])

    def after(self, moments: Times) -> Indices:
        """For each series and moment (ms), the index of the series' first sample later than the moment.

        One binary search serves all: a series' times are moved behind those of the series before it.
        """
        if not len(self.times):
            return np.zeros((len(self.labels), len(moments)), np.intp)
        base = int(self.times.min())
        room = int(self.times.max()) - base + 2
        keys = self.times - base + self.rows * room
        wanted = np.clip(moments - base, -1, room - 2)
        starts = np.arange(len(self.labels), dtype=np.int64) * room
        return keys.searchsorted((starts[:, None] + wanted).ravel(), side="right").reshape(
            len(self.labels), len(moments)
        )


@dataclass(frozen=True, slots=True)
class Windows:
    """A range selector or subquery: for each series and time, the samples [low, high) of its window (start, end]."""

    samples: Samples
    low: Indices
    high: Indices
    starts: Times
    ends: Times


Result: TypeAlias = "Scalar | Text | Vector | Windows"


def empty(count: int) -> Vector:
    """A vector without series over `count` times."""
    return Vector([], np.empty((0, count)), np.empty((0, count), bool))


def drop_name(labels: Labels) -> Labels:
    """The labels without the metric's name."""
    if labels and labels[0][0] == "__name__":
        return labels[1:]
    return tuple(pair for pair in labels if pair[0] != "__name__")


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
    windows: Windows, function: Callable[[Times, Floats, int], float | None], min_samples: int = 1
) -> Vector:
    """Apply `function(times, values, column)` to every window of at least `min_samples` samples; None is no result."""
    samples, low, high = windows.samples, windows.low, windows.high
    values = np.zeros(low.shape)
    present = np.zeros(low.shape, bool)
    for row, column in np.argwhere(high - low >= min_samples).tolist():
        part = slice(low[row, column], high[row, column])
        result = function(samples.times[part], samples.values[part], column)
        if result is not None:
            values[row, column], present[row, column] = result, True
    return distinct([drop_name(labels) for labels in samples.labels], values, present)


def all_windows(
    windows: Windows,
    function: Callable[[Windows, Indices, Indices], Floats],
    min_samples: int = 1,
) -> Vector:
    """Apply `function(windows, first, last)` to all windows at once, given the indices of their end samples.

    What it says of windows with fewer than `min_samples` samples is not looked at.
    """
    enough = windows.high - windows.low >= min_samples
    if not enough.any():
        return empty(len(windows.ends))
    first, last = np.where(enough, windows.low, 0), np.where(enough, windows.high - 1, 0)
    labels = [drop_name(item) for item in windows.samples.labels]
    return distinct(labels, function(windows, first, last), enough)
