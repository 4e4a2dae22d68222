"""One series in memory: its values, and the timestamps that belong to them.

Series of one target share their timestamps; a series whose page gives times has its own. A series that vanishes from
its target gets a staleness marker, as Prometheus gives it, and one for each scrape that it missed when it comes back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from signals.store.column import Column

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from signals.reading import Labels
    from signals.store.column import Cut

STALE_BITS = 0x7FF0000000000002
"""The bit pattern of a staleness marker (prometheus/prometheus, model/value/value.go)."""
STALE_NAN = float(np.array([STALE_BITS], dtype=np.uint64).view(np.float64)[0])


class Timestamps:
    """Times (ms, ascending) that series share; `first_index` counts those that were dropped."""

    __slots__ = ("first_index", "newest_ms", "times")

    def __init__(self) -> None:
        self.times: Column[np.int64] = Column(np.int64)
        self.first_index = 0
        self.newest_ms = -(2**62)

    @property
    def end_index(self) -> int:
        """The index of the next time, counted from the first that ever was."""
        return self.first_index + len(self.times)

    def append(self, at_ms: int) -> bool:
        """Add a time; one that is not newer than the last is left out, as Prometheus does."""
        if at_ms <= self.newest_ms:
            return False
        self.times.append(at_ms)
        self.newest_ms = at_ms
        return True

    def index_range(self, start_ms: int, end_ms: int) -> tuple[int, int]:
        """The indices of the times in [start, end]: from the first to before the second."""
        return self.first_index + self.times.count_below(start_ms), self.first_index + self.times.count_below(
            end_ms + 1
        )

    def slice(self, low: int, high: int) -> Cut[np.int64]:
        """The times of these indices."""
        return self.times.slice(low - self.first_index, high - self.first_index)

    def content(self) -> tuple[int, bytes]:
        """Equal for equal timestamps."""
        return self.first_index, self.times.content()

    def drop_before(self, at_ms: int) -> None:
        """Drop the times before `at_ms`."""
        count = self.times.count_below(at_ms)
        self.times.drop_oldest(count)
        self.first_index += count


class SeriesBuffer:
    """A series: its oldest value belongs to the timestamp `first_index`, the others to those that follow."""

    __slots__ = ("first_index", "labels", "timestamps", "values")

    def __init__(self, labels: Labels, timestamps: Timestamps, first_index: int) -> None:
        self.labels, self.timestamps, self.first_index = labels, timestamps, first_index
        self.values: Column[np.float64] = Column(np.float64)

    @property
    def end_index(self) -> int:
        """The index of the first timestamp that it has no value of."""
        return self.first_index + len(self.values)

    def times(self, low: int, high: int) -> NDArray[np.int64]:
        """Of the values of these indices."""
        return self.timestamps.slice(low, high).read()

    def append_scraped(self, value: float) -> int:
        """Add the value of the last timestamp; returns how many were added, with markers for what it missed."""
        missed = self.timestamps.end_index - 1 - self.end_index
        if missed < 0:  # twice on one page
            return 0
        for _ in range(missed):
            self.values.append(STALE_NAN)
        self.values.append(value)
        return missed + 1

    def append_at(self, at_ms: int, value: float) -> int:
        """Add a value with a time of its own; returns how many were added."""
        if not self.timestamps.append(at_ms):
            return 0
        self.values.append(value)
        return 1

    def detach_timestamps(self) -> None:
        """Share its timestamps with no other series from now on."""
        own = Timestamps()
        for at_ms in self.times(self.first_index, self.end_index).tolist():
            own.append(at_ms)
        self.timestamps, self.first_index = own, 0

    def drop_with_timestamps(self) -> int:
        """Drop the values whose timestamps were dropped; returns how many."""
        count = min(max(0, self.timestamps.first_index - self.first_index), len(self.values))
        self.values.drop_oldest(count)
        self.first_index += count
        return count
