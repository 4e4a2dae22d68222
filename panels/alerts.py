"""How bad an alert is, which alerts belong together, and what tells one from the others of its name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from core.message import say
from core.units import quantity
from panels.naming import coarse_age
from signals.alerts.model import AlertState, Urgency
from signals.reading import Freshness, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from core.message import Message
    from panels.state import PanelState
    from signals.alerts.model import Alert


QUIET = (AlertState.SILENCED, AlertState.INHIBITED)
"""States of which nobody is told."""


REMEMBERING = ("prometheus", "alertmanager")
"""Sources that know alerts from before this program was started; our own evaluation of rules does not."""


def active_alerts(states: Iterable[PanelState]) -> tuple[frozenset[str], bool]:
    """Names of the alerts that fire or are pending now, and whether every other one is known to be over."""
    seen = [
        state.alerts for state in states if state.alerts is not None and state.freshness is Freshness.LIVE
    ]
    active = frozenset(alert.name for alerts in seen for alert in alerts.alerts)
    return active, any(alerts.evaluated and alerts.source in REMEMBERING for alerts in seen)


@dataclass(frozen=True, slots=True)
class AlertGroup:
    """All alerts of one name: they have one cause more often than not."""

    name: str
    verdict: Verdict
    alerts: tuple[Alert, ...]


class Label(NamedTuple):
    """One label of an alert."""

    name: str
    value: str


def alert_verdict(alert: Alert) -> Verdict:
    """What one alert makes of the panel."""
    if alert.state in QUIET or alert.urgency in (Urgency.NOTE, Urgency.HEARTBEAT):
        return Verdict.OK
    pages = alert.urgency is Urgency.PAGE and alert.state is AlertState.FIRING
    return Verdict.BURNING if pages else Verdict.WARN


def acted_on(alerts: Sequence[Alert]) -> list[Alert]:
    """Those that are counted: somebody has to act on them, now or later."""
    return [alert for alert in alerts if alert.urgency in (Urgency.PAGE, Urgency.TICKET)]


def group_by_name(alerts: Sequence[Alert]) -> tuple[AlertGroup, ...]:
    """The worst first: what pages, what is about to, tickets in the same order, what nobody acts on; then the newest."""

    def rank(alert: Alert) -> tuple[bool, int, int, float]:
        urgency, state = list(Urgency).index(alert.urgency), list(AlertState).index(alert.state)
        return alert.state in QUIET, urgency, state, -alert.state_since

    groups: dict[str, list[Alert]] = {}
    for alert in sorted(alerts, key=rank):
        groups.setdefault(alert.name, []).append(alert)
    return tuple(AlertGroup(name, alert_verdict(group[0]), tuple(group)) for name, group in groups.items())


def own_labels(alert: Alert, group: AlertGroup) -> tuple[Label, ...]:
    """What tells an alert from the others of its group; of one that is alone, all but name and severity."""
    return tuple(
        Label(name, value)
        for name, value in sorted(alert.labels.items())
        if name not in ("alertname", "severity")
        and (len(group.alerts) == 1 or any(other.labels.get(name) != value for other in group.alerts))
    )


def state_text(alert: Alert, now: float) -> Message:
    """State and severity in one; of a pending alert what it will be, and when: it has told nobody yet."""
    severity = say("panels.text", text=alert.severity) if alert.severity else say("panels.alert_firing")
    if alert.state is AlertState.PENDING and alert.fires_at is not None:
        left = quantity(coarse_age(alert.fires_at - now), "s")
        return say("panels.alert_fires_in", severity=severity, left=left)
    state = say(f"panels.alert_{alert.state}")
    return say("panels.alert_state", state=state, severity=alert.severity) if alert.severity else state


def age_text(alert_since: float, now: float) -> Message:
    """How long it has been so: beside the time until it fires a bare length would read as a part of that."""
    return say("panels.alert_for", age=quantity(coarse_age(now - alert_since), "s"))
