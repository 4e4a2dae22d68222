"""Samples in memory, bounded: what the direct scrape remembers and the evaluator reads.

What a series is made of stands in `signals.store.series_buffer`, and how its values are kept in `signals.store.column`.
"""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

import numpy as np

from signals.regex import compile_regex
from signals.store.column import Column
from signals.store.label_sets import LabelSets
from signals.store.series_buffer import STALE_NAN, SeriesBuffer, Timestamps

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from signals.reading import Labels
    from signals.store.column import Cut

SERIES_BYTES = 1000
"""What a series takes beside its samples: labels, index and Python's own objects (measured)."""
MIN_RETENTION_MS = 300_000
"""However many series there are, the last five minutes stay: without them no rate is known."""

_MAX_CACHED_SELECTORS = 512
_SWEEP_INTERVAL_MS = 60_000
_MAX_SWEEP_PASSES = 8


_Layout: TypeAlias = "tuple[Timestamps, int, tuple[int, int, int]]"
"""The timestamps of a series, which of them its oldest value has, and where its values stand."""


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
        """A function that says whether a label's value matches. Raises `BadQuery` for a broken regular expression."""
        if self.op in ("=", "!="):
            wanted = self.op == "="
            return lambda text: (text == self.value) is wanted
        regex = compile_regex(self.value)
        wanted = self.op == "=~"
        return lambda text: (regex.fullmatch(text) is not None) is wanted


class Stored(NamedTuple):
    """A series as it stands: `times` in ms, ascending; `values` with staleness markers where it vanished."""

    labels: Labels
    times: NDArray[np.int64]
    values: NDArray[np.float64]


class Part(NamedTuple):
    """Series that have the same `times` (ms, ascending): `values` has a row for each, `rows` says which they are."""

    rows: NDArray[np.intp]
    times: NDArray[np.int64]
    values: NDArray[np.float64]


class Scan:
    """Series as they stood, with the labels of all that have samples; blocks are opened part by part, without the lock."""

    def __init__(
        self, labels: LabelSets, cuts: list[tuple[NDArray[np.intp], Cut[np.int64], Cut[np.float64]]]
    ) -> None:
        self.labels = labels
        self._cuts = cuts

    def parts(self, max_samples: int) -> Iterator[Part]:
        """The samples, no more at once than `max_samples` or those of one series; not in the order of the labels."""
        for rows, times_cut, values in self._cuts:
            times = times_cut.read()
            step = max(1, max_samples // len(times))
            for low in range(0, len(rows), step):
                high = min(low + step, len(rows))
                yield Part(rows[low:high], times, values.table(low, high))


class Ring:
    """Series by labels, with an index by metric name. One writer, many readers.

    It keeps within `max_bytes`, to a sixteenth and the last five minutes; the oldest samples go first.
    """

    def __init__(self, retention_s: float, max_bytes: int = sys.maxsize) -> None:
        self.retention_s = retention_s
        self.max_bytes = max_bytes
        self.sample_count = 0
        self._series: dict[Labels, SeriesBuffer] = {}
        self._by_name: dict[str, set[Labels]] = {}
        self._timestamps: dict[str, Timestamps] = {}  # by target
        self._last_scrape: dict[str, set[SeriesBuffer]] = {}
        self._lock = threading.Lock()
        self._next_sweep_ms = 0
        self._swept_at_count = 0
        # Until a series comes or goes.
        self._selected: dict[tuple[Matcher, ...], tuple[LabelSets, list[SeriesBuffer]]] = {}

    @property
    def series_count(self) -> int:
        """How many series are remembered."""
        return len(self._series)

    @property
    def nbytes(self) -> int:
        """Bytes that it takes: samples, and what each series costs beside them."""
        return sum(timestamps.times.nbytes for timestamps in self._all_timestamps()) + sum(
            SERIES_BYTES + series.values.nbytes for series in self._series.values()
        )

    def append(self, labels: Labels, at: float, value: float) -> None:
        """Store one sample (Unix seconds)."""
        with self._lock:
            self._append(labels, round(at * 1000), value)

    def scrape(self, target: str, at: float, samples: Iterable[Sample]) -> None:
        """Store one scrape of a target; series that it no longer has end with a marker. Empty: it failed."""
        at_ms = round(at * 1000)
        with self._lock:
            timestamps = self._timestamps.setdefault(target, Timestamps())
            is_new = timestamps.append(at_ms)
            seen: set[SeriesBuffer] = set()
            for labels, value, own_at in samples:
                if own_at is not None:
                    self._append(labels, round(own_at * 1000), value)
                    continue
                series = self._scraped(labels, timestamps, value) if is_new else self._series.get(labels)
                if series is not None:
                    seen.add(series)
            for vanished in self._last_scrape.get(target, set()) - seen:
                if is_new:
                    self._scraped(vanished.labels, timestamps, STALE_NAN)
            self._last_scrape[target] = seen
            grown = (self.sample_count - self._swept_at_count) * np.float64().nbytes
            if at_ms >= self._next_sweep_ms or grown > self.max_bytes // 16:
                self._sweep(at_ms)

    def select(self, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> list[Stored]:
        """All series that match, each with its samples in [start, end], sorted by labels."""
        scan = self.scan(matchers, start_ms, end_ms)
        stored = {
            row: Stored(scan.labels[row], part.times, values)
            for part in scan.parts(sys.maxsize)
            for row, values in zip(part.rows.tolist(), part.values, strict=True)
        }
        return [stored[row] for row in sorted(stored)]

    def scan(self, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> Scan:
        """The series that match and their samples in [start, end], as they stand now."""
        alike: dict[_Layout, list[int]] = {}
        cuts = []
        with self._lock:
            labels, selected = self._select(tuple(matchers))
            for row, series in enumerate(selected):
                layout = series.timestamps, series.first_index, series.values.layout()
                alike.setdefault(layout, []).append(row)
            for (timestamps, first_index, _), rows in _merged(alike).items():
                low, high = timestamps.index_range(start_ms, end_ms)
                low, high = max(low, first_index), min(high, selected[rows[0]].end_index)
                if low < high:
                    values = Column.cut(
                        [selected[row].values for row in rows], low - first_index, high - first_index
                    )
                    cuts.append((np.array(rows), timestamps.slice(low, high), values))
        alive = np.zeros(len(labels), bool)
        for own, _, _ in cuts:
            alive[own] = True
        if not alive.all():  # what is long gone takes no room in any table
            places = np.cumsum(alive) - 1
            labels, cuts = labels.only(alive), [(places[own], times, values) for own, times, values in cuts]
        return Scan(labels, cuts)

    def metric_names(self) -> frozenset[str]:
        """Every metric name that has a sample."""
        with self._lock:
            return frozenset(self._by_name)

    def newest(self) -> float | None:
        """The time of the newest sample (Unix seconds); None when there is none."""
        with self._lock:
            ends = [
                int(series.times(series.end_index - 1, series.end_index)[0])
                for series in self._series.values()
            ]
        return max(ends) / 1000 if ends else None

    def _select(self, matchers: tuple[Matcher, ...]) -> tuple[LabelSets, list[SeriesBuffer]]:
        """The series that match, sorted by labels. Panels ask the same again and again, and series rarely change."""
        selected = self._selected.get(matchers)
        if selected is None:
            tests = [(matcher.name, matcher.test()) for matcher in matchers]
            exact = next((m.value for m in matchers if m.name == "__name__" and m.op == "="), None)
            candidates = self._series if exact is None else self._by_name.get(exact, set())
            matching = sorted(
                labels for labels in candidates if all(test(_value(labels, name)) for name, test in tests)
            )
            if len(self._selected) >= _MAX_CACHED_SELECTORS:
                self._selected.clear()
            selected = LabelSets(matching), [self._series[labels] for labels in matching]
            self._selected[matchers] = selected
        return selected

    def _append(self, labels: Labels, at_ms: int, value: float) -> None:
        series = self._series.get(labels)
        if series is None:
            series = self._add(SeriesBuffer(_interned(labels), Timestamps(), 0))
        elif series.timestamps in self._timestamps.values():
            series.detach_timestamps()
        self.sample_count += series.append_at(at_ms, value)

    def _scraped(self, labels: Labels, timestamps: Timestamps, value: float) -> SeriesBuffer:
        series = self._series.get(labels)
        if series is None:
            series = self._add(SeriesBuffer(_interned(labels), timestamps, timestamps.end_index - 1))
        if series.timestamps is timestamps:
            self.sample_count += series.append_scraped(value)
        else:  # it has times of its own, or another target has it, too
            self._append(labels, timestamps.newest_ms, value)
        return series

    def _add(self, series: SeriesBuffer) -> SeriesBuffer:
        self._series[series.labels] = series
        self._selected.clear()
        self._by_name.setdefault(_value(series.labels, "__name__"), set()).add(series.labels)
        return series

    def _all_timestamps(self) -> set[Timestamps]:
        return {*self._timestamps.values(), *(series.timestamps for series in self._series.values())}

    def _sweep(self, now_ms: int) -> None:
        """Drop what is older than the retention; over the limit, so much more of the oldest as is too much."""
        retention_ms = int(self.retention_s * 1000)
        self._next_sweep_ms = now_ms + min(_SWEEP_INTERVAL_MS, max(1000, retention_ms // 50))
        newest_kept, horizon = now_ms - MIN_RETENTION_MS, now_ms - retention_ms
        self._drop_before(horizon)
        for _ in range(_MAX_SWEEP_PASSES):
            nbytes = self.nbytes
            span = newest_kept - max(horizon, self._oldest_ms())
            if nbytes <= self.max_bytes or span <= 0:
                break
            horizon = newest_kept - int(span * 0.95 * self.max_bytes / nbytes)
            self._drop_before(horizon)
        self._swept_at_count = self.sample_count

    def _oldest_ms(self) -> int:
        return min(
            (
                int(timestamps.slice(timestamps.first_index, timestamps.first_index + 1).read()[0])
                for timestamps in self._all_timestamps()
                if len(timestamps.times)
            ),
            default=0,
        )

    def _drop_before(self, at_ms: int) -> None:
        for timestamps in self._all_timestamps():
            timestamps.drop_before(at_ms)
        for labels in list(self._series):
            series = self._series[labels]
            self.sample_count -= series.drop_with_timestamps()
            if not len(series.values):
                del self._series[labels]
                self._selected.clear()
                name = _value(labels, "__name__")
                self._by_name[name].discard(labels)
                if not self._by_name[name]:
                    del self._by_name[name]


def _merged(
    alike: dict[_Layout, list[int]],
) -> dict[_Layout, list[int]]:
    """Also together what has timestamps of its own, but the same: what was appended sample by sample."""
    if len(alike) == 1:
        return alike
    firsts: dict[object, _Layout] = {}
    merged: dict[_Layout, list[int]] = {}
    for key, rows in alike.items():
        timestamps, first_index, layout = key
        first = firsts.setdefault((timestamps.content(), first_index, layout), key)
        merged.setdefault(first, []).extend(rows)
    return merged


def _interned(labels: Labels) -> Labels:
    """With names and values that all series share."""
    return tuple((sys.intern(name), sys.intern(value)) for name, value in labels)


def _value(labels: Labels, name: str) -> str:
    """A label's value; a label that is not there is empty."""
    for label, value in labels:
        if label == name:
            return value
    return ""
