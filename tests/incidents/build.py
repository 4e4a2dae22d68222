"""Chains of events for tests, without a database."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING
from uuid import UUID

from incidents.events.body import Opened
from incidents.events.event import GENESIS, Draft, chain, new_id

if TYPE_CHECKING:
    from incidents.events.body import Body
    from incidents.events.event import Event
    from incidents.events.run_body import RunBody

START = dt.datetime(2026, 11, 24, 3, 0, tzinfo=dt.UTC)
INCIDENT = UUID("01900000-0000-7000-8000-000000000001")


class Chain:
    """Writes events one after the other, a minute apart."""

    def __init__(self, *, opened: Opened | None = None) -> None:
        self.events: list[Event] = []
        self.add("ic1", opened or Opened(title="429 storm", severity="SEV2"))

    def add(self, actor: str, body: Body | RunBody, minutes: float | None = None) -> Event:
        """Append `body`, `minutes` after the start (else one minute after the last)."""
        at = START + dt.timedelta(minutes=len(self.events) if minutes is None else minutes)
        after = (self.events[-1].sequence, self.events[-1].digest) if self.events else (0, GENESIS)
        event = chain(Draft(new_id(), INCIDENT, actor, body, at), after)
        self.events.append(event)
        return event
