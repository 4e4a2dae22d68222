"""Two views of the same alerts made one, also where nobody says under which labels they are sent, and in a storm."""

from __future__ import annotations

import time

import pytest

from signals.alerts.alertmanager import Held, Matcher, Silence
from signals.alerts.merge import merge
from signals.alerts.model import Alert, Alerts, AlertState
from signals.alerts.outgoing import Outgoing

SILENCED, FIRING = AlertState.SILENCED, AlertState.FIRING
EU = Outgoing({"cluster": "eu"})


def alert(state: AlertState = FIRING, source: str = "t", since: float = 50.0, **labels: str) -> Alert:
    named = {"alertname": "A", **labels}
    return Alert(named["alertname"], state, "page", named, {}, since, None, "", source)


def merged(
    own: list[Alert], held: list[Alert], *silences: Silence, outgoing: Outgoing | None = None
) -> list[Alert]:
    alerts = Alerts(tuple(own), 1, (), 100.0, "t")
    return list(merge(alerts, Held(tuple(held), silences, 100.0, "am"), outgoing, sends=True).alerts)


def states(alerts: list[Alert]) -> list[AlertState]:
    return [alert.state for alert in alerts]


def test_without_the_labels_that_are_added_an_alert_is_the_one_that_contradicts_it_nowhere() -> None:
    own = [alert(q="a"), alert(q="b")]
    held = [alert(SILENCED, q="a", cluster="eu"), alert(q="b", cluster="eu")]
    assert states(merged(own, held)) == [SILENCED, FIRING]


def test_of_several_that_it_may_be_one_that_is_silenced_hides_nothing() -> None:
    held = [alert(SILENCED, q="a", cluster="us"), alert(q="a", cluster="eu")]
    assert states(merged([alert(q="a")], held)) == [FIRING]
    assert states(merged([alert(q="a")], held, outgoing=EU)) == [FIRING, SILENCED]


def test_a_silence_that_asks_for_an_unknown_label_covers_nothing() -> None:
    elsewhere = Silence("s", (Matcher("cluster", "us", is_regex=False, is_equal=False),), "op1", "", 200.0)
    assert states(merged([alert(q="a")], [], elsewhere)) == [FIRING]
    assert states(merged([alert(q="a")], [], elsewhere, outgoing=EU)) == [SILENCED]


def test_the_first_that_began_counts_and_what_has_not_arrived_is_known() -> None:
    (both,) = merged([alert(since=90.0)], [alert(since=60.0)])
    assert (both.since, both.held) == (60.0, True)
    (lost,) = merged([alert()], [], outgoing=EU)
    assert lost.held is False
    pending = merged([alert(AlertState.PENDING)], [], outgoing=EU)
    assert (states(pending), pending[0].held) == ([AlertState.PENDING], None)


@pytest.mark.parametrize("outgoing", [EU, None])
def test_a_storm_is_merged_in_a_moment(outgoing: Outgoing | None) -> None:
    own = [alert(i=str(number)) for number in range(5_000)]
    held = [alert(SILENCED if number % 2 else FIRING, i=str(number), cluster="eu") for number in range(5_000)]
    began = time.process_time()
    found = merged(own, held, outgoing=outgoing)
    assert time.process_time() - began < 4
    assert states(found)[:3] == [FIRING, SILENCED, FIRING]
    assert len(found) == 5_000
