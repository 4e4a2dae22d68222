"""Whose month it is: the bill's time zone, its clocks that go forward and back, and the first minutes."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from panels.costs.calendar import days_between, month_of

HOUR, DAY = 3600.0, 86_400.0
BERLIN, SHANGHAI, NEW_YORK = (
    ZoneInfo("Europe/Berlin"),
    ZoneInfo("Asia/Shanghai"),
    ZoneInfo("America/New_York"),
)


def at(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> float:
    return datetime(year, month, day, hour, minute, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("year", "month", "days"), [(2026, 11, 30), (2026, 12, 31), (2028, 2, 29), (2026, 2, 28)]
)
def test_a_month_is_that_of_the_calendar(year: int, month: int, days: int) -> None:
    seen = month_of(at(year, month, 17, 13), UTC)
    assert ((seen.end - seen.start) / DAY, seen.start) == (days, at(year, month, 1))
    assert month_of(seen.start, UTC).start == seen.start
    assert month_of(seen.end - 1, UTC).start == seen.start
    assert month_of(seen.end, UTC).start == seen.end


@pytest.mark.parametrize(
    ("zone", "now", "start", "hours"),
    [
        (SHANGHAI, at(2026, 10, 31, 17), at(2026, 10, 31, 16), 720),  # there it is November already
        (NEW_YORK, at(2026, 11, 1, 3), at(2026, 10, 1, 4), 744),  # and there still October
        (BERLIN, at(2026, 3, 31), at(2026, 2, 28, 23), 743),  # clocks went forward
        (BERLIN, at(2026, 10, 26), at(2026, 9, 30, 22), 745),  # and back
        (NEW_YORK, at(2026, 11, 20), at(2026, 11, 1, 4), 721),
    ],
)
def test_a_month_begins_at_midnight_of_the_bill(zone: ZoneInfo, now: float, start: float, hours: int) -> None:
    seen = month_of(now, zone)
    assert (seen.start, (seen.end - seen.start) / HOUR) == (start, hours)


def test_days_have_as_many_hours_as_the_clocks_make_of_them() -> None:
    october = month_of(at(2026, 10, 31, 12), BERLIN)
    hours = [(end - start) / HOUR for start, end in days_between(october.start, october.end, BERLIN)]
    assert hours == [24] * 24 + [25] + [24] * 6
    march = month_of(at(2026, 3, 31, 12), BERLIN)
    assert min((end - start) / HOUR for start, end in days_between(march.start, march.end, BERLIN)) == 23


def test_the_window_of_the_month_is_never_empty_and_its_first_minutes_are_young() -> None:
    assert month_of(at(2026, 11, 11), UTC).window == "14400m"
    first = month_of(at(2026, 11, 1), UTC)
    assert (first.window, first.is_young) == ("1m", True)
    assert not month_of(at(2026, 11, 1, 0, 5), UTC).is_young
