"""Watches the alerts that are attached to incidents: when one fires no more, or fires again, that is journalled."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from response.situation import Situation
    from signals.alerts.model import Alerts
    from signals.sources import Sources
    from tui.feeds.journal import JournalThread
    from tui.feeds.signals import SignalsThread

ALERT_WATCH = "warroom"
"""The actor of its events: nobody says it, the program saw it."""
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

    async def poll(
        self, situations: Iterable[Situation], journal: JournalThread, signals: SignalsThread | None
    ) -> None:
        """Journal which attached alerts fire no more, or again; of several programs the first one writes it."""
        from incidents.journal.errors import JournalError
        from response.incident import alert_fired_again, resolve_alert

        attached = [
            (situation, fingerprint, alert)
            for situation in situations
            for fingerprint, alert in situation.incident.alerts.items()
        ]
        alerts = await firing_alerts(signals) if attached else None
        if alerts is None:
            return
        # By name: sources put different labels on the same alert, and a switch of source ends none.
        active = {alert.name for alert in alerts.alerts}
        since = {
            alert.name: dt.datetime.fromtimestamp(alert.since, dt.UTC)
            for alert in sorted(alerts.alerts, key=lambda alert: -alert.since)
            if alert.state.fires
        }
        for situation, fingerprint, alert in attached:
            key = (situation.incident.id, fingerprint)
            proposal = None
            if alert.resolved_at is not None:
                self._missed.pop(key, None)
                if alert.name in since:
                    at = max(since[alert.name], alert.resolved_at)
                    proposal = alert_fired_again(situation, fingerprint, at=at)
            else:
                self._missed[key] = 0 if alert.name in active else self._missed.get(key, 0) + 1
                if self._missed[key] >= MAX_MISSED:
                    proposal = resolve_alert(situation, fingerprint)
            if proposal is not None:
                try:
                    await journal.write(proposal, expected_sequence=situation.incident.sequence)
                except JournalError:  # away: the next poll tries again
                    return
