"""What is known of the Celery workers, added to the queues' panel: nobody is called dead who is only silent."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from core.errors import SourceError
from core.message import say
from panels.limits import worst
from panels.state import Part, Row
from signals.celery.model import WorkerState
from signals.reading import Reading, Verdict

if TYPE_CHECKING:
    from panels.state import PanelState
    from signals.celery.model import Fleet

VERDICTS = {
    WorkerState.WORKING: Verdict.OK,
    WorkerState.IDLE: Verdict.OK,
    WorkerState.BUSY: Verdict.OK,
    WorkerState.STUCK: Verdict.WARN,
    WorkerState.UNKNOWN: Verdict.UNKNOWN,
}


def add_workers(state: PanelState, found: Fleet | SourceError) -> PanelState:
    """A row a worker with its state and the evidence; one that looks stuck makes the panel worth a look."""
    if isinstance(found, SourceError):
        return replace(state, warnings=(*state.warnings, found.message))
    here = [one for one in found.workers if one.state is not WorkerState.UNKNOWN]
    stuck = [one for one in found.workers if one.state is WorkerState.STUCK]
    key = "panels.workers_stuck" if stuck else "panels.workers"
    part = Part(
        say(key, here=len(here), all=len(found.workers), stuck=len(stuck)), 2, Verdict.WARN if stuck else None
    )
    rows = tuple(
        Row(
            (say("panels.text", text=one.name), say(f"panels.worker_{one.state.value}"), one.evidence),
            VERDICTS[one.state],
            one.name,
        )
        for one in found.workers
    )
    verdict, reason = state.verdict, state.reason
    if stuck:
        verdict = worst([verdict, Verdict.WARN])
        told = say("panels.worker_stuck_reason", name=stuck[0].name, evidence=stuck[0].evidence)
        reason = reason if verdict is state.verdict else told
    elif not here:
        verdict = worst([verdict, Verdict.UNKNOWN])
        reason = reason if verdict is state.verdict else say("panels.no_worker")
    reading = Reading(
        "workers",
        float(len(here)),
        "count",
        found.at,
        found.source,
        "inspect ping + events",
        called=say("panels.reading_workers"),
    )
    return replace(
        state,
        verdict=verdict,
        reason=reason,
        parts=(*state.parts, part),
        rows=(*state.rows, *rows),
        readings=(*state.readings, reading),
    )
