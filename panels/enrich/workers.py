"""What is known of the Celery workers, on the panel of the queues that they empty.

Nobody is called dead who is only silent. A fleet that does not answer changes no verdict: the broker speaks for itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.errors import SourceError
from core.message import say
from panels.enrich.registry import Enricher
from panels.fold import Contribution
from panels.state import Part, Row
from signals.celery.model import WorkerState
from signals.reading import Reading, Verdict

if TYPE_CHECKING:
    from panels.enrich.registry import PanelContext
    from signals.celery.model import Fleet

VERDICTS = {
    WorkerState.WORKING: Verdict.OK,
    WorkerState.IDLE: Verdict.OK,
    WorkerState.BUSY: Verdict.OK,
    WorkerState.STUCK: Verdict.WARN,
    WorkerState.UNKNOWN: Verdict.UNKNOWN,
}


async def _enrich(context: PanelContext) -> Contribution:
    if context.sources.fleet is None:
        return Contribution()
    try:
        return contribute(await context.sources.fleet.fleet())
    except SourceError as error:
        return Contribution(warnings=(error.message,))


def contribute(fleet: Fleet) -> Contribution:
    """A row a worker with its state and the evidence; one that looks stuck makes the panel worth a look."""
    here = [worker for worker in fleet.workers if worker.state is not WorkerState.UNKNOWN]
    stuck = [worker for worker in fleet.workers if worker.state is WorkerState.STUCK]
    verdict, reason = None, None
    if stuck:
        verdict = Verdict.WARN
        reason = say("panels.worker_stuck_reason", name=stuck[0].name, evidence=stuck[0].evidence)
    elif not here:
        verdict, reason = Verdict.UNKNOWN, say("panels.no_worker")
    key = "panels.workers_stuck" if stuck else "panels.workers"
    text = say(key, here=len(here), all=len(fleet.workers), stuck=len(stuck))
    rows = [
        Row(
            (
                say("panels.text", text=worker.name),
                say(f"panels.worker_{worker.state.value}"),
                worker.evidence,
            ),
            VERDICTS[worker.state],
        )
        for worker in fleet.workers
    ]
    reading = Reading(
        name="workers",
        value=float(len(here)),
        unit="count",
        at=fleet.at,
        source=fleet.source,
        query="inspect ping + events",
        called=say("panels.reading_workers"),
    )
    return Contribution(
        verdict=verdict,
        reason=reason,
        parts=(Part(text, 2, Verdict.WARN if stuck else None),),
        rows=tuple(rows),
        readings=(reading,),
    )


ENRICHER = Enricher(id="workers", applies=lambda spec: spec.kind == "queues", enrich=_enrich, slow=True)
