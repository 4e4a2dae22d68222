"""A ratio of few requests is over no limit; its interval is that of Wilson."""

from __future__ import annotations

import math

import pytest

from panels.limits import judge_share, share_interval
from panels.spec import PanelSpec, QuerySpec
from signals.reading import Answer, Series
from tests.panels.judged import judge_panel
from tui.i18n import Language

ERRORS = QuerySpec(name="errors", expr="e", unit="ratio", warn=0.001, burning=0.005, trials="t")


@pytest.mark.parametrize(
    ("ratio", "total", "low", "high"),
    [
        (0.5, 10, 0.2366, 0.7634),  # L. D. Brown et al., Statistical Science 16 (2001), gives the formula
        (0.0, 10, 0.0, 0.2775),
        (1.0, 10, 0.7225, 1.0),
        (0.1, 1000, 0.0829, 0.1202),
        (0.3, 0, 0.0, 1.0),
    ],
)
def test_the_interval(ratio: float, total: float, low: float, high: float) -> None:
    found = share_interval(ratio, total)
    assert [found.low, found.high] == pytest.approx([low, high], abs=1e-4)


@pytest.mark.parametrize(
    ("bad", "total", "verdict"),
    [
        (0, 3, "ok"),
        (5, 10, "unknown"),  # fewer requests than believed
        (1, 30, "unknown"),  # one failure is a blip
        (2, 200, "unknown"),
        (3, 20, "burning"),
        (30, 30, "burning"),
        (3, 400, "warn"),  # 0.75 %, but it may be 0.26 %
        (30, 3000, "burning"),
        (math.nan, 10, "unknown"),
    ],
)
def test_a_blip_does_not_burn(bad: float, total: float, verdict: str) -> None:
    assert judge_share(ERRORS, share_interval(bad / total, total)) == verdict


def test_a_share_of_good_ones_is_judged_from_the_other_end() -> None:
    hits = QuerySpec(name="hits", expr="e", unit="ratio", warn=0.6, burning=0.3, worse="below", trials="t")
    assert [judge_share(hits, share_interval(good / 100, 100)) for good in (70, 55, 45, 10)] == [
        "ok",
        "unknown",
        "warn",
        "burning",
    ]


def answer(value: float) -> Answer:
    return Answer("x", "vector", (Series((("model", "m"),), (100.0,), (value,)),), "test", 100.0)


@pytest.mark.parametrize(
    ("trials", "reason"),
    [
        (
            {"errors": answer(40)},
            "errors m is 5.00 %, but that is 1.38–16.5 % of 40 requests: too few to judge",
        ),
        ({"errors": answer(4000)}, "errors m is 5.00 %, over 0.5 %"),
        ({}, "errors m is 5.00 %, but that is 0–100 % of 0 requests: too few to judge"),
    ],
)
def test_the_panel_says_of_how_many_requests_a_ratio_is(trials: dict[str, Answer], reason: str) -> None:
    query = ERRORS.model_copy(update={"each": "errors {model}"})
    state = judge_panel(
        PanelSpec(id="a", title="A", queries=(query,)), {"errors": answer(0.05)}, 101, trials=trials
    )
    assert Language("en").say(state.reason) == reason


def test_the_end_of_an_interval_is_a_number_for_people() -> None:
    """Of 13.3 (extrapolated) requests without an error the lower end is 1.4e-15 % in floats, and zero in truth."""
    query = QuerySpec(name="errors", expr="e", unit="ratio", warn=0.01, trials="t")
    state = judge_panel(
        PanelSpec(id="a", title="A", queries=(query,)),
        {"errors": answer(0.0)},
        101,
        trials={"errors": answer(13.3)},
    )
    assert [Language("en").say(cell) for cell in state.rows[0].cells][-1] == "0–22.4 % of 13"
