"""What the month will cost: from days where a week of them was seen, else from the rates of now, and never calmer than known."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import pytest

from panels.costs.calendar import month_of
from panels.costs.projection import RATES, Day, days_of, project_month

DAY, HOUR = 86_400.0, 3600.0
NOON = datetime(2026, 11, 11, tzinfo=UTC).timestamp()  # ten of thirty days are over
NOVEMBER = month_of(NOON, UTC)
EVEN = {window: seconds / DAY for window, seconds in RATES.items()}  # one dollar a day


def days(*usd: float | None, until: float = NOON) -> tuple[Day, ...]:
    """Whole days up to `until`, the last one last."""
    first = until - len(usd) * DAY
    return tuple(
        Day(first + DAY * index, first + DAY * (index + 1), money, 0 if money is None else 24)
        for index, money in enumerate(usd)
    )


@pytest.mark.parametrize(
    ("spent", "by_window", "covered_s", "expected"),
    [
        (10, EVEN, None, (30, 30)),
        (10, EVEN | {"1h": 4 / 24}, None, (30, 90)),  # the last hour costs four times as much
        (10, EVEN | {"1h": 0.0}, None, (10, 30)),  # or nothing
        # a day was seen, and each window is cut to it
        (1, dict.fromkeys(RATES, 1.0), DAY, (1 + 20, 1 + 24 * 29)),
        (10, {}, None, None),
        (math.nan, EVEN, None, None),
    ],
)
def test_of_a_short_history_the_range_is_that_of_the_rates(
    spent: float, by_window: dict[str, float], covered_s: float | None, expected: tuple[float, float] | None
) -> None:
    found = project_month(spent, by_window, NOVEMBER, covered_s)
    assert (None if found is None else [found.low, found.high]) == (
        None if expected is None else pytest.approx(list(expected))
    )


def test_hours_without_data_may_have_cost_as_much_as_the_highest_rate() -> None:
    seen = project_month(10, EVEN, NOVEMBER, None, gaps_s=12 * HOUR)
    assert seen is not None
    assert [seen.low, seen.high] == [pytest.approx(30), pytest.approx(30.5)]


def test_a_month_that_has_just_begun_is_not_zero_and_is_foretold_from_what_went_before() -> None:
    first = month_of(datetime(2026, 11, 1, 0, 2, tzinfo=UTC).timestamp(), UTC)
    seen = project_month(math.nan, EVEN, first, None)
    assert seen is not None
    assert seen.spent is None
    assert [seen.low, seen.high] == [pytest.approx(30, abs=0.01), pytest.approx(30)]


def test_days_that_are_alike_leave_no_doubt_and_a_peak_of_an_hour_does_not_count() -> None:
    rates = EVEN | {"1h": 20 / 24, "6h": 0.0}
    seen = project_month(10, rates, NOVEMBER, None, days=days(*[1.0] * 10), zone=UTC)
    assert seen is not None
    assert [seen.low, seen.high] == [pytest.approx(30), pytest.approx(30)]
    assert (seen.basis, seen.days) == ("days", 10)


def test_the_range_is_the_prediction_interval_of_the_days_that_are_left() -> None:
    """Ten days of 0 and 2 in turn: s = 1.0541; 20 days ahead: 1.96 s sqrt(20 + 400 / 10) = 16.003."""
    seen = project_month(10, EVEN, NOVEMBER, None, days=days(*[0.0, 2.0] * 5), zone=UTC)
    assert seen is not None
    assert [seen.low, seen.high] == [
        pytest.approx(30 - 16.003, abs=1e-3),
        pytest.approx(30 + 16.003, abs=1e-3),
    ]


def test_from_two_weeks_on_weekends_are_weekends() -> None:
    """12 to 30 November 2026 begin on a Thursday: 14 working days of 2, 6 days off of nothing."""
    four_weeks = [0.0 if (day + 2) % 7 in (5, 6) else 2.0 for day in range(28)]
    ending = days(*four_weeks)
    assert datetime.fromtimestamp(ending[0].start, UTC).weekday() == 2
    rates = {"1d": 2.0 * 14 / 20 * 1, "7d": 14 / 20 * 14.0}
    seen = project_month(10, rates, NOVEMBER, None, days=ending, zone=UTC)
    assert seen is not None
    ahead = sum(2.0 for day in range(20) if (2 + day) % 7 not in (5, 6))
    assert [seen.low, seen.high] == [pytest.approx(10 + ahead), pytest.approx(10 + ahead)]


def test_a_level_that_has_changed_since_widens_the_range() -> None:
    rates = EVEN | {"1d": 3.0}
    seen = project_month(10, rates, NOVEMBER, None, days=days(*[1.0] * 10), zone=UTC)
    assert seen is not None
    assert [seen.low, seen.high] == [pytest.approx(30), pytest.approx(70)]


def test_days_of_which_hours_are_missing_foretell_nothing() -> None:
    torn = tuple(Day(day.start, day.end, day.usd, 23) for day in days(*[1.0] * 10))
    seen = project_month(10, EVEN, NOVEMBER, None, days=torn, zone=UTC)
    assert seen is not None
    assert seen.basis == "rates"


def test_hours_fall_into_the_days_of_the_bill() -> None:
    start = NOON - 2 * DAY
    times = [start + HOUR * hour for hour in range(1, 31)]
    first, second = days_of(times, [0.5] * 30, start, start + 30 * HOUR, UTC)
    assert (first.usd, first.is_whole) == (12.0, True)
    assert (second.usd, second.hours, second.is_whole) == (3.0, 6, False)
