"""Samples in memory, bounded: what the direct scrape remembers and the evaluator reads.

What a series is made of stands in `signals.store.series_buffer`, and how its values are kept in `signals.store.column`.
"""

from __future__ import annotations

import re
import sys
import threading
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from signals.store.series_buffer import STALE_NAN, Clock, Line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from signals.reading import Labels
    from signals.store.column import Cut

SERIES_BYTES = 1000
"""What a series takes beside its samples: labels, index and Python's own objects (measured)."""
ALWAYS_KEPT_MS = 300_000
"""However many series there are, the last five minutes stay: without them no rate is known."""

_REMEMBERED_CHOICES = 512
_CHECK_MS = 60_000
_MOST_PASSES = 8


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


class Ring:
    """Series by labels, with an index by metric name. One writer, many readers.

    It keeps within `max_bytes`, to a sixteenth and the last five minutes; the oldest samples go first.
    """

    def __init__(self, retention_s: float, max_bytes: int = sys.maxsize) -> None:
        self.retention_s = retention_s
        self.max_bytes = max_bytes
        self.sample_count = 0
        self._lines: dict[Labels, Line] = {}
        self._by_name: dict[str, set[Labels]] = {}
        self._clocks: dict[str, Clock] = {}  # by target
        self._last_scrape: dict[str, set[Line]] = {}
        self._lock = threading.Lock()
        self._next_sweep_ms = 0
        self._swept_at_count = 0
        self._chosen: dict[tuple[Matcher, ...], list[Line]] = {}  # until a series comes or goes

    @property
    def series_count(self) -> int:
        """How many series are remembered."""
        return len(self._lines)

    @property
    def nbytes(self) -> int:
        """Bytes that it takes: samples, and what each series costs beside them."""
        return sum(one.times.nbytes for one in self._all_clocks()) + sum(
            SERIES_BYTES + line.values.nbytes for line in self._lines.values()
        )

    def append(self, labels: Labels, at: float, value: float) -> None:
        """Store one sample (Unix seconds)."""
        with self._lock:
            self._append(labels, round(at * 1000), value)

    def scrape(self, target: str, at: float, samples: Iterable[Sample]) -> None:
        """Store one scrape of a target; series that it no longer has end with a marker. Empty: it failed."""
        at_ms = round(at * 1000)
        with self._lock:
            clock = self._clocks.setdefault(target, Clock())
            fresh = clock.append(at_ms)
            seen: set[Line] = set()
            for labels, value, own_time in samples:
                if own_time is not None:
                    self._append(labels, round(own_time * 1000), value)
                    continue
                line = self._scraped(labels, clock, value) if fresh else self._lines.get(labels)
                if line is not None:
                    seen.add(line)
            for gone in self._last_scrape.get(target, set()) - seen:
                if fresh:
                    self._scraped(gone.labels, clock, STALE_NAN)
            self._last_scrape[target] = seen
            grown = (self.sample_count - self._swept_at_count) * np.float64().nbytes
            if at_ms >= self._next_sweep_ms or grown > self.max_bytes // 16:
                self._sweep(at_ms)

    def select(self, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> list[Stored]:
        """All series that match, each with its samples in [start, end], sorted by labels."""
        return list(self.scan(matchers, start_ms, end_ms))

    def scan(self, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> Iterator[Stored]:
        """What `select` finds, as it stands at the first look, one after the other: not all need memory at once."""
        spans: dict[Clock, tuple[int, int]] = {}
        times: dict[tuple[Clock, int, int], Cut[np.int64]] = {}
        found = []
        with self._lock:
            for line in self._choose(tuple(matchers)):
                clock = line.clock
                if clock not in spans:
                    spans[clock] = clock.numbers(start_ms, end_ms)
                low, high = max(spans[clock][0], line.begin), min(spans[clock][1], line.end)
                if low < high:
                    key = clock, low, high
                    if key not in times:
                        times[key] = clock.cut(low, high)
                    found.append((line.labels, key, line.values.cut(low - line.begin, high - line.begin)))
        # Sealed blocks are opened without the lock, and the times that series share only once.
        read = {key: cut.read() for key, cut in times.items()}
        for labels, key, cut in found:
            yield Stored(labels, read[key], cut.read())

    def metric_names(self) -> frozenset[str]:
        """Every metric name that has a sample."""
        with self._lock:
            return frozenset(self._by_name)

    def newest(self) -> float | None:
        """The time of the newest sample (Unix seconds); None when there is none."""
        with self._lock:
            ends = [int(line.times(line.end - 1, line.end)[0]) for line in self._lines.values()]
        return max(ends) / 1000 if ends else None

    def _choose(self, matchers: tuple[Matcher, ...]) -> list[Line]:
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
            line = self._add(Line(_interned(labels), Clock(), 0))
        elif line.clock in self._clocks.values():
            line.part_with_clock()
        self.sample_count += line.timed(at_ms, value)

    def _scraped(self, labels: Labels, clock: Clock, value: float) -> Line:
        line = self._lines.get(labels)
        if line is None:
            line = self._add(Line(_interned(labels), clock, clock.end - 1))
        if line.clock is clock:
            self.sample_count += line.scraped(value)
        else:  # it has times of its own, or another target has it, too
            self._append(labels, clock.newest_ms, value)
        return line

    def _add(self, line: Line) -> Line:
        self._lines[line.labels] = line
        self._chosen.clear()
        self._by_name.setdefault(_value(line.labels, "__name__"), set()).add(line.labels)
        return line

    def _all_clocks(self) -> set[Clock]:
        return {*self._clocks.values(), *(line.clock for line in self._lines.values())}

    def _sweep(self, now_ms: int) -> None:
        """Forget what is older than the retention; over the limit, so much more of the oldest as is too much."""
        retention_ms = int(self.retention_s * 1000)
        self._next_sweep_ms = now_ms + min(_CHECK_MS, max(1000, retention_ms // 50))
        newest, horizon = now_ms - ALWAYS_KEPT_MS, now_ms - retention_ms
        self._forget_before(horizon)
        for _ in range(_MOST_PASSES):
            held = self.nbytes
            span = newest - max(horizon, self._oldest_ms())
            if held <= self.max_bytes or span <= 0:
                break
            horizon = newest - int(span * 0.95 * self.max_bytes / held)
            self._forget_before(horizon)
        self._swept_at_count = self.sample_count

    def _oldest_ms(self) -> int:
        return min(
            (
                int(one.cut(one.first, one.first + 1).read()[0])
                for one in self._all_clocks()
                if len(one.times)
            ),
            default=0,
        )

    def _forget_before(self, at_ms: int) -> None:
        for clock in self._all_clocks():
            clock.forget_before(at_ms)
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


def _interned(labels: Labels) -> Labels:
    """With names and values that all series share."""
    return tuple((sys.intern(name), sys.intern(value)) for name, value in labels)


def _value(labels: Labels, name: str) -> str:
    """A label's value; a label that is not there is empty."""
    for label, value in labels:
        if label == name:
            return value
    return ""
