"""The multi-window table, the budget, and when it is gone."""

from __future__ import annotations

import math

import pytest

from panels.burn import PAIRS, WINDOWS, Count, budget_left, burn_rate, exhausted_in, judge_pair
from panels.judge import judge_metric
from panels.settings import Objective, PanelSpec
from panels.slo import with_objective
from signals.reading import Answer, Series
from tui.language import Language

PAGE = PAIRS[0]


@pytest.mark.parametrize(
    ("hour", "five_minutes", "verdict"),
    [
        (Count(20, 1000), Count(2, 100), "burning"),  # 20× in both
        (Count(20, 1000), Count(0, 100), "ok"),  # over already
        (Count(1, 1000), Count(2, 100), "ok"),  # only just begun
        (Count(14, 1000), Count(2, 100), "ok"),  # 14×
        (Count(2, 100), Count(1, 3), "unknown"),  # too few to judge
        (Count(0, 0), Count(0, 0), "ok"),
        (None, Count(2, 100), "unknown"),
    ],
)
def test_a_pair_holds_only_when_both_windows_do(
    hour: Count | None, five_minutes: Count, verdict: str
) -> None:
    counts = {"5m": five_minutes} | ({"1h": hour} if hour else {})
    assert judge_pair(PAGE, counts, 0.999, 20) == verdict


def test_a_burn_of_one_spends_the_budget_exactly() -> None:
    assert burn_rate(Count(1, 1000), 0.999) == pytest.approx(1)
    assert budget_left(Count(1, 1000), 0.999) == pytest.approx(0)
    assert budget_left(Count(3, 1000), 0.999) == pytest.approx(-2)
    assert math.isnan(burn_rate(Count(0, 0), 0.999))


@pytest.mark.parametrize(
    ("five_minutes", "hour", "month", "expected"),
    [
        (Count(10, 1000), Count(5, 1000), Count(1, 2000), (0.5 * 2_592_000 / 10, 0.5 * 2_592_000 / 5)),
        (Count(0, 1000), Count(5, 1000), Count(1, 2000), (0.5 * 2_592_000 / 5, math.inf)),
        (Count(0, 1000), Count(0, 1000), Count(1, 2000), None),
        (Count(0, 1000), Count(0, 1000), Count(9, 2000), (0, 0)),
    ],
)
def test_the_budget_is_gone_within_a_range(
    five_minutes: Count, hour: Count, month: Count, expected: tuple[float, float] | None
) -> None:
    found = exhausted_in({"5m": five_minutes, "1h": hour, "30d": month}, 0.999)
    assert found == (expected if expected is None else pytest.approx(expected))


def answer(value: float) -> Answer:
    return Answer("x", "vector", (Series((), (100.0,), (value,)),), "test", 100.0)


def test_a_burning_budget_is_the_panels_reason_and_says_how_little_was_seen() -> None:
    objective = Objective(target=0.999, bad="b[$window]", total="t[$window]")
    quiet = judge_metric(PanelSpec(id="slo", title="SLO"), {}, {}, None, 101)
    asked = {window: (answer(30), answer(1000)) for window in WINDOWS}
    state = with_objective(quiet, objective, asked, 240)
    words = Language("en")
    assert words.say(state.reason) == "the error budget burns faster than 14.4× over 1h and over 5m"
    assert state.verdict == "burning"
    rows = [" | ".join(words.say(cell) for cell in row.cells) for row in state.rows]
    assert rows[0] == "burn 1h and 5m (only 4 min seen) | 30.0× 30.0× | limit 14.4×"
    assert rows[-1] == "budget left, 30d (only 4 min seen) | -2900.00 % | the budget is gone"
    assert [one.query for one in state.readings][:1] == ["b[5m]"]
