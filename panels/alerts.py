"""How bad an alert is, which alerts belong together, and what tells one from the others of its name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from core.message import say
from signals.alerts.model import AlertState
from signals.reading import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.message import Message
    from signals.alerts.model import Alert

PAGING = ("page", "critical")
"""Severities that get somebody out of bed."""


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
    if alert.state is AlertState.SILENCED:
        return Verdict.OK
    return Verdict.BURNING if alert.state is AlertState.FIRING and alert.severity in PAGING else Verdict.WARN


def group_by_name(alerts: Sequence[Alert]) -> tuple[AlertGroup, ...]:
    """The worst first: what pages, what fires, what is about to, what is silenced; then the newest first."""

    def rank(alert: Alert) -> tuple[int, float]:
        loudness = list(AlertState).index(alert.state)
        return (0 if alert_verdict(alert) is Verdict.BURNING else 1 + loudness), -alert.since

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


def state_text(alert: Alert) -> Message:
    """State and severity in one."""
    state = say(f"panels.alert_{alert.state}")
    return say("panels.alert_state", state=state, severity=alert.severity) if alert.severity else state
