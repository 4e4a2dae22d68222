"""The month's money: what was seen, and an honest range for what is not over yet."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from core.errors import SourceError, Unreachable
from core.message import say
from panels.costs.calendar import month_of
from panels.costs.month import MonthSeen
from panels.costs.projection import RATES
from panels.enrich.budget import contribute
from panels.fold import Contribution
from panels.spec import Budget, PanelSpec
from signals.reading import Answer, Series
from tests.panels.judged import judge_panel
from tui.i18n import Language

DAY = 86_400.0
NOON = datetime(2026, 11, 11, tzinfo=UTC).timestamp()  # ten of thirty days are over
EVEN = {window: seconds / DAY for window, seconds in RATES.items()}  # one dollar a day


def answer(value: float) -> Answer:
    return Answer("m", "vector", (Series((), (NOON,), (value,)),), "test", NOON)


def seen(
    by_window: dict[str, Answer | SourceError],
    spent: Answer | SourceError,
    covered_s: float | None,
    now: float = NOON,
) -> MonthSeen:
    return MonthSeen(
        month=month_of(now, UTC), spent=spent, by_window=by_window, covered_s=covered_s, zone=UTC
    )


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
    asked: dict[str, Answer | SourceError] = {
        window: answer(hour if window == "1h" else money) for window, money in EVEN.items()
    }
    budget = Budget(monthly_usd=limit, spend="s[$window]")
    enriched = [contribute(budget, seen(asked, answer(spent), covered_s))]
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
    nothing = contribute(budget, seen(dict.fromkeys(RATES, down), down, None))
    assert nothing == Contribution()


def test_ten_seconds_foretell_no_month() -> None:
    asked: dict[str, Answer | SourceError] = {window: answer(money) for window, money in EVEN.items()}
    short = contribute(Budget(spend="s"), seen(asked, answer(0.1), 10))
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


def test_a_month_that_has_just_begun_has_spent_what_nobody_knows() -> None:
    asked: dict[str, Answer | SourceError] = {window: answer(money) for window, money in EVEN.items()}
    young = contribute(Budget(spend="s"), seen(asked, answer(0.0), None, month_of(NOON, UTC).start + 120))
    words = Language("en")
    assert young.rows[0].verdict == "unknown"
    assert [words.say(cell) for cell in young.rows[0].cells][1] == "not known yet: the month has just begun"
    assert young.readings[0].value is None
    assert young.readings[2].value == pytest.approx(30)
