"""Writes what was proposed, if the guard still allows it: it is asked once more, with the newest fold.

Whoever calls this holds the journal: the screen's journal thread, or one call of the command line.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from incidents.events.event import new_id
from response.decision import ALLOWED, Ask
from response.guard import may

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from incidents.events.body import Body
    from incidents.events.event import Event
    from incidents.journal import Journal
    from response.decision import Decision
    from response.situation import Proposal


@dataclass(frozen=True, slots=True)
class Written:
    """The events that are on a disk now, and what speaks against the first one that is not."""

    events: tuple[Event, ...]
    decision: Decision = ALLOWED


def write(journal: Journal, proposal: Proposal, *, expected_sequence: int | None = None) -> Written:
    """Write the events that nothing speaks against; none of them while a question is open. Raises a `JournalError`.

    With `expected_sequence` only if nobody has written since, else `WriteConflict` is raised.
    """
    known = proposal.situation
    situation = replace(known, incident=journal.load(known.incident.id))
    decisions = [may(situation, body, seen=known.incident.sequence) for body in proposal.bodies]
    against = next((decision for decision in decisions if decision != ALLOWED), ALLOWED)
    question = next((decision for decision in decisions if isinstance(decision, Ask)), None)
    if question is not None:
        return Written((), question)
    events = (
        journal.append(situation.incident.id, situation.actor, body, expected_sequence=expected_sequence)
        for body, decision in zip(proposal.bodies, decisions, strict=True)
        if decision == ALLOWED
    )
    return Written(tuple(events), against)


def write_opening(journal: Journal, actor: str, bodies: Iterable[Body]) -> UUID:
    """Write the first events of a new incident; returns its id. Raises a `JournalError`."""
    incident = new_id()
    for body in bodies:
        journal.append(incident, actor, body)
    return incident
