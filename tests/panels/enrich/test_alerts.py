"""Alerts by cause, the worst first; silenced ones are counted and burn nothing; broken rules are named."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.message import say
from panels.alerts import QUIET, group_by_name, own_labels, state_text
from panels.enrich.alerts import contribute
from panels.fold import fold
from panels.naming import coarse_age
from panels.spec import PanelSpec
from signals.alerts.model import Alert, Alerts, AlertState, Quiet
from signals.alerts.urgency import rated, unheard, urgency
from signals.reading import Verdict
from signals.settings import AlertsSettings
from tests.panels.judged import judge_alerts
from tui.i18n import Language, LanguageCode

SPEC = PanelSpec(id="alerts", title="Alerts", kind="alerts")


def alert(
    name: str, state: str = "firing", severity: str = "page", since: float = 50.0, **labels: str
) -> Alert:
    named = {"alertname": name, "severity": severity, **labels}
    made = Alert(name, AlertState(state), severity, named, {"summary": f"{name}!"}, since, 7.0, "up < 1", "t")
    return replace(made, urgency=urgency(name, severity, AlertsSettings()))


def test_alerts_of_one_name_stand_together_the_worst_first() -> None:
    found = group_by_name(
        [
            alert("Quiet", "silenced"),
            alert("Watchdog", severity="none"),
            alert("Later", "pending", severity="ticket", since=70),
            alert("Ticket", severity="ticket", since=90),
            alert("Soon", "pending"),
            alert("Page", since=10, queue="a"),
            alert("Soon", severity="page", since=60),
            alert("Page", since=20, queue="b"),
        ]
    )
    assert [(cause.name, cause.verdict, len(cause.alerts)) for cause in found] == [
        ("Soon", Verdict.BURNING, 2),
        ("Page", Verdict.BURNING, 2),
        ("Ticket", Verdict.WARN, 1),
        ("Later", Verdict.WARN, 1),
        ("Watchdog", Verdict.OK, 1),
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
        ((), (), Verdict.OK, ["firing 0", "pending 0", "silenced 0"]),
        ((alert("A", "silenced"),), (), Verdict.OK, ["firing 0", "pending 0", "silenced 1"]),
        (
            (alert("A", "inhibited"),),
            (),
            Verdict.OK,
            ["firing 0", "pending 0", "silenced 0", "inhibited 1"],
        ),
        ((alert("A", severity="info"),), (), Verdict.OK, ["firing 0", "pending 0", "silenced 0"]),
        ((alert("Watchdog", severity=""),), (), Verdict.OK, ["firing 0", "pending 0", "silenced 0"]),
        ((alert("A", "pending"),), (), Verdict.WARN, ["firing 0", "pending 1", "silenced 0", "A"]),
        (
            (alert("A"), alert("B", "silenced")),
            (),
            Verdict.BURNING,
            ["firing 1", "pending 0", "silenced 1", "A"],
        ),
        (
            (),
            (("Broken", say("signals.no_source")),),
            Verdict.UNKNOWN,
            ["firing 0", "pending 0", "silenced 0"],
        ),
    ],
)
def test_what_the_panel_says(
    alerts: tuple[Alert, ...], broken: tuple[tuple[str, object], ...], verdict: Verdict, counts: list[str]
) -> None:
    given = Alerts(alerts, 3, broken, 100.0, "t", silences_known=True)  # type: ignore[arg-type]  # a table of messages
    state = judge_alerts(SPEC, given, 100.0)
    assert state.verdict is verdict
    assert [Language("en").say(part.text) for part in state.parts] == counts
    loud = [one.name for one in alerts if one.state not in QUIET]
    assert [row.cells[0].values["text"] for row in state.rows] == [*loud, *(name for name, _ in broken)]
    assert state.alerts == rated(given, AlertsSettings())


def test_without_an_alertmanager_nobody_knows_what_is_silenced() -> None:
    state = judge_alerts(SPEC, Alerts((), 3, (), 100.0, "t"), 100.0)
    assert [Language("en").say(part.text) for part in state.parts] == [
        "firing 0",
        "pending 0",
        "silences not known",
    ]
    assert [reading.name for reading in state.readings] == ["firing", "pending"]


@pytest.mark.parametrize("source", ["prometheus", "alertmanager"])
def test_no_rules_are_no_good_news(source: str) -> None:
    state = judge_alerts(SPEC, Alerts((), 0, (), 100.0, source), 100.0)
    assert state.verdict is Verdict.UNKNOWN
    assert Language("en").say(state.reason) == f"no alert rule is evaluated by {source}: nothing would fire"
    ticket = judge_alerts(SPEC, Alerts((alert("A", severity="ticket"),), 0, (), 100.0, source), 100.0)
    assert ticket.verdict is Verdict.WARN


def test_a_heartbeat_is_quiet_while_it_comes_and_burns_when_it_does_not() -> None:
    settings = AlertsSettings(heartbeats=("Watchdog",))
    coming = rated(Alerts((alert("Watchdog", severity="critical"),), 0, (), 100.0, "t"), settings)
    assert unheard(coming, settings.heartbeats, 100.0) == ()
    assert fold(SPEC, 100.0, [], [contribute(coming, 100.0)]).verdict is Verdict.OK
    assert fold(SPEC, 100.0, [], [contribute(coming, 100.0)]).standing == ()
    gone = Alerts((), 3, (), 100.0, "t")
    gone = replace(gone, unheard=unheard(gone, settings.heartbeats, 100.0))
    state = fold(SPEC, 100.0, [], [contribute(gone, 100.0)])
    assert state.verdict is Verdict.BURNING
    assert "Watchdog is absent" in Language("en").say(state.reason)


@pytest.mark.parametrize(
    ("since", "severity", "state", "reported"),
    [
        (50.0, "page", "firing", True),
        (99.0, "page", "firing", False),  # it is still on its way
        (50.0, "ticket", "firing", False),
        (50.0, "page", "pending", False),
    ],
)
def test_a_page_that_does_not_reach_the_alertmanager_is_said(
    since: float, severity: str, state: str, *, reported: bool
) -> None:
    lost = replace(alert("A", state, severity, since=since), held=False)
    arrived = replace(alert("B", state, severity, since=since), held=True)
    found = unheard(Alerts((lost, arrived), 3, (), 100.0, "t"), (), 90.0)
    assert [name for name, _ in found] == (["A"] if reported else [])


def test_what_pages_is_configured() -> None:
    settings = AlertsSettings(paging=("P1",), informing=("p5",))
    kinds = [urgency("A", severity, settings) for severity in ("p1", "P5", "critical", "")]
    assert kinds == ["page", "note", "ticket", "ticket"]


@pytest.mark.parametrize(
    ("code", "severity", "text"),
    [
        ("en", "page", "page in 9 min"),
        ("zh", "page", "9 min 后 page"),
        ("en", "", "firing in 9 min"),
    ],
)
def test_a_pending_alert_says_what_it_will_be_and_when(code: LanguageCode, severity: str, text: str) -> None:
    pending = replace(alert("A", "pending", severity, since=60.0), fires_at=660.0)
    assert Language(code).say(state_text(pending, 100.0)) == text


@pytest.mark.parametrize(
    ("code", "row"), [("en", "A page in 8 min for 80 s A!"), ("zh", "A 8 min 后 page 已 80 s A!")]
)
def test_how_long_it_has_been_pending_reads_as_no_part_of_when_it_fires(code: LanguageCode, row: str) -> None:
    pending = replace(alert("A", "pending", "page", since=20.0), fires_at=620.0)
    state = judge_alerts(SPEC, Alerts((pending,), 3, (), 100.0, "t"), 100.0)
    assert " ".join(Language(code).say(cell) for cell in state.rows[0].cells) == row


def test_a_silenced_alert_is_as_old_as_its_silence() -> None:
    silenced = replace(alert("A", "silenced", since=50.0), quiet=Quiet(80.0, 300.0, "op1: known"))
    assert silenced.state_since == 80.0
    state = judge_alerts(SPEC, Alerts((silenced,), 3, (), 100.0, "t"), 100.0)
    assert [(standing.kind, standing.since) for standing in state.standing] == [("silence", 80.0)]


@pytest.mark.parametrize(
    ("age", "shown"), [(-3, 0), (9.9, 0), (27, 20), (119, 110), (150, 120), (3599, 3540)]
)
def test_an_age_moves_in_coarse_steps(age: float, shown: float) -> None:
    assert coarse_age(age) == shown
