"""Every limit, and the three meanings of no data."""

from __future__ import annotations

import math

import pytest

from core.errors import Unreachable
from core.message import say
from panels.limits import judge_value, worst, worst_first
from panels.no_data.diagnosis import Cause, Diagnosis
from panels.spec import PanelSpec, QuerySpec
from panels.state import PanelState
from signals.alerts.model import Alert, Alerts, AlertState
from signals.metrics.promql.names import metric_names
from signals.reading import Answer, Freshness, Series, Verdict
from tests.chimera import BOARD
from tests.panels.judged import judge_alerts, judge_panel
from tui.i18n import Language

QUERY = QuerySpec(name="waiting", expr="depth_total", unit="count", warn=50, burning=100, by="queue")
SPEC = PanelSpec(id="q", title="Queues", queries=(QUERY,))


def answer(*values: float) -> Answer:
    series = tuple(Series((("queue", f"q{i}"),), (100.0,), (value,)) for i, value in enumerate(values))
    return Answer("depth_total", "vector", series, "test", 100.0)


@pytest.mark.parametrize(
    ("value", "verdict"),
    [
        (0, "ok"),
        (50, "ok"),
        (50.1, "warn"),
        (100, "warn"),
        (101, "burning"),
        (math.inf, "burning"),
        (math.nan, "unknown"),
    ],
)
def test_a_value_is_judged_by_its_limits(value: float, verdict: str) -> None:
    assert judge_value(QUERY, value) == verdict


@pytest.mark.parametrize(("value", "verdict"), [(1.0, "ok"), (0.998, "warn"), (0.9, "burning")])
def test_worse_can_be_below(value: float, verdict: str) -> None:
    spec = QuerySpec(name="a", expr="a", warn=0.999, burning=0.99, worse="below")
    assert judge_value(spec, value) == verdict


def test_the_worst_series_stands_first_and_names_the_reason() -> None:
    state = judge_panel(SPEC, {"waiting": answer(3, 143, 60)}, 101)
    assert state.verdict is Verdict.BURNING
    assert Language("en").say(state.reason) == "waiting q1 is 143, over 100"
    assert [row.verdict for row in state.rows] == [Verdict.BURNING, Verdict.WARN, Verdict.OK]


def reason(state: PanelState) -> str:
    return Language("en").say(state.reason)


def test_no_data_is_unknown_and_says_why() -> None:
    told = Diagnosis(Cause.DISAPPEARED, "depth_total", last_seen_s=180)
    quiet = judge_panel(SPEC, {"waiting": answer()}, 101)
    gone = judge_panel(SPEC, {"waiting": answer()}, 101, diagnoses={"waiting": told})
    down = judge_panel(SPEC, {"waiting": Unreachable(say("signals.no_source"))}, 101)
    assert {state.verdict for state in (quiet, gone, down)} == {Verdict.UNKNOWN}
    assert "nothing was counted" in reason(quiet)
    assert "depth_total disappeared, last seen 3 min ago" in reason(gone)
    assert "no source of metrics" in reason(down)
    assert gone.freshness is Freshness.NONE
    assert gone.readings[0].value is None


@pytest.mark.parametrize("given", [answer(), answer(math.nan), Unreachable(say("signals.no_source"))])
def test_an_extra_without_data_leaves_the_panel_as_it_is(given: Answer | Unreachable) -> None:
    extra = QuerySpec(name="extra", expr="e", optional=True)
    spec = SPEC.model_copy(update={"queries": (QUERY, extra)})
    state = judge_panel(spec, {"waiting": answer(3), "extra": given}, 101)
    assert state.verdict is Verdict.OK
    assert not any("extra" in Language("en").say(part.text) for part in state.parts)


def test_nothing_is_never_ok() -> None:
    assert worst([]) is Verdict.UNKNOWN


def alerts(*pairs: tuple[AlertState, str]) -> Alerts:
    made = tuple(
        Alert(f"A{i}", state, severity, {}, {}, 50.0, 1.0, "x", "t")
        for i, (state, severity) in enumerate(pairs)
    )
    return Alerts(made, 8, (), 100.0, "t")


@pytest.mark.parametrize(
    ("given", "verdict"),
    [
        (alerts(), "ok"),
        (alerts((AlertState.PENDING, "page")), "warn"),
        (alerts((AlertState.FIRING, "ticket")), "warn"),
        (alerts((AlertState.FIRING, "ticket"), (AlertState.FIRING, "page")), "burning"),
        (None, "unknown"),
        (Unreachable(say("signals.no_source")), "unknown"),
    ],
)
def test_alerts_are_judged_by_state_and_severity(given: Alerts | Unreachable | None, verdict: str) -> None:
    assert judge_alerts(PanelSpec(id="alerts", title="Alerts", kind="alerts"), given, 101).verdict == verdict


def test_panels_stand_worst_first() -> None:
    states = [judge_panel(SPEC, {"waiting": answer(value)}, 1) for value in (1, 200, 60)]
    unknown = judge_panel(SPEC, {}, 1)
    assert [state.verdict for state in worst_first([*states, unknown])] == [
        "burning",
        "warn",
        "unknown",
        "ok",
    ]


def test_the_board_of_the_profile_has_eight_panels_and_readable_queries() -> None:
    assert [spec.id for spec in BOARD] == [
        "slo",
        "alerts",
        "queues",
        "riot429",
        "ban",
        "llm",
        "cost",
        "release",
    ]
    for spec in BOARD:
        assert not spec.chart or spec.chart in [query.name for query in spec.queries]
        for query in spec.queries:
            assert metric_names(query.expr)
