"""Alerts by cause, the worst first; silenced ones are counted and burn nothing; broken rules are named."""

from __future__ import annotations

import pytest

from core.message import say
from panels.alerts import group_by_name, own_labels
from panels.naming import coarse_age
from panels.spec import PanelSpec
from signals.alerts.model import Alert, Alerts, AlertState
from signals.reading import Verdict
from tests.panels.judged import judge_alerts
from tui.i18n import Language

SPEC = PanelSpec(id="alerts", title="Alerts", kind="alerts")


def alert(
    name: str, state: str = "firing", severity: str = "page", since: float = 50.0, **labels: str
) -> Alert:
    named = {"alertname": name, "severity": severity, **labels}
    return Alert(name, AlertState(state), severity, named, {"summary": f"{name}!"}, since, 7.0, "up < 1", "t")


def test_alerts_of_one_name_stand_together_the_worst_first() -> None:
    found = group_by_name(
        [
            alert("Quiet", "silenced"),
            alert("Soon", "pending"),
            alert("Ticket", severity="ticket"),
            alert("Page", since=10, queue="a"),
            alert("Soon", severity="page", since=60),
            alert("Page", since=20, queue="b"),
        ]
    )
    assert [(cause.name, cause.verdict, len(cause.alerts)) for cause in found] == [
        ("Soon", Verdict.BURNING, 2),
        ("Page", Verdict.BURNING, 2),
        ("Ticket", Verdict.WARN, 1),
        ("Quiet", Verdict.OK, 1),
    ]
    assert [one.labels["queue"] for one in found[1].alerts] == ["b", "a"]


def test_only_labels_that_differ_are_named_where_there_are_several() -> None:
    pair = group_by_name([alert("A", queue="x", job="w"), alert("A", queue="y", job="w")])[0]
    assert own_labels(pair.alerts[0], pair) == (("queue", "x"),)
    alone = group_by_name([alert("A", queue="x", job="w")])[0]
    assert own_labels(alone.alerts[0], alone) == (("job", "w"), ("queue", "x"))


@pytest.mark.parametrize(
    ("alerts", "broken", "verdict", "counts"),
    [
        ((), (), Verdict.OK, ["firing 0", "pending 0"]),
        ((alert("A", "silenced"),), (), Verdict.OK, ["firing 0", "pending 0", "silenced 1"]),
        ((alert("A", "pending"),), (), Verdict.WARN, ["firing 0", "pending 1", "A"]),
        (
            (alert("A"), alert("B", "silenced")),
            (),
            Verdict.BURNING,
            ["firing 1", "pending 0", "silenced 1", "A"],
        ),
        ((), (("Broken", say("signals.no_source")),), Verdict.WARN, ["firing 0", "pending 0"]),
    ],
)
def test_what_the_panel_says(
    alerts: tuple[Alert, ...], broken: tuple[tuple[str, object], ...], verdict: Verdict, counts: list[str]
) -> None:
    given = Alerts(alerts, 3, broken, 100.0, "t")  # type: ignore[arg-type]  # a table of messages
    state = judge_alerts(SPEC, given, 100.0)
    assert state.verdict is verdict
    assert [Language("en").say(part.text) for part in state.parts] == counts
    loud = [one.name for one in alerts if one.state is not AlertState.SILENCED]
    assert [row.cells[0].values["text"] for row in state.rows] == [*loud, *(name for name, _ in broken)]
    assert state.alerts is given


@pytest.mark.parametrize(
    ("age", "shown"), [(-3, 0), (9.9, 0), (27, 20), (119, 110), (150, 120), (3599, 3540)]
)
def test_an_age_moves_in_coarse_steps(age: float, shown: float) -> None:
    assert coarse_age(age) == shown
