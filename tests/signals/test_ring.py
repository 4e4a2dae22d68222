"""The ring forgets what is old, keeps within its limit, and takes few bytes a sample."""

from __future__ import annotations

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
