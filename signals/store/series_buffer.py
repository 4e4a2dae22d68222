"""One series in memory: its values, and the clock that its times are read from.

Series of one target have one clock; a series whose page gives times has its own. A series that vanishes from its
target gets a staleness marker, as Prometheus gives it, and one for each scrape that it missed when it comes back.
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


class Clock:
    """Times (ms, ascending) that series share; `first` counts those that were forgotten."""

    __slots__ = ("first", "newest_ms", "times")

    def __init__(self) -> None:
        self.times: Column[np.int64] = Column(np.int64)
        self.first = 0
        self.newest_ms = -(2**62)

    @property
    def end(self) -> int:
        """The number of the next time, counted from the first that ever was."""
        return self.first + len(self.times)

    def append(self, at_ms: int) -> bool:
        """Add a time; one that is not newer than the last is left out, as Prometheus does."""
        if at_ms <= self.newest_ms:
            return False
        self.times.append(at_ms)
        self.newest_ms = at_ms
        return True

    def numbers(self, start_ms: int, end_ms: int) -> tuple[int, int]:
        """Those of the times in [start, end]: from the first to before the second."""
        return self.first + self.times.below(start_ms), self.first + self.times.below(end_ms + 1)

    def cut(self, low: int, high: int) -> Cut[np.int64]:
        """The times of these numbers."""
        return self.times.cut(low - self.first, high - self.first)

    def forget_before(self, at_ms: int) -> None:
        """Forget the times before `at_ms`."""
        count = self.times.below(at_ms)
        self.times.forget(count)
        self.first += count


class Line:
    """A series: its oldest value was measured at the clock's time number `begin`, the others at those that follow."""

    __slots__ = ("begin", "clock", "labels", "values")

    def __init__(self, labels: Labels, clock: Clock, begin: int) -> None:
        self.labels, self.clock, self.begin = labels, clock, begin
        self.values: Column[np.float64] = Column(np.float64)

    @property
    def end(self) -> int:
        """The number of the first time that it has no value of."""
        return self.begin + len(self.values)

    def times(self, low: int, high: int) -> NDArray[np.int64]:
        """Of the values of these numbers."""
        return self.clock.cut(low, high).read()

    def scraped(self, value: float) -> int:
        """Add the value of the clock's last time; returns how many were added, with markers for what it missed."""
        missed = self.clock.end - 1 - self.end
        if missed < 0:  # twice on one page
            return 0
        for _ in range(missed):
            self.values.append(STALE_NAN)
        self.values.append(value)
        return missed + 1

    def timed(self, at_ms: int, value: float) -> int:
        """Add a value with a time of its own; returns how many were added."""
        if not self.clock.append(at_ms):
            return 0
        self.values.append(value)
        return 1

    def part_with_clock(self) -> None:
        """Keep its times itself from now on."""
        own = Clock()
        for at_ms in self.times(self.begin, self.end).tolist():
            own.append(at_ms)
        self.clock, self.begin = own, 0

    def forget_with_clock(self) -> int:
        """Forget the values whose times the clock has forgotten; returns how many."""
        count = min(max(0, self.clock.first - self.begin), len(self.values))
        self.values.forget(count)
        self.begin += count
        return count
