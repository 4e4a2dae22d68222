"""The community behaves the same for the same seed, and has a day."""

from __future__ import annotations

import pytest

from sandbox.community import BURSTS, DAY_S, PEAK_PER_S, arrivals, asks_per_s


def test_the_same_seed_asks_at_the_same_moments_and_another_does_not() -> None:
    assert list(arrivals(7, 300)) == list(arrivals(7, 300))
    assert list(arrivals(7, 300)) != list(arrivals(8, 300))


def test_there_is_an_evening_peak_and_a_quiet_night() -> None:
    rates = [asks_per_s(second) for second in range(int(DAY_S))]
    assert min(rates) >= 0
    assert max(rates) <= PEAK_PER_S, "thinning needs a bound above every rate"
    assert max(rates) > 4 * min(rates)


def test_as_many_ask_as_the_day_says() -> None:
    days = 20
    expected = sum(asks_per_s(second) for second in range(int(DAY_S))) * days
    count = sum(1 for _ in arrivals(1, DAY_S * days))
    assert count == pytest.approx(expected, abs=4 * expected**0.5)


def test_bursts_come_at_their_moments_and_end() -> None:
    for start in BURSTS:
        assert asks_per_s(start + 1) > asks_per_s(start - 1) + 0.9
        assert asks_per_s(start + 20) < asks_per_s(start + 1) - 0.9
