"""Samples in memory, bounded: what the direct scrape remembers and the evaluator reads.

A series is two numpy arrays (milliseconds as int64, values as float64: 16 bytes a sample, a quarter more while it
grows). A series that vanishes from its target gets a staleness marker, as Prometheus gives it.
"""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    from signals.reading import Labels

STALE_BITS = 0x7FF0000000000002
"""The bit pattern of a staleness marker (prometheus/prometheus, model/value/value.go)."""
STALE_NAN = float(np.array([STALE_BITS], dtype=np.uint64).view(np.float64)[0])

_FIRST_CAPACITY = 16
_GROWTH = 1.25
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


@dataclass(slots=True)
class _Line:
    """A growing series. Readers get views of a part that is never written again."""

    labels: Labels
    times: NDArray[np.int64] = field(default_factory=lambda: np.empty(_FIRST_CAPACITY, np.int64))
    values: NDArray[np.float64] = field(default_factory=lambda: np.empty(_FIRST_CAPACITY, np.float64))
    start: int = 0
    end: int = 0
    newest_ms: int = -(2**62)

    def append(self, at_ms: int, value: float) -> bool:
        """Add a sample; one that is not newer than the last is left out, as Prometheus does."""
        if at_ms <= self.newest_ms:
            return False
        if self.end == len(self.times):
            size = max(_FIRST_CAPACITY, int((self.end - self.start) * _GROWTH) + 1)
            for name in ("times", "values"):
                old = getattr(self, name)
                new = np.empty(size, old.dtype)
                new[: self.end - self.start] = old[self.start : self.end]
                setattr(self, name, new)
            self.start, self.end = 0, self.end - self.start
        self.times[self.end], self.values[self.end] = at_ms, value
        self.end += 1
        self.newest_ms = at_ms
        return True

    def between(self, start_ms: int, end_ms: int) -> slice:
        """Where the samples in [start, end] lie."""
        kept = self.times[self.start : self.end]
        low = self.start + int(kept.searchsorted(start_ms))
        high = self.end if self.newest_ms <= end_ms else self.start + int(kept.searchsorted(end_ms + 1))
        return slice(low, high)

    def forget_before(self, at_ms: int) -> int:
        """Drop samples older than `at_ms`; returns how many."""
        kept = self.start + int(np.searchsorted(self.times[self.start : self.end], at_ms))
        dropped, self.start = kept - self.start, kept
        return dropped


class Ring:
    """Series by labels, with an index by metric name. One writer, many readers."""

    def __init__(self, retention_s: float, max_samples: int) -> None:
        self.retention_s = retention_s
        self.max_samples = max_samples
        self.sample_count = 0
        self._lines: dict[Labels, _Line] = {}
        self._by_name: dict[str, set[Labels]] = {}
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
        return sum(line.times.nbytes + line.values.nbytes for line in self._lines.values())

    def append(self, labels: Labels, at: float, value: float) -> None:
        """Store one sample (Unix seconds)."""
        with self._lock:
            self._append(labels, round(at * 1000), value)

    def scrape(self, target: str, at: float, samples: Iterable[Sample]) -> None:
        """Store one scrape of a target; series that it no longer has end with a marker. Empty: it failed."""
        at_ms = round(at * 1000)
        with self._lock:
            seen: set[Labels] = set()
            for labels, value, own_time in samples:
                if own_time is None:
                    seen.add(labels)
                self._append(labels, at_ms if own_time is None else round(own_time * 1000), value)
            for gone in self._last_scrape.get(target, set()) - seen:
                self._append(gone, at_ms, STALE_NAN)
            self._last_scrape[target] = seen
            if at_ms >= self._next_sweep_ms or self.sample_count > self.max_samples:
                self._sweep(at_ms)

    def select(self, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> list[Stored]:
        """All series that match, each with its samples in [start, end], sorted by labels."""
        found: list[Stored] = []
        with self._lock:
            for line in self._choose(tuple(matchers)):
                part = line.between(start_ms, end_ms)
                if part.stop > part.start:
                    found.append(Stored(line.labels, line.times[part], line.values[part]))
        return found

    def metric_names(self) -> frozenset[str]:
        """Every metric name that has a sample."""
        with self._lock:
            return frozenset(self._by_name)

    def newest(self) -> float | None:
        """The time of the newest sample (Unix seconds); None when there is none."""
        with self._lock:
            return max(line.newest_ms for line in self._lines.values()) / 1000 if self._lines else None

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
            line = self._lines[labels] = _Line(labels)
            self._chosen.clear()
            self._by_name.setdefault(_value(labels, "__name__"), set()).add(labels)
        self.sample_count += line.append(at_ms, value)

    def _sweep(self, now_ms: int) -> None:
        """Forget what is older than the retention; over the limit, forget the oldest tenth more each time."""
        retention_ms = self.retention_s * 1000
        horizon = now_ms - int(retention_ms)
        self._next_sweep_ms = now_ms + max(1000, int(retention_ms / 50))
        while True:
            for labels in list(self._lines):
                line = self._lines[labels]
                self.sample_count -= line.forget_before(horizon)
                if line.start == line.end:
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
