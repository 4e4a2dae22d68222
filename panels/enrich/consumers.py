"""Who empties the queues: messages that wait in a queue which no known worker consumes, on the panel of the queues.

Nothing is said of a queue while the workers can't be asked, or while one of them is silent: it may be the consumer.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from core.message import say
from panels.enrich.registry import Enricher
from panels.fold import Contribution
from panels.state import Row
from signals.celery.model import WorkerState
from signals.reading import Verdict

if TYPE_CHECKING:
    from panels.enrich.registry import PanelContext
    from signals.celery.model import Fleet, Queues


async def _enrich(context: PanelContext) -> Contribution:
    if context.sources.queues is None or context.sources.fleet is None:
        return Contribution()
    return contribute(*await asyncio.gather(context.sources.queues.queues(), context.sources.fleet.fleet()))


def contribute(queues: Queues, fleet: Fleet) -> Contribution:
    """A warning for the longest queue that waits for nobody."""
    present = [worker for worker in fleet.workers if not worker.signed_off]
    if not present or any(worker.state is WorkerState.UNKNOWN for worker in present):
        return Contribution()
    consumed = {queue for worker in present for queue in worker.queues}
    unconsumed = [queue for queue in queues.queues if queue.waiting and queue.name not in consumed]
    if not unconsumed:
        return Contribution()
    longest = max(unconsumed, key=lambda queue: queue.waiting)
    return Contribution(
        verdict=Verdict.WARN,
        reason=say("panels.nobody_consumes", name=longest.name, count=longest.waiting),
        rows=tuple(
            Row((say("panels.text", text=queue.name), say("panels.nobody_consumes_cell")), Verdict.WARN)
            for queue in unconsumed
        ),
    )


ENRICHER = Enricher(id="consumers", applies=lambda spec: spec.kind == "queues", enrich=_enrich, slow=True)
