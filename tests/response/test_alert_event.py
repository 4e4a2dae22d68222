"""What an incident takes over of an alert: since when it fires, not since when it was about to."""

from __future__ import annotations

import datetime as dt

import pytest

from incidents.events import body as b
from response.incident import Opening, alert_event, open_incident
from signals.alerts.model import Alert, Alerts, AlertState

NOW = dt.datetime(2026, 11, 24, 15, 10, tzinfo=dt.UTC)
PENDING_SINCE, FIRING_SINCE = (dt.datetime(2026, 11, 24, *at, tzinfo=dt.UTC) for at in ((14, 54), (15, 4)))


def alert(state: AlertState, since: dt.datetime, queue: str = "a") -> Alert:
    labels = {"alertname": "Backlog", "queue": queue}
    return Alert("Backlog", state, "page", labels, {}, since.timestamp(), 1.0, "", "t")


def alerts(*found: Alert) -> Alerts:
    return Alerts(found, 1, (), NOW.timestamp(), "t")


@pytest.mark.parametrize(
    ("found", "since"),
    [
        ((alert(AlertState.FIRING, FIRING_SINCE),), FIRING_SINCE),
        ((alert(AlertState.SILENCED, FIRING_SINCE),), FIRING_SINCE),
        ((alert(AlertState.PENDING, PENDING_SINCE),), None),
        (
            (alert(AlertState.PENDING, PENDING_SINCE), alert(AlertState.FIRING, FIRING_SINCE, "b")),
            FIRING_SINCE,
        ),
    ],
)
def test_an_incident_was_detected_when_its_alert_began_to_fire(
    found: tuple[Alert, ...], since: dt.datetime | None
) -> None:
    event = alert_event("Backlog", alerts(*found))
    assert event.since == since
    opened = open_incident(Opening(title="t", severity="SEV2", alert=event), NOW)[0]
    assert isinstance(opened, b.Opened)
    assert opened.detected_at == (since or NOW)
