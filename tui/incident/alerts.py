"""Alerts of an incident: one is attached with the runbook that answers it, and its end is noted by itself."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from uuid import UUID

    from incidents.events.body import AlertAttached
    from signals.alerts.model import Alert, Alerts
    from signals.sources import Sources
    from tui.incident.context import IncidentContext

WRITER = "warroom"
"""Nobody says it: the program saw it."""
LOOK_S = 10.0
"""Between two looks at the alerts."""
LOOKS = 2
"""So many looks in a row must miss an alert before it is over: one may fall between two evaluations of its rule."""


def fingerprint(alert: Alert) -> str:
    """A stable name of one instance: its name and its labels."""
    labels = ",".join(
        f"{name}={value}" for name, value in sorted(alert.labels.items()) if name != "alertname"
    )
    return f"{alert.name}{{{labels}}}"[:400]


def attached(alert: Alert) -> AlertAttached:
    """The event that attaches a firing alert."""
    from incidents.events.body import AlertAttached

    return AlertAttached(
        fingerprint=fingerprint(alert),
        name=alert.name,
        severity=alert.severity,
        since=dt.datetime.fromtimestamp(alert.since, dt.UTC) if alert.since > 0 else None,
        summary=alert.annotations.get("summary", ""),
    )


async def firing(context: IncidentContext) -> Alerts | None:
    """What fires now; None where nobody can say."""
    from core.errors import SourceError

    asking = context.face.signals_thread
    if asking is None:
        return None
    try:
        return await asking.ask(_alerts)
    except SourceError:
        return None


async def _alerts(sources: Sources) -> Alerts | None:
    return await sources.alerts.alerts() if sources.alerts else None


class AlertWatch:
    """Remembers how often an attached alert was missed; a source that does not answer misses nothing."""

    def __init__(self) -> None:
        self._missed: dict[tuple[UUID, str], int] = {}

    async def look(self, context: IncidentContext) -> None:
        """Note the end of every attached alert that fires no more; of several programs the first one writes it."""
        from incidents.events.body import AlertResolved
        from incidents.journal.errors import JournalError

        waiting = [
            (seen, print_, alert.name)
            for seen in context.worst_first()
            for print_, alert in seen.incident.alerts.items()
            if alert.resolved_at is None
        ]
        if not waiting or context.follower is None or context.journal.read_only:
            return
        now = await firing(context)
        if now is None:
            return
        # By name: sources put different labels on the same alert, and a switch of source ends none.
        active = {alert.name for alert in now.alerts}
        for seen, print_, name in waiting:
            key = (seen.incident.id, print_)
            self._missed[key] = 0 if name in active else self._missed.get(key, 0) + 1
            if self._missed[key] >= LOOKS:
                body = AlertResolved(fingerprint=print_, at=dt.datetime.now(dt.UTC))
                try:
                    await context.follower.write(
                        seen.incident.id, body, actor=WRITER, expected_sequence=seen.incident.sequence
                    )
                except JournalError:  # away: the next look tries again
                    return
