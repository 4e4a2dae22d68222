"""Runs whose runner gives no sign of life: what is known of one, and a person's word that nobody knows how it ended."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from actions.runner.execute import host_name
from actions.runner.watch import BEAT_S, LOOK_S, ORPHANED_S
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

SECOND_LOOK_S = 2 * BEAT_S
"""So long a runner that lives would have given a sign."""


def lost(run: Run, beat: Heartbeat | None, waited_s: float) -> Message | None:
    """Why a run that has not ended is no longer waited for: its runner gives no sign of life, or never did.

    `beat` is its last sign of life, `waited_s` how long it has been waited for since it was handed to a runner.
    """
    if run.has_ended:
        return None
    if beat is None:
        is_late = waited_s > ORPHANED_S and run.is_unclaimed
        return say("run.never_claimed") if is_late else None
    if beat.age_s <= ORPHANED_S:
        return None
    return say("run.orphaned", age=quantity(round(beat.age_s), "s"), host=run.host)


def declare_orphaned(journal: Journal, run_id: UUID, identity: Identity) -> Refused | None:
    """`runs.orphan`, if its runner really gives no sign of life. Raises a `JournalError`."""
    run, beat = journal.load_run(run_id), journal.heartbeats().get(run_id)
    if lost(run, beat, 0.0) is None or (beat is not None and not _stays_silent(journal, run, beat)):
        return Refused(Reason.RUN_NOT_LOST)
    orphan(journal, run_id, identity)
    return None


def _stays_silent(journal: Journal, run: Run, beat: Heartbeat) -> bool:
    """Whether no sign of life comes for longer than between two: a clock that jumped makes any age wrong."""
    until = time.monotonic() + SECOND_LOOK_S
    while not is_dead_here(run) and time.monotonic() < until:
        time.sleep(LOOK_S)
        now = journal.heartbeats().get(run.id)
        if now is None or now.beats != beat.beats:
            return False
    return not journal.load_run(run.id).has_ended


def is_dead_here(run: Run) -> bool:
    """Whether its runner's process is known to be gone: it was one of this host."""
    number = run.runner.removeprefix("pid ")
    if run.host != host_name() or not number.isdigit():
        return False
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
