"""Runs whose runner gives no sign of life: what is known of one, and a person's word that nobody knows how it ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actions.runner.watch import ORPHANED_S
from core.message import say
from core.units import quantity
from response.decision import Reason, Refused
from response.runs import orphan

if TYPE_CHECKING:
    from uuid import UUID

    from core.message import Message
    from incidents.events.run import Run
    from incidents.journal import Journal
    from incidents.journal.lease import Heartbeat
    from response.identity import Identity


def lost(run: Run, beat: Heartbeat | None, waited_s: float) -> Message | None:
    """Why a run that has not ended is no longer waited for: its runner gives no sign of life, or never did.

    `beat` is its last sign of life, `waited_s` how long it has been waited for since it was handed to a runner.
    """
    if run.has_ended:
        return None
    if beat is None:
        is_late = waited_s > ORPHANED_S and run.state in ("planned", "approved")
        return say("run.never_claimed") if is_late else None
    if beat.age_s <= ORPHANED_S:
        return None
    return say("run.orphaned", age=quantity(round(beat.age_s), "s"), host=run.host)


def declare_orphaned(journal: Journal, run_id: UUID, identity: Identity) -> Refused | None:
    """`runs.orphan`, if its runner really gives no sign of life. Raises a `JournalError`."""
    run = journal.load_run(run_id)
    if lost(run, journal.heartbeats().get(run_id), 0.0) is None:
        return Refused(Reason.RUN_NOT_LOST)
    orphan(journal, run_id, identity)
    return None
