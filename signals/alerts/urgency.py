"""Who is to be told of an alert, read from its severity and name, and what did not reach anybody."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from core.message import say
from signals.alerts.model import Urgency

if TYPE_CHECKING:
    from collections.abc import Iterable

    from core.message import Message
    from signals.alerts.model import Alerts
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


def unheard(alerts: Alerts, heartbeats: Iterable[str], before: float) -> tuple[tuple[str, Message], ...]:
    """What should have reached somebody and did not, with the reason.

    That is a configured heartbeat that does not fire, and a heartbeat or page that fires since `before` (Unix seconds) or
    longer and is not held by the Alertmanager. A rule that could not be evaluated is named among those that are broken.
    """
    known = {name for name, _ in alerts.broken}
    known |= {alert.name for alert in alerts.alerts if alert.state.fires}
    unheard_of: dict[str, Message] = {
        name: say("signals.heartbeat_absent", name=name) for name in heartbeats if name not in known
    }
    for alert in alerts.alerts:
        if alert.held is not False or not alert.state.fires or alert.since > before:
            continue
        if alert.urgency is Urgency.HEARTBEAT:
            unheard_of[alert.name] = say("signals.heartbeat_unheard", name=alert.name)
        elif alert.urgency is Urgency.PAGE:
            unheard_of[alert.name] = say("signals.page_unheard", name=alert.name)
    return tuple(unheard_of.items())
