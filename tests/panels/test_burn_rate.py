"""The multi-window table, the budget, and when it is gone."""

from __future__ import annotations

import math

import pytest
from pydantic import ValidationError

from panels.burn_rate import PAIRS, WINDOWS, Count, budget_left, burn_rate, exhausted_in, judge_pair
from panels.enrich.slo import contribute, max_age_s
from panels.fold import Contribution, fold
from panels.objectives import count_requests
from panels.spec import Objective, PanelSpec
from panels.state import PanelState
from signals.reading import Answer, Series, Verdict
from tui.i18n import Language

PAGE = PAIRS[0]


@pytest.mark.parametrize(
    ("hour", "five_minutes", "verdict"),
    [
        (Count(20, 1000), Count(2, 100), "burning"),  # 20× in both
        (Count(20, 1000), Count(0, 100), "ok"),  # over already
        (Count(1, 1000), Count(2, 100), "ok"),  # only just begun
        (Count(14, 1000), Count(2, 100), "ok"),  # 14×
        (Count(20, 100), Count(1, 3), "unknown"),  # too few requests to judge
        (Count(2, 100), Count(2, 100), "unknown"),  # two failures are a blip
        (Count(0, 0), Count(0, 0), "ok"),
        (None, Count(2, 100), "unknown"),
    ],
)
def test_a_pair_holds_only_when_both_windows_do(
    hour: Count | None, five_minutes: Count, verdict: str
) -> None:
    counts = {"5m": five_minutes} | ({"1h": hour} if hour else {})
    assert judge_pair(PAGE, counts, 0.999, fewest=20) == verdict


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


def answer(**by_service: float) -> Answer:
    series = (
        Series((("service", name),) if name != "all" else (), (100.0,), (value,))
        for name, value in by_service.items()
    )
    return Answer("x", "vector", tuple(series), "test", 100.0)


SPEC = PanelSpec(id="slo", title="SLO")
OK = Contribution(verdict=Verdict.OK)
WORDS = Language("en")


def rows(state: PanelState) -> list[str]:
    return [" | ".join(WORDS.say(cell) for cell in row.cells) for row in state.rows]


def test_a_burning_budget_is_the_panels_reason_and_says_how_little_was_seen() -> None:
    objective = Objective(target=0.999, bad="b[$window]", total="t[$window]")
    asked = {window: (answer(all=30), answer(all=1000)) for window in WINDOWS}
    state = fold(SPEC, 101, [], [contribute(objective, asked, 240)])
    assert (
        WORDS.say(state.reason)
        == "the availability budget burns faster than 14.4× over 1h (only 4 min seen) and over 5m"
    )
    assert state.verdict == "burning"
    assert (
        rows(state)[0] == " availability budget | spent 30 times over | the budget is gone | only 4 min seen"
    )
    assert [WORDS.say(part.text) for part in state.parts] == [
        "availability budget spent 30 times over",
        "availability burn 30.0× over 1h, limit 14.4×",
    ]
    assert rows(state)[1] == "availability 1h/5m | 30.0× 30.0× | limit 14.4× | only 4 min seen"
    assert [one.query for one in state.readings][:1] == ["b[5m]"]


def test_each_service_has_a_budget_and_the_worst_one_speaks() -> None:
    objective = Objective(target=0.999, bad="b", total="t")
    asked = {
        window: (answer(analyze=0.2, team=50), answer(analyze=9000, team=1000, new=0)) for window in WINDOWS
    }
    state = fold(SPEC, 101, [], [contribute(objective, asked, None)])
    assert WORDS.say(state.reason).startswith("team: the availability budget burns faster")
    assert rows(state)[0] == "analyze availability budget | 97.78 % left | gone in 1320 d to 1320 d"
    assert [row.verdict for row in state.rows[:2]] == ["ok", "burning"]
    assert not any("new" in row for row in rows(state)), "a service without requests spends nothing"


def test_a_window_that_was_not_answered_is_unknown_never_ok() -> None:
    objective = Objective(target=0.999, bad="b", total="t")
    asked = {window: (answer(all=0), answer(all=1000)) for window in WINDOWS if window != "6h"}
    state = fold(SPEC, 101, [OK], [contribute(objective, asked, None)])
    assert state.verdict == "unknown"
    assert "the requests of 6h and 30m are not all known" in WORDS.say(state.reason)


@pytest.mark.parametrize(
    ("covered_s", "verdict", "known"),
    [
        (1.0, "unknown", 0),  # a second of history is no month, nor five minutes
        (74.0, "unknown", 0),
        (400.0, "unknown", 1),  # five minutes are known, half an hour is not
        (1200.0, "ok", 3),  # both pairs that page are
        (40 * 86_400.0, "ok", 8),
        (None, "ok", 8),
    ],
)
def test_a_window_is_judged_by_what_was_seen_of_it(covered_s: float | None, verdict: str, known: int) -> None:
    objective = Objective(target=0.999, bad="b[$window]", total="t[$window]")
    asked = {window: (answer(all=0), answer(all=1000)) for window in WINDOWS}
    state = fold(SPEC, 101, [OK], [contribute(objective, asked, covered_s)])
    assert state.verdict == verdict
    assert sum(reading.value is not None for reading in state.readings) == known
    if verdict == "unknown":
        assert "too little seen of" in WORDS.say(state.reason)
        assert "seen)" in WORDS.say(state.reason)
    if covered_s is not None and covered_s < 7 * 86_400:
        assert rows(state)[0].startswith(" availability budget | not known | 0.00 % spent so far | only")
        assert state.rows[0].verdict == "unknown"
        assert state.readings[-1].seen_s == covered_s


def test_what_burns_burns_however_little_was_seen() -> None:
    objective = Objective(target=0.999, bad="b[$window]", total="t[$window]")
    asked = {window: (answer(all=300), answer(all=1000)) for window in WINDOWS}
    assert fold(SPEC, 101, [OK], [contribute(objective, asked, 20.0)]).verdict == "burning"


def test_a_budget_that_is_overspent_says_how_many_times() -> None:
    objective = Objective(target=0.999, bad="b", total="t")
    asked = {window: (answer(all=241), answer(all=1000)) for window in WINDOWS}
    state = fold(SPEC, 101, [], [contribute(objective, asked, None)])
    assert rows(state)[0] == " availability budget | spent 241 times over | the budget is gone"
    assert Language("zh").say(state.rows[0].cells[1]) == "已花掉预算的 241 倍"


def buckets(**counts: float) -> Answer:
    bounds = {"b5": "5.0", "b10": "10.0", "b15": "15.0", "inf": "+Inf"}
    series = (
        Series((("le", bounds[name]), ("service", "a")), (100.0,), (value,)) for name, value in counts.items()
    )
    return Answer("x", "vector", tuple(series), "test", 100.0)


def test_a_latency_objective_is_a_share_of_requests_below_its_bound() -> None:
    objective = Objective(name="latency", target=0.95, buckets="b[$window]", bound=10)
    asked = {window: (buckets(b5=100, b10=450, b15=480, inf=500),) for window in WINDOWS}
    assert count_requests(objective, asked).by_service["a"]["5m"] == Count(50, 500)
    state = fold(SPEC, 101, [], [contribute(objective, asked, None)])
    assert "a: the latency budget burns faster than 1× over 3d and over 6h" in WORDS.say(state.reason)
    assert state.readings[0].query == "b[5m]"


def test_a_latency_objective_between_two_buckets_says_so() -> None:
    objective = Objective(name="latency", target=0.95, buckets="b[$window]", bound=10)
    asked = {window: (buckets(b5=100, b15=480, inf=500),) for window in WINDOWS}
    state = fold(SPEC, 101, [OK], [contribute(objective, asked, None)])
    assert WORDS.say(state.reason) == "latency can't be judged: no bucket ends at 10 s (nearest: 5 / 15)"
    assert state.verdict == "unknown"


@pytest.mark.parametrize(
    ("window", "covered_s", "expected"),
    [("5m", None, 5), ("1h", None, 60), ("30d", None, 300), ("30d", 600, 10)],
)
def test_long_windows_are_asked_about_seldom(window: str, covered_s: float | None, expected: float) -> None:
    assert max_age_s(window, covered_s) == expected


@pytest.mark.parametrize("wrong", [{}, {"bad": "b"}, {"bad": "b", "total": "t", "buckets": "x"}])
def test_an_objective_counts_in_one_way(wrong: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        Objective(target=0.9, **wrong)
