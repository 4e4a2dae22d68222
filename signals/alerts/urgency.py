"""Who is to be told of an alert, read from its severity and name, and which heartbeats do not come."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from core.message import say
from signals.alerts.model import Urgency

if TYPE_CHECKING:
    from collections.abc import Iterable

    from core.message import Message
    from signals.alerts.alertmanager import Held
    from signals.alerts.model import Alert, Alerts
    from signals.settings import AlertsSettings

ALWAYS_FIRING = ("watchdog", "deadmansswitch")
"""Dead man's switches as kube-prometheus and its elders call them: they fire to show that alerts come through."""


def urgency(name: str, severity: str, settings: AlertsSettings) -> Urgency:
    """Who is to be told; capitals do not count. What nobody rated is worth a look."""
    if name in settings.heartbeats:
        return Urgency.HEARTBEAT
    severity = severity.casefold()
    if severity in map(str.casefold, settings.paging):
        return Urgency.PAGE
    if name.casefold() in ALWAYS_FIRING or severity in map(str.casefold, settings.informing):
        return Urgency.NOTE
    return Urgency.TICKET


def rated(alerts: Alerts, settings: AlertsSettings) -> Alerts:
    """The same, each with its urgency."""
    return replace(
        alerts,
        alerts=tuple(
            replace(alert, urgency=urgency(alert.name, alert.severity, settings)) for alert in alerts.alerts
        ),
    )


def missing_heartbeats(
    names: Iterable[str], alerts: Alerts, held: Held | None
) -> tuple[tuple[str, Message], ...]:
    """The configured ones that do not fire, or fire without reaching the Alertmanager: then no page reaches anybody.

    A rule that could not be evaluated is named among those that are broken.
    """
    broken = {name for name, _ in alerts.broken}
    firing = _firing(alerts.alerts)
    reached = firing if held is None else _firing(held.alerts)
    missing: list[tuple[str, Message]] = []
    for name in names:
        if name not in firing and name not in broken:
            missing.append((name, say("signals.heartbeat_absent", name=name)))
        elif name in firing and name not in reached:
            missing.append((name, say("signals.heartbeat_unheard", name=name)))
    return tuple(missing)


def _firing(alerts: Iterable[Alert]) -> frozenset[str]:
    return frozenset(alert.name for alert in alerts if alert.state.fires)
