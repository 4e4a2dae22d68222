"""The four levers: their arithmetic by hand, what they can't know, and assumptions that somebody turns."""

from __future__ import annotations

import pytest

from core.errors import ConfigError
from panels.costs.levers import together, turned, what_if
from panels.costs.projection import Projection
from panels.costs.settings import Levers, Price
from panels.costs.traffic import CacheUse, Traffic
from tui.i18n import Language

PRICES = {
    "dear": Price(input=10, output=30),
    "cheap": Price(input=1, output=3),
    "dearer*": Price(input=20, output=60),
}
MONTH = Projection(spent=50.0, low=80.0, high=100.0, ahead_low=30.0, ahead_high=50.0)
# 3 M at 10 and 1 M at 30: prompts are half of the money.
TRAFFIC = Traffic(
    window="7d",
    input={"dear": 3e6},
    output={"dear": 1e6},
    usd={"dear": 60.0},
    prices=PRICES,
    cache=CacheUse(20, 80, 15.0),
)


def outcome(lever: str, knobs: dict[str, str], traffic: Traffic = TRAFFIC) -> tuple[float | None, str]:
    """What is saved, or why that is not known."""
    levers = turned(Levers(), {f"{lever}.{name}": value for name, value in knobs.items()})
    (one,) = (each for each in what_if(levers, traffic, MONTH) if each.id == lever)
    return one.saved, "" if one.unknown is None else Language("en").say(one.unknown)


@pytest.mark.parametrize(
    ("lever", "knobs", "saved"),
    [
        ("prompts", {"cut": "40%"}, 0.4 * 0.5),
        ("prompts", {"cut": "1"}, 0.5),
        ("cache", {"hits": "60%"}, 0.5),  # of 80 misses 40 are left
        ("cache", {"hits": "0.2"}, 0.0),
        ("cache", {"hits": "0"}, -0.25),  # worse than now: a fourth more misses
        ("model", {"to": "cheap"}, 0.9),
        ("model", {"to": "cheap", "share": "0.5"}, 0.45),
        ("model", {"to": "dear"}, 0.0),
        ("model", {"to": "dearer-2"}, -1.0),
        ("model", {}, 0.9),  # the cheapest that has a name
        ("rules", {"share": "0.4"}, 0.4),
        ("rules", {"share": "0.4", "context": "50%"}, 0.4 + 0.6 * 0.5 * 0.5),
    ],
)
def test_what_a_lever_saves(lever: str, knobs: dict[str, str], saved: float) -> None:
    assert outcome(lever, knobs)[0] == pytest.approx(saved)


def test_the_month_is_what_was_spent_and_the_rest_at_the_new_price() -> None:
    (cache,) = (
        each
        for each in what_if(turned(Levers(), {"cache.hits": "0.6"}), TRAFFIC, MONTH)
        if each.id == "cache"
    )
    assert (cache.low, cache.high) == (80 - 15, 100 - 25)
    unknown = what_if(Levers(), TRAFFIC, None)
    assert [(each.low, each.saved is None) for each in unknown] == [(None, False)] * 4


def test_money_of_a_model_without_a_price_is_not_saved() -> None:
    half = Traffic(
        window="1d",
        input={"dear": 3e6, "secret": 1e6},
        output={"dear": 1e6},
        usd={"dear": 30, "secret": 30},
        prices=PRICES,
    )
    assert outcome("prompts", {"cut": "1"}, half)[0] == pytest.approx(0.25)
    levers = what_if(Levers(), half, MONTH)
    assert "50 % of the money is of models without a price" in " ".join(
        map(Language("en").say, levers[0].assumptions)
    )


@pytest.mark.parametrize(
    ("lever", "traffic", "why"),
    [
        ("prompts", Traffic(window="1h"), "no tokens were counted in the last 1h"),
        ("prompts", Traffic(window="1h", input={"x": 1}), "no price in [costs.prices] for x"),
        ("cache", Traffic(window="1h"), "nobody counts hits and misses"),
        ("cache", Traffic(window="1h", cache=CacheUse(5, 0, None)), "every lookup hits already"),
        (
            "model",
            Traffic(window="1h", input={"a": 1}, prices={"*": PRICES["dear"]}),
            "names no model to go to",
        ),
    ],
)
def test_what_was_not_measured_saves_nobody_knows_how_much(lever: str, traffic: Traffic, why: str) -> None:
    saved, unknown = outcome(lever, {}, traffic)
    assert saved is None
    assert why in unknown


def test_a_model_without_a_price_is_no_target() -> None:
    assert outcome("model", {"to": "new"}) == (None, "no price in [costs.prices] for new")


def test_several_levers_save_one_after_the_other_on_what_is_left() -> None:
    known = [each for each in what_if(Levers(), TRAFFIC, MONTH) if each.id in ("model", "rules")]
    assert together(known) == pytest.approx(1 - 0.1 * 0.7)
    assert together(what_if(Levers(), Traffic(window="1h"), MONTH)) is None


@pytest.mark.parametrize(
    ("knob", "value", "what"),
    [
        ("prompts.cut", "1.2", "between 0 and 1"),
        ("prompts.cut", "a lot", "between 0 and 1"),
        ("prompts.action", "x", "no lever has prompts.action; there are prompts.cut, cache.hits"),
        ("prompt", "0.2", "no lever has prompt"),
    ],
)
def test_an_assumption_that_makes_no_sense_is_named(knob: str, value: str, what: str) -> None:
    with pytest.raises(ConfigError) as refused:
        turned(Levers(), {knob: value})
    assert what in Language("en").say(refused.value.message)
