"""Times and durations as people type them; what is none is refused, never guessed."""

from __future__ import annotations

import pytest

from core.times import parse_duration, parse_time


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1700000000", 1_700_000_000),
        ("1700000000.25", 1_700_000_000.25),
        ("2023-11-14T22:13:20Z", 1_700_000_000),
        ("2023-11-14T23:13:20+01:00", 1_700_000_000),
        ("2023-11-14T22:13:20", 1_700_000_000),
    ],
)
def test_a_time(text: str, seconds: float) -> None:
    assert parse_time(text) == seconds


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("15s", 15),
        ("1h30m", 5400),
        ("90", 90),
        ("500ms", 0.5),
        ("1d", 86_400),
        ("2w", 1_209_600),
        ("0.5", 0.5),
    ],
)
def test_a_duration(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "nan", "inf", "yesterday", "5 m"])
def test_what_is_neither_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        parse_time(text)
    with pytest.raises(ValueError, match=r".*"):
        parse_duration(text)


def test_units_out_of_order_are_refused() -> None:
    with pytest.raises(ValueError, match="30m1h"):
        parse_duration("30m1h")
