"""What is put on record: notes, status updates, pinned evidence, follow-ups; and what is taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from incidents.events import body as b
from incidents.events.fold import can_undo
from response.decision import Reason, Refused
from response.situation import propose

if TYPE_CHECKING:
    import datetime as dt
    from uuid import UUID

    from incidents.events.event import Event
    from response.situation import Proposal, Situation


def note(situation: Situation, text: str) -> Proposal:
    """What somebody saw, thinks or did."""
    return propose(situation, b.Noted(text=text))


def write_update(situation: Situation, text: str) -> Proposal:
    """A status update as people read it; whoever wants sends it afterwards."""
    return propose(situation, b.UpdateWritten(text=text))


def pin(situation: Situation, evidence: b.EvidencePinned) -> Proposal:
    """A panel as it showed at this moment, with its data."""
    return propose(situation, evidence)


def add_follow_up(
    situation: Situation, text: str, *, owner: str = "", due: dt.date | None = None
) -> Proposal:
    """Work for afterwards."""
    return propose(situation, b.FollowUpAdded(text=text, owner=owner, due=due))


def finish_follow_up(situation: Situation, follow_up: UUID) -> Proposal:
    """It is done; named by the id of its event."""
    return propose(situation, b.FollowUpDone(follow_up=follow_up))


def last_own_event(situation: Situation) -> Event | None:
    """The actor's own last event that can be taken back and is no undo."""
    incident = situation.incident
    return next(
        (
            event
            for event in reversed(incident.events)
            if event.actor == situation.actor and can_undo(incident, event) and event.body.kind != "undone"
        ),
        None,
    )


def undo(situation: Situation, event: Event | None, *, reason: str = "") -> Proposal | Refused:
    """Take an event back; it stays in the journal."""
    if event is None:
        return Refused(Reason.NOTHING_TO_UNDO)
    return propose(situation, b.Undone(event=event.id, reason=reason))
