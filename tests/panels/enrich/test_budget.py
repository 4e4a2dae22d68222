"""The month's money: what was seen, and an honest range for what is not over yet."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import pytest

from core.errors import Unreachable
from core.message import say
from panels.enrich.budget import RATES, contribute, month_bounds, month_window, project_month
from panels.fold import Contribution
from panels.spec import Budget, PanelSpec
from signals.reading import Answer, Series
from tests.panels.judged import judge_panel
from tui.i18n import Language

DAY = 86_400.0
NOON = datetime(2026, 11, 11, tzinfo=UTC).timestamp()  # ten of thirty days are over
EVEN = {window: seconds / DAY for window, seconds in RATES.items()}  # one dollar a day


@pytest.mark.parametrize(
    ("year", "month", "days"), [(2026, 11, 30), (2026, 12, 31), (2028, 2, 29), (2026, 2, 28)]
)
def test_a_month_is_that_of_the_calendar(year: int, month: int, days: int) -> None:
    start, end = month_bounds(datetime(year, month, 17, 13, tzinfo=UTC).timestamp())
    assert (end - start) / DAY == days
    assert start == datetime(year, month, 1, tzinfo=UTC).timestamp()
    assert month_bounds(start) == (start, end)


def test_the_window_of_the_month_is_never_empty() -> None:
    assert month_window(NOON) == "14400m"
    assert month_window(month_bounds(NOON)[0]) == "1m"


@pytest.mark.parametrize(
    ("spent", "by_window", "covered_s", "expected"),
    [
        (10, EVEN, None, (30, 30)),
        (10, EVEN | {"1h": 4 / 24}, None, (30, 90)),  # the last hour costs four times as much
        (10, EVEN | {"1h": 0.0}, None, (10, 30)),  # or nothing
        (
            1,
            dict.fromkeys(RATES, 1.0),
            DAY,
            (1 + 20, 1 + 24 * 29),
        ),  # a day was seen, and each window is cut to it
        (10, {}, None, None),
        (math.nan, EVEN, None, None),
    ],
)
def test_the_range_of_the_month(
    spent: float, by_window: dict[str, float], covered_s: float | None, expected: tuple[float, float] | None
) -> None:
    found = project_month(spent, by_window, NOON, covered_s)
    assert (None if found is None else [found.low, found.high]) == (
        None if expected is None else pytest.approx(list(expected))
    )


def answer(value: float) -> Answer:
    return Answer("m", "vector", (Series((), (NOON,), (value,)),), "test", NOON)


@pytest.mark.parametrize(
    ("spent", "hour", "limit", "covered_s", "verdict", "reason"),
    [
        (10, 1 / 24, 100, None, "ok", "all values are within their limits"),
        (10, 8 / 24, 100, None, "warn", "projected up to $170.00 this month, over the budget of $100.00"),
        (10, 1 / 24, 25, None, "burning", "projected $30.00 to $30.00 this month, over the budget of $25.00"),
        (26, 0, 25, None, "burning", "spent $26.00 this month, over the budget of $25.00"),
        (1, 5, 25, 600, "ok", "all values are within their limits"),  # ten minutes foretell no month
        (
            26,
            5,
            25,
            600,
            "burning",
            "spent $26.00 this month (only 10 min seen), over the budget of $25.00",
        ),
    ],
)
def test_the_budget_is_judged(  # noqa: PLR0917  # the columns of the table
    spent: float, hour: float, limit: float, covered_s: float | None, verdict: str, reason: str
) -> None:
    asked = {window: answer(hour if window == "1h" else money) for window, money in EVEN.items()}
    budget = Budget(monthly_usd=limit, spend="s[$window]")
    enriched = [contribute(budget, asked, answer(spent), now=NOON, covered_s=covered_s)]
    state = judge_panel(PanelSpec(id="cost", title="Cost"), {}, NOON, enriched=enriched)
    assert (state.verdict, Language("en").say(state.reason)) == (verdict, reason)
    assert [reading.name for reading in state.readings] == [
        "month to date",
        "month, at least",
        "month, at most",
    ]


def test_without_an_answer_there_is_no_projection() -> None:
    down = Unreachable(say("signals.no_source"))
    budget = Budget(spend="s")
    nothing = contribute(budget, dict.fromkeys(RATES, down), down, now=NOON, covered_s=None)
    assert nothing == Contribution()


def test_ten_seconds_foretell_no_month() -> None:
    asked = {window: answer(money) for window, money in EVEN.items()}
    short = contribute(Budget(spend="s"), asked, answer(0.1), now=NOON, covered_s=10)
    words = Language("en")
    assert not any("projected" in words.say(part.text) for part in short.parts)
    assert short.rows[1].verdict == "unknown"
    assert [words.say(cell) for cell in short.rows[1].cells] == [
        "projected month",
        "not known",
        "only 10 s seen, a month is told from an hour on",
    ]
    assert [reading.value for reading in short.readings] == [0.1, None, None]
    assert not any(reading.is_missing for reading in short.readings)
