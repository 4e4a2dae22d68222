"""The ring forgets what is old, keeps within its limit, and takes few bytes a sample."""

from __future__ import annotations

from math import isnan, nan

from hypothesis import given
from hypothesis import strategies as st

from signals.ring import Matcher, Ring, Sample


def labels(index: int) -> tuple[tuple[str, str], ...]:
    return (("__name__", "m"), ("i", str(index)))


def test_old_samples_and_dead_series_are_forgotten() -> None:
    ring = Ring(retention_s=100, max_samples=10**6)
    ring.scrape("t", 0, [Sample(labels(0), 1.0)])
    for at in range(10, 400, 10):
        ring.scrape("t", at, [Sample(labels(1), 1.0)])
    assert ring.series_count == 1
    assert ring.sample_count <= 12
    assert not ring.select([Matcher("i", "=", "0")], 0, 10**9)


def test_the_limit_holds_even_within_the_retention() -> None:
    ring = Ring(retention_s=1e6, max_samples=1000)
    for at in range(500):
        ring.scrape("t", at, [Sample(labels(i), 1.0) for i in range(10)])
    assert ring.sample_count <= 1010
    newest = ring.select([Matcher("__name__", "=", "m")], 499_000, 499_000)
    assert len(newest) == 10


def test_a_sample_takes_at_most_24_bytes() -> None:
    ring = Ring(retention_s=3600, max_samples=10**7)
    for at in range(0, 7200, 15):
        ring.scrape("t", at, [Sample(labels(i), float(at)) for i in range(50)])
    assert ring.nbytes / ring.sample_count <= 24


def test_readers_keep_what_they_were_given_while_the_ring_moves_on() -> None:
    ring = Ring(retention_s=50, max_samples=10**6)
    for at in range(100):
        ring.append(labels(0), at, float(at))
    seen = ring.select([Matcher("__name__", "=", "m")], 0, 10**9)[0]
    before = seen.values.copy()
    for at in range(100, 1000):
        ring.scrape("t", at, [Sample(labels(0), float(at))])
    assert (seen.values == before).all()


def test_matchers_match_whole_values_and_missing_labels_as_empty() -> None:
    ring = Ring(1e9, 100)
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
    ring = Ring(retention_s=100, max_samples=10**6)
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
    ring = Ring(retention_s=100, max_samples=10**6)
    ring.scrape("t", 0, [Sample(labels(0), 1.0)])
    ring.scrape("t", 1000, [Sample(labels(1), 1.0)])
    ring.scrape("t", 1010, [Sample(labels(0), 2.0)])
    assert len(ring.select([Matcher("i", "=", "0")], 0, 10**9)) == 1


SCRAPES = st.lists(
    st.tuples(
        st.sampled_from("ab"),  # the target
        st.integers(1, 3),  # seconds since the scrape before
        st.dictionaries(st.integers(0, 3), st.none() | st.integers(0, 40), max_size=4),  # series, own time
    ),
    max_size=30,
)


@given(SCRAPES)
def test_samples_are_those_of_series_that_each_keep_their_own_times(
    scrapes: list[tuple[str, int, dict[int, int | None]]],
) -> None:
    ring, now, value = Ring(10**6, 10**6), 0, 0.0
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
        for sample in samples:
            at = now if sample.at is None else int(sample.at)
            store(int(dict(sample.labels)["i"]), at, sample.value)
        plain = {index for index, own in page.items() if own is None}
        for gone in last.get(target, set()) - plain:
            store(gone, now, nan)
        last[target] = plain
    for index, kept in model.items():
        (found,) = ring.select([Matcher("i", "=", str(index))], 0, 10**9)
        pairs = [
            (at // 1000, one) for at, one in zip(found.times.tolist(), found.values.tolist(), strict=True)
        ]
        assert [pair for pair in pairs if not isnan(pair[1])] == [one for one in kept if not isnan(one[1])]
        assert isnan(pairs[-1][1]) == isnan(kept[-1][1])
        markers = {at for at, one in pairs if isnan(one)}
        assert {at for at, one in kept if isnan(one)} <= markers, "a marker stands where the series vanished"


def test_a_series_that_comes_back_after_some_scrapes_keeps_its_times() -> None:
    ring = Ring(10**6, 10**6)
    for at, value in ((0, 1.0), (10, None), (20, None), (30, None), (40, 2.0)):
        ring.scrape("t", at, [] if value is None else [Sample(labels(0), value)])
    (found,) = ring.select([Matcher("i", "=", "0")], 0, 10**9)
    pairs = zip(found.times.tolist(), found.values.tolist(), strict=True)
    assert [(at, one) for at, one in pairs if not isnan(one)] == [(0, 1.0), (40_000, 2.0)]


def test_series_of_one_target_share_their_times() -> None:
    ring = Ring(retention_s=3600, max_samples=10**7)
    for at in range(0, 7200, 15):
        ring.scrape("t", at, [Sample(labels(i), float(at)) for i in range(50)])
    assert ring.nbytes / ring.sample_count <= 10
