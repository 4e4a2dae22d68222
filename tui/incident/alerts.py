"""Watches the alerts that are attached to incidents: when one fires no more, that is journalled."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from uuid import UUID

    from signals.alerts.model import Alerts
    from signals.sources import Sources
    from tui.feeds.signals import SignalsThread
    from tui.incident.context import IncidentContext

ACTOR = "warroom"
"""Nobody says it: the program saw it."""
POLL_S = 10.0
MAX_MISSED = 2
"""So many polls in a row must miss an alert before it is over: one may fall between two evaluations of its rule."""


async def firing_alerts(signals: SignalsThread | None) -> Alerts | None:
    """What fires now; None where nobody can say."""
    from core.errors import SourceError

    if signals is None:
        return None
    try:
        return await signals.ask(_alerts)
    except SourceError:
        return None


async def _alerts(sources: Sources) -> Alerts | None:
    return await sources.alerts.alerts() if sources.alerts else None


class AlertWatch:
    """Counts how often an attached alert was missed; a source that does not answer misses nothing."""

    def __init__(self) -> None:
        self._missed: dict[tuple[UUID, str], int] = {}

    async def poll(self, context: IncidentContext) -> None:
        """Journal the end of every attached alert that fires no more; of several programs the first one writes it."""
        from incidents.journal.errors import JournalError
        from response.incident import resolve_alert

        attached = [
            (known, fingerprint, alert.name)
            for known in context.worst_first()
            for fingerprint, alert in known.incident.alerts.items()
            if alert.resolved_at is None
        ]
        if not attached or context.journal_thread is None or context.journal.read_only:
            return
        alerts = await firing_alerts(context.host.signals_thread)
        if alerts is None:
            return
        # By name: sources put different labels on the same alert, and a switch of source ends none.
        firing = {alert.name for alert in alerts.alerts}
        for known, fingerprint, name in attached:
            key = (known.incident.id, fingerprint)
            self._missed[key] = 0 if name in firing else self._missed.get(key, 0) + 1
            if self._missed[key] >= MAX_MISSED:
                situation = replace(context.situation(known), actor=ACTOR)
                try:
                    await context.journal_thread.write(
                        resolve_alert(situation, fingerprint), expected_sequence=known.incident.sequence
                    )
                except JournalError:  # away: the next poll tries again
                    return
