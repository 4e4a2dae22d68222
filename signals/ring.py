"""Samples in memory, bounded: what the direct scrape remembers and the evaluator reads.

A series is an array of values (float64: 8 bytes a sample, an eighth more while it grows). Their times are those of its
target's scrapes, kept once for all series of the target; a series whose page gives times has its own. A series that
vanishes from its target gets a staleness marker, as Prometheus gives it, and one for each scrape that it missed when
it comes back.
"""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    from signals.reading import Labels

STALE_BITS = 0x7FF0000000000002
"""The bit pattern of a staleness marker (prometheus/prometheus, model/value/value.go)."""
STALE_NAN = float(np.array([STALE_BITS], dtype=np.uint64).view(np.float64)[0])

_FIRST_CAPACITY = 16
_GROWTH = 1.125
_REMEMBERED_CHOICES = 512


class Sample(NamedTuple):
    """One sample of a page; `at` (Unix seconds) only where the page itself gave a time."""

    labels: Labels
    value: float
    at: float | None = None


class Matcher(NamedTuple):
    """One label matcher of a selector; regular expressions match the whole value."""

    name: str
    op: Literal["=", "!=", "=~", "!~"]
    value: str

    def test(self) -> Callable[[str], bool]:
        """A function that says whether a label's value matches. Raises `re.error` for what Python can't read.

        Classes for digits and words are ASCII, as in Go's regular expressions.
        """
        if self.op in ("=", "!="):
            wanted = self.op == "="
            return lambda text: (text == self.value) is wanted
        pattern = re.compile(self.value, re.DOTALL | re.ASCII)
        wanted = self.op == "=~"
        return lambda text: (pattern.fullmatch(text) is not None) is wanted


class Stored(NamedTuple):
    """A series as it stands: `times` in ms, ascending; `values` with staleness markers where it vanished."""

    labels: Labels
    times: NDArray[np.int64]
    values: NDArray[np.float64]


class _Column:
    """A growing array. Readers get views of a part that is never written again."""

    __slots__ = ("_data", "_end", "_start")

    def __init__(self, kind: type[np.int64 | np.float64]) -> None:
        self._data = np.empty(_FIRST_CAPACITY, kind)
        self._start = self._end = 0

    def __len__(self) -> int:
        return self._end - self._start

    @property
    def nbytes(self) -> int:
        return self._data.nbytes

    def kept(self) -> NDArray[Any]:
        """What was appended and not dropped."""
        return self._data[self._start : self._end]

    def append(self, value: float) -> None:
        """Add one."""
        if self._end == len(self._data):
            new = np.empty(max(_FIRST_CAPACITY, int(len(self) * _GROWTH) + 1), self._data.dtype)
            new[: len(self)] = self.kept()
            self._data, self._start, self._end = new, 0, len(self)
        self._data[self._end] = value
        self._end += 1

    def drop(self, count: int) -> None:
        """Forget the oldest."""
        self._start += count


class _Clock:
    """Times (ms, ascending) that series share; `first` counts those that were forgotten."""

    __slots__ = ("first", "newest_ms", "times")

    def __init__(self) -> None:
        self.times = _Column(np.int64)
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

    def forget_before(self, at_ms: int) -> None:
        """Drop the times before `at_ms`."""
        dropped = int(self.times.kept().searchsorted(at_ms))
        self.times.drop(dropped)
        self.first += dropped


class _Line:
    """A series: `values[0]` was measured at the clock's time number `begin`, the others at those that follow."""

    __slots__ = ("begin", "clock", "labels", "values")

    def __init__(self, labels: Labels, clock: _Clock, begin: int) -> None:
        self.labels, self.clock, self.begin = labels, clock, begin
        self.values = _Column(np.float64)

    @property
    def times(self) -> NDArray[np.int64]:
        """Of each value."""
        start = self.begin - self.clock.first
        return self.clock.times.kept()[start : start + len(self.values)]

    def scraped(self, value: float) -> int:
        """Add the value of the clock's last time; returns how many were added, with markers for what it missed."""
        missed = self.clock.end - 1 - self.begin - len(self.values)
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
        own = _Clock()
        for at_ms in self.times.tolist():
            own.append(at_ms)
        self.clock, self.begin = own, 0

    def between(self, start_ms: int, end_ms: int) -> Stored | None:
        """Its samples in [start, end]."""
        times = self.times
        low, high = times.searchsorted((start_ms, end_ms + 1))
        return Stored(self.labels, times[low:high], self.values.kept()[low:high]) if high > low else None

    def forget_with_clock(self) -> int:
        """Drop the values whose times the clock has forgotten; returns how many."""
        dropped = min(max(0, self.clock.first - self.begin), len(self.values))
        self.values.drop(dropped)
        self.begin += dropped
        return dropped


class Ring:
    """Series by labels, with an index by metric name. One writer, many readers."""

    def __init__(self, retention_s: float, max_samples: int) -> None:
        self.retention_s = retention_s
        self.max_samples = max_samples
        self.sample_count = 0
        self._lines: dict[Labels, _Line] = {}
        self._by_name: dict[str, set[Labels]] = {}
        self._clocks: dict[str, _Clock] = {}  # by target
        self._last_scrape: dict[str, set[Labels]] = {}
        self._lock = threading.Lock()
        self._next_sweep_ms = 0
        self._chosen: dict[tuple[Matcher, ...], list[_Line]] = {}  # until a series comes or goes

    @property
    def series_count(self) -> int:
        """How many series are remembered."""
        return len(self._lines)

    @property
    def nbytes(self) -> int:
        """Bytes that the sample arrays take."""
        return sum(one.times.nbytes for one in self._all_clocks()) + sum(
            line.values.nbytes for line in self._lines.values()
        )

    def append(self, labels: Labels, at: float, value: float) -> None:
        """Store one sample (Unix seconds)."""
        with self._lock:
            self._append(labels, round(at * 1000), value)

    def scrape(self, target: str, at: float, samples: Iterable[Sample]) -> None:
        """Store one scrape of a target; series that it no longer has end with a marker. Empty: it failed."""
        at_ms = round(at * 1000)
        with self._lock:
            clock = self._clocks.setdefault(target, _Clock())
            fresh = clock.append(at_ms)
            seen: set[Labels] = set()
            for labels, value, own_time in samples:
                if own_time is not None:
                    self._append(labels, round(own_time * 1000), value)
                    continue
                seen.add(labels)
                if fresh:
                    self._scraped(labels, clock, value)
            for gone in self._last_scrape.get(target, set()) - seen:
                if fresh:
                    self._scraped(gone, clock, STALE_NAN)
            self._last_scrape[target] = seen
            if at_ms >= self._next_sweep_ms or self.sample_count > self.max_samples:
                self._sweep(at_ms)

    def select(self, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> list[Stored]:
        """All series that match, each with its samples in [start, end], sorted by labels."""
        with self._lock:
            parts = [line.between(start_ms, end_ms) for line in self._choose(tuple(matchers))]
        return [part for part in parts if part is not None]

    def metric_names(self) -> frozenset[str]:
        """Every metric name that has a sample."""
        with self._lock:
            return frozenset(self._by_name)

    def newest(self) -> float | None:
        """The time of the newest sample (Unix seconds); None when there is none."""
        with self._lock:
            return max(int(line.times[-1]) for line in self._lines.values()) / 1000 if self._lines else None

    def _choose(self, matchers: tuple[Matcher, ...]) -> list[_Line]:
        """The series that match, sorted by labels. Panels ask the same again and again, and series rarely change."""
        chosen = self._chosen.get(matchers)
        if chosen is None:
            tests = [(matcher.name, matcher.test()) for matcher in matchers]
            exact = next((m.value for m in matchers if m.name == "__name__" and m.op == "="), None)
            candidates = self._lines if exact is None else self._by_name.get(exact, set())
            matching = (
                labels for labels in candidates if all(test(_value(labels, name)) for name, test in tests)
            )
            if len(self._chosen) >= _REMEMBERED_CHOICES:
                self._chosen.clear()
            chosen = self._chosen[matchers] = [self._lines[labels] for labels in sorted(matching)]
        return chosen

    def _append(self, labels: Labels, at_ms: int, value: float) -> None:
        line = self._lines.get(labels)
        if line is None:
            line = self._add(_Line(labels, _Clock(), 0))
        elif line.clock in self._clocks.values():
            line.part_with_clock()
        self.sample_count += line.timed(at_ms, value)

    def _scraped(self, labels: Labels, clock: _Clock, value: float) -> None:
        line = self._lines.get(labels)
        if line is None:
            line = self._add(_Line(labels, clock, clock.end - 1))
        if line.clock is clock:
            self.sample_count += line.scraped(value)
        else:  # it has times of its own, or another target has it, too
            self._append(labels, clock.newest_ms, value)

    def _add(self, line: _Line) -> _Line:
        self._lines[line.labels] = line
        self._chosen.clear()
        self._by_name.setdefault(_value(line.labels, "__name__"), set()).add(line.labels)
        return line

    def _all_clocks(self) -> set[_Clock]:
        return {*self._clocks.values(), *(line.clock for line in self._lines.values())}

    def _sweep(self, now_ms: int) -> None:
        """Forget what is older than the retention; over the limit, forget the oldest tenth more each time."""
        retention_ms = self.retention_s * 1000
        horizon = now_ms - int(retention_ms)
        self._next_sweep_ms = now_ms + max(1000, int(retention_ms / 50))
        while True:
            for clock in self._all_clocks():
                clock.forget_before(horizon)
            for labels in list(self._lines):
                line = self._lines[labels]
                self.sample_count -= line.forget_with_clock()
                if not len(line.values):
                    del self._lines[labels]
                    self._chosen.clear()
                    name = _value(labels, "__name__")
                    self._by_name[name].discard(labels)
                    if not self._by_name[name]:
                        del self._by_name[name]
            if self.sample_count <= self.max_samples or horizon >= now_ms:
                return
            horizon += max(1, (now_ms - horizon) // 10)


def _value(labels: Labels, name: str) -> str:
    """A label's value; a label that is not there is empty."""
    for label, value in labels:
        if label == name:
            return value
    return ""
