"""Tells an incident where a run of it stands: the event that its timeline, its checklist and its postmortem are made of.

A verified end ticks the run's step (`incidents.events.fold`), so that it does not matter who watches, or whether anybody does.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Literal

from incidents.events.audit_body import AuditItemsFound
from incidents.events.body import RunNoted
from incidents.journal.errors import JournalError

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence
    from uuid import UUID

    from incidents.events.audit_body import AuditItem
    from incidents.events.incident import Incident
    from incidents.events.run import Run
    from incidents.journal import Journal

ITEMS_AT_ONCE = 100
"""So many stand in one event: it stays far below what a journal takes as one."""
SETTLED_S = 5.0
"""So long after its end a runner has told of it, or never will."""
UNSTARTED_S = 30.0
"""So long after it was planned a run has a runner, waits for a second person, or was never handed to one."""
Standing = Literal[
    "planned", "claimed", "running", "verified", "finished", "failed", "cancelled", "orphaned", "undone"
]


def tell_incident(journal: Journal, run_id: UUID, actor: str) -> None:
    """Where the run stands now. Nothing where it belongs to no incident; what can't be written now is in the run itself."""
    with suppress(JournalError):
        run = journal.load_run(run_id)
        if run.planned.incident is not None:
            journal.append(run.planned.incident, actor, note_of(run, journal.run_label(run_id)))


def tell_items(journal: Journal, run: Run, actor: str, items: Sequence[AuditItem]) -> None:
    """The rows that the incident gets to work off; nothing where the run belongs to no incident."""
    planned = run.planned
    if planned.incident is None:
        return
    with suppress(JournalError):
        label = journal.run_label(run.id)
        for start in range(0, len(items), ITEMS_AT_ONCE):
            body = AuditItemsFound(
                run=label,
                runbook=planned.runbook,
                step=planned.step,
                items=tuple(items[start : start + ITEMS_AT_ONCE]),
            )
            journal.append(planned.incident, actor, body)


def tell_again(journal: Journal, incident: Incident, now: dt.datetime) -> None:
    """What could not be told by who was killed: a runner at its very end, a program between plan and start.

    Said as by whoever wrote last in the run; once more is no harm.
    """
    with suppress(JournalError):
        for _, run in journal.runs(incident=incident.id):
            noted = incident.runs.get(str(run.id))
            quiet_s = (now - run.events[-1].at).total_seconds()
            is_settled = quiet_s > (SETTLED_S if run.has_ended else UNSTARTED_S)
            if is_settled and (noted is None or noted.state != standing(run)):
                tell_incident(journal, run.id, run.events[-1].actor)


def note_of(run: Run, label: str) -> RunNoted:
    """The run as its incident knows it."""
    planned = run.planned
    return RunNoted(
        run=label,
        run_id=run.id,
        action=planned.action,
        state=standing(run),
        runbook=planned.runbook,
        step=planned.step,
        part=planned.part,
        parts=planned.parts,
        verified=run.verified,
        checks=run.checks,
        said=run.said if run.has_ended else None,
    )


def standing(run: Run) -> Standing:
    """Only an end that was verified, and found nothing, is `verified`."""
    match run.state:
        case "planned" | "approved":
            return "planned"
        case "started" | "verified":
            return "running"
        case "finished":
            return "verified" if run.verified and not run.exit_code else "finished"
        case state:
            return state
