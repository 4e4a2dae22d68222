"""The ring forgets what is old, keeps within its limit, and takes few bytes a sample."""

from __future__ import annotations

import random
import sys
import threading
from math import isnan, nan

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from signals.store import column
from signals.store.ring import Matcher, Ring, Sample, Stored
from signals.store.series_buffer import STALE_NAN


def labels(index: int) -> tuple[tuple[str, str], ...]:
    return (("__name__", "m"), ("i", str(index)))


def test_old_samples_and_dead_series_are_forgotten() -> None:
    ring = Ring(retention_s=100)
    ring.scrape("t", 0, [Sample(labels(0), 1.0)])
    for at in range(10, 400, 10):
        ring.scrape("t", at, [Sample(labels(1), 1.0)])
    assert ring.series_count == 1
    assert ring.sample_count <= 12
    assert not ring.select([Matcher("i", "=", "0")], 0, 10**9)


def test_the_limit_holds_even_within_the_retention() -> None:
    ring, chance, limit = Ring(retention_s=1e6, max_bytes=100_000), random.Random(1), 100_000
    for at in range(0, 40_000, 10):
        ring.scrape("t", at, [Sample(labels(i), chance.random()) for i in range(10)])
        assert ring.nbytes <= limit * 17 / 16
        assert at < 20_000 or ring.nbytes >= limit * 0.75, "no more is forgotten than has to be"
    (oldest, *_) = kept = ring.select([Matcher("__name__", "=", "m")], 0, 10**9)
    assert len(kept) == 10
    assert kept[0].times[-1] == 39_990_000
    assert len(oldest.times) > 900


def test_a_sample_takes_at_most_24_bytes() -> None:
    ring = Ring(retention_s=3600)
    for at in range(0, 7200, 15):
        ring.scrape("t", at, [Sample(labels(i), float(at)) for i in range(50)])
    assert ring.nbytes / ring.sample_count <= 24


def test_readers_keep_what_they_were_given_while_the_ring_moves_on() -> None:
    ring = Ring(retention_s=50)
    for at in range(100):
        ring.append(labels(0), at, float(at))
    seen = ring.select([Matcher("__name__", "=", "m")], 0, 10**9)[0]
    before = seen.values.copy()
    for at in range(100, 1000):
        ring.scrape("t", at, [Sample(labels(0), float(at))])
    assert (seen.values == before).all()


def test_matchers_match_whole_values_and_missing_labels_as_empty() -> None:
    ring = Ring(1e9)
    ring.append((("__name__", "m"), ("code", "404")), 1, 1.0)
    ring.append((("__name__", "m"),), 1, 2.0)

    def found(*matchers: Matcher) -> int:
        return len(ring.select([Matcher("__name__", "=", "m"), *matchers], 0, 10_000))

    assert found(Matcher("code", "=~", "4")) == 0
    assert found(Matcher("code", "=~", "4..")) == 1
    assert found(Matcher("code", "=", "")) == 1
    assert found(Matcher("code", "!~", "4..")) == 1
    assert found(Matcher("code", "!=", "x")) == 2


def test_a_selection_sees_series_that_came_and_went_since() -> None:
    ring = Ring(retention_s=100)
    name = Matcher("__name__", "=", "m")

    def seen() -> list[str]:
        return [dict(stored.labels)["i"] for stored in ring.select([name], 0, 10**9)]

    ring.scrape("t", 0, [Sample(labels(1), 1.0)])
    assert seen() == ["1"]
    ring.scrape("t", 10, [Sample(labels(0), 1.0)])
    assert seen() == ["0", "1"]
    ring.scrape("t", 200, [Sample(labels(2), 1.0)])
    assert seen() == ["0", "2"]  # the marker of 0 is new; 1 is forgotten


def test_a_series_that_was_forgotten_may_come_back() -> None:
    ring = Ring(retention_s=100)
    ring.scrape("t", 0, [Sample(labels(0), 1.0)])
    ring.scrape("t", 1000, [Sample(labels(1), 1.0)])
    ring.scrape("t", 1010, [Sample(labels(0), 2.0)])
    assert len(ring.select([Matcher("i", "=", "0")], 0, 10**9)) == 1


def test_the_last_five_minutes_stay_however_many_series_there_are() -> None:
    ring = Ring(retention_s=3600, max_bytes=1)
    for at in range(0, 1800, 15):
        ring.scrape("t", at, [Sample(labels(i), float(at)) for i in range(20)])
    kept = ring.select([Matcher("__name__", "=", "m")], 0, 10**9)
    assert [len(one.times) for one in kept] == [21] * 20


def test_series_that_come_and_go_do_not_fill_the_memory() -> None:
    ring = Ring(retention_s=86_400, max_bytes=200_000)
    for at in range(0, 20_000, 60):
        ring.scrape("t", at, [Sample(labels(i), 1.0) for i in range(at, at + 3)])
    assert ring.nbytes <= 200_000 * 17 / 16
    assert ring.series_count < 200


def test_one_writer_and_many_readers_never_see_a_half_sealed_series(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(column, "BLOCK_SIZE", 4)
    switches = sys.getswitchinterval()
    ring, done = Ring(retention_s=400), threading.Event()
    wrong: list[Stored] = []
    read_count = [0]

    def read() -> None:
        while not done.is_set():
            seen = ring.select([Matcher("__name__", "=", "m")], 0, 10**9)
            read_count[0] += 1
            wrong.extend(one for one in seen if (one.values * 1000 != one.times).any())

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    try:
        sys.setswitchinterval(1e-6)  # so that threads meet often
        for at in range(2000):
            ring.scrape("t", at, [Sample(labels(i), float(at)) for i in range(3)])
    finally:
        sys.setswitchinterval(switches)
        done.set()
        for reader in readers:
            reader.join()
    assert read_count[0] > 20
    assert not wrong


SCRAPES = st.lists(
    st.tuples(
        st.sampled_from("ab"),  # the target
        st.integers(1, 3),  # seconds since the scrape before
        st.dictionaries(st.integers(0, 3), st.none() | st.integers(0, 40), max_size=4),  # series, own time
    ),
    max_size=60,
)


@example([("a", 1, {0: None}), ("a", 1, {}), ("a", 3, {}), ("a", 3, {}), ("a", 1, {0: None})], 5, (0, 0))
@example(
    [
        ("a", 1, {0: None, 1: None}),
        ("b", 3, {}),
        ("b", 3, {0: None, 1: 0}),
        ("a", 1, {}),
        ("a", 1, {}),
        ("a", 1, {1: None}),
    ],
    5,
    (0, 0),
)
@given(SCRAPES, st.integers(5, 60), st.tuples(st.integers(0, 90), st.integers(0, 90)))
def test_samples_are_those_of_series_that_each_keep_their_own_times(
    scrapes: list[tuple[str, int, dict[int, int | None]]], retention_s: int, look: tuple[int, int]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(column, "BLOCK_SIZE", 4)  # so that a few samples fill some
        compare_with_plain_lists(scrapes, retention_s, look)


def compare_with_plain_lists(
    scrapes: list[tuple[str, int, dict[int, int | None]]], retention_s: int, look: tuple[int, int]
) -> None:
    ring, whole, now, value = Ring(retention_s), Ring(10**6), 0, 0.0
    model: dict[int, list[tuple[int, float]]] = {}
    last: dict[str, set[int]] = {}

    def store(index: int, at: int, stored: float) -> None:
        kept = model.setdefault(index, [])
        if not kept or at > kept[-1][0]:
            kept.append((at, stored))

    for target, later, page in scrapes:
        now, samples = now + later, []
        for index, own in page.items():
            value += 1
            samples.append(Sample(labels(index), value, None if own is None else float(own)))
        ring.scrape(target, now, samples)
        whole.scrape(target, now, samples)
        for sample in samples:
            at = now if sample.at is None else int(sample.at)
            store(int(dict(sample.labels)["i"]), at, sample.value)
        plain = {index for index, own in page.items() if own is None}
        for gone in last.get(target, set()) - plain:
            store(gone, now, nan)
        last[target] = plain
    for index, kept in model.items():
        (found,) = whole.select([Matcher("i", "=", str(index))], 0, 10**9)
        pairs = [
            (at // 1000, one) for at, one in zip(found.times.tolist(), found.values.tolist(), strict=True)
        ]
        assert [pair for pair in pairs if not isnan(pair[1])] == [one for one in kept if not isnan(one[1])]
        assert isnan(pairs[-1][1]) == isnan(kept[-1][1])
        markers = {at for at, one in pairs if isnan(one)}
        assert {at for at, one in kept if isnan(one)} <= markers, "a marker stands where the series vanished"
        start, end = min(look) * 1000, max(look) * 1000
        assert part(whole, index, start, end) == cut(part(whole, index, 0, 10**9), start, end)
        remembered, everything = part(ring, index, 0, 10**9), part(whole, index, 0, 10**9)
        # A series that was forgotten whole and comes back begins anew: without the markers of its absence.
        measured, all_measured = without_markers(remembered), without_markers(everything)
        assert measured == all_measured[len(all_measured) - len(measured) :], "only the oldest go"
        within = cut(all_measured, (now - retention_s) * 1000, 10**9)
        assert len(measured) >= len(within), "and only after their time"
        assert not remembered or (remembered[-1] in measured) == (everything[-1] in all_measured)
        assert part(ring, index, start, end) == cut(remembered, start, end)


def part(ring: Ring, index: int, start: int, end: int) -> list[tuple[int, bytes]]:
    """Times and bits of a series."""
    return [
        (at, np.float64(value).tobytes())
        for one in ring.select([Matcher("i", "=", str(index))], start, end)
        for at, value in zip(one.times.tolist(), one.values, strict=True)
    ]


def without_markers(samples: list[tuple[int, bytes]]) -> list[tuple[int, bytes]]:
    """What was measured."""
    return [sample for sample in samples if sample[1] != np.float64(STALE_NAN).tobytes()]


def cut(samples: list[tuple[int, bytes]], start: int, end: int) -> list[tuple[int, bytes]]:
    """As a plain list does it."""
    return [sample for sample in samples if start <= sample[0] <= end]


def test_a_series_that_comes_back_after_some_scrapes_keeps_its_times() -> None:
    ring = Ring(10**6)
    for at, value in ((0, 1.0), (10, None), (20, None), (30, None), (40, 2.0)):
        ring.scrape("t", at, [] if value is None else [Sample(labels(0), value)])
    (found,) = ring.select([Matcher("i", "=", "0")], 0, 10**9)
    pairs = zip(found.times.tolist(), found.values.tolist(), strict=True)
    assert [(at, one) for at, one in pairs if not isnan(one)] == [(0, 1.0), (40_000, 2.0)]


def test_series_of_one_target_share_their_times() -> None:
    def held(*, own: bool) -> int:
        ring, chance, at = Ring(retention_s=10**6), random.Random(1), 0.0
        for _ in range(2000):
            at += 15 + chance.random()
            ring.scrape("t", at, [Sample(labels(i), 1.0, at if own else None) for i in range(20)])
        return ring.nbytes

    assert held(own=False) < held(own=True) / 2


def test_series_with_times_of_their_own_are_read_together_where_these_are_the_same() -> None:
    ring = Ring(retention_s=10**6)
    for at in range(600):
        for index in range(4):
            ring.append(labels(index), at + (index == 2) * 0.5, float(at * index))
    scan = ring.scan([Matcher("__name__", "=", "m")], 100_000, 500_000)
    parts = list(scan.parts(10**6))
    assert sorted(part.rows.tolist() for part in parts) == [[0, 1, 3], [2]]
    for part in parts:
        for row, values in zip(part.rows.tolist(), part.values, strict=True):
            assert (values == part.times // 1000 * row).all()
