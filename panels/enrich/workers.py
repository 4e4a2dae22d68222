"""What is known of the Celery workers, on the panel of the queues that they empty.

Nobody is called dead who is only silent; one that fell silent without a goodbye is worth a look. One that said goodbye is
gone, and is not counted. Workers that can't be asked make the panel unknown: what the broker holds does not say who works.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

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
    return contribute(await context.sources.fleet.fleet())


def contribute(fleet: Fleet) -> Contribution:
    """A row a worker with its state and the evidence; one that looks stuck makes the panel worth a look."""
    present = [worker for worker in fleet.workers if not worker.signed_off]
    here = [worker for worker in present if worker.state is not WorkerState.UNKNOWN]
    silent = [worker for worker in present if worker.state is WorkerState.UNKNOWN]
    stuck = [worker for worker in present if worker.state is WorkerState.STUCK]
    verdict, reason = None, None
    if stuck:
        verdict = Verdict.WARN
        reason = say("panels.worker_stuck_reason", name=stuck[0].name, evidence=stuck[0].evidence)
    elif not here:
        verdict, reason = Verdict.UNKNOWN, say("panels.no_worker")
    elif silent:
        verdict = Verdict.WARN
        reason = say("panels.worker_silent_reason", name=silent[0].name, evidence=silent[0].evidence)
    key = "panels.workers_stuck" if stuck else "panels.workers"
    text = say(key, here=len(here), all=len(present), stuck=len(stuck))
    rows = [
        Row(
            (
                say("panels.text", text=worker.name),
                say("panels.worker_gone" if worker.signed_off else f"panels.worker_{worker.state.value}"),
                worker.evidence,
            ),
            None if worker.signed_off else VERDICTS[worker.state],
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
