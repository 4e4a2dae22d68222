"""Puts a queue's messages back before all that came meanwhile, and has its workers consume it again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from actions.errors import ActionFailed
from actions.fits import Fit
from actions.model import Action, ActionCall, Draft, Fact, Outcome, Undo, Verification
from actions.parameters import Name, Names, Parameters
from actions.queues.broker import open_queue
from actions.queues.consumers import begin_consuming, read_consumers
from actions.queues.lists import HELD
from actions.step import Step
from core.message import say

if TYPE_CHECKING:
    from actions.model import Context, Plan

ANY_NUMBER = 1e12
"""What is held grows while the plan is read."""


class Release(Parameters):
    """Which queue, from where, and which workers shall consume it (as before the hold)."""

    queue: Name
    source: Name = HELD
    workers: Names = ()
    oldest: Annotated[int | None, Field(ge=1)] = None


def plan(params: Release, context: Context) -> Draft:
    """What would come back, and who would take it."""
    consuming, others = read_consumers(context.workers, params.queue)
    on_broker = open_queue(context, params.queue, params.source)
    _, aside = on_broker.count()
    at = context.clock()
    absent = sorted(set(params.workers) - {*consuming, *others})
    stage = f" {params.oldest}" if params.oldest else ""
    return Draft(
        target=params.queue,
        steps=(
            *(
                (Step(kind="redis", text=f"{params.queue}:warroom-{params.source}{stage} → {params.queue}"),)
                if on_broker.has_copies
                else ()
            ),
            *(
                Step(kind="control", text=f"add_consumer {params.queue} → {worker}")
                for worker in params.workers
            ),
        ),
        effects=(
            Fact(label=say("actions.fact_aside"), value=aside, unit="count", at=at, tolerance=ANY_NUMBER),
        ),
        facts=(Fact(label=say("actions.fact_consumers"), value=", ".join(consuming), at=at),),
        warnings=(
            *((say("actions.not_answering", workers=", ".join(absent)),) if absent else ()),
            *(() if consuming or params.workers else (say("actions.consumed_by_nobody"),)),
            *((say("actions_queues.release_partly"),) if params.oldest and params.oldest < aside else ()),
        ),
        undo=Undo(say("actions.undo_release"), ActionCall("queue.hold", {"queue": params.queue})),
    )


def run(params: Release, _: Plan, context: Context) -> Outcome:
    """The messages first: a worker that consumes earlier would take newer ones before them."""
    moved = open_queue(context, params.queue, params.source).put_back(params.oldest)
    context.print_line(f"{moved} messages put back")
    failed = begin_consuming(context.workers, params.queue, params.workers)
    for worker in params.workers:
        context.print_line(
            f"{worker}: {(failed[worker] or 'unconfirmed') if worker in failed else 'consumes'}"
        )
    if failed and len(failed) == len(params.workers):
        worker, why = next(iter(failed.items()))
        raise ActionFailed(say("actions.consumes_not", worker=worker, why=why or "unconfirmed", count=moved))
    return Outcome(text=say("actions.released", queue=params.queue, count=moved))


def verify(params: Release, _: Plan, context: Context) -> tuple[Verification, ...]:
    """Whether nothing is aside any more, and who consumes the queue."""
    consuming, _others = read_consumers(context.workers, params.queue)
    waiting, aside = open_queue(context, params.queue, params.source).count()
    missing = sorted(set(params.workers) - set(consuming))
    return (
        Verification(
            say("actions.waits_and_aside", waiting=waiting, aside=aside),
            ok=aside == 0 or params.oldest is not None,
        ),
        Verification(
            say("actions.consumed_by", workers=", ".join(consuming))
            if consuming
            else say("actions.consumed_by_nobody"),
            ok=not missing if consuming or not params.workers else False,
        ),
    )


ACTION = Action(
    id="queue.release",
    title=say("actions_catalogue.queue_release"),
    why=say("actions_catalogue.queue_release_why"),
    danger="mitigate",
    parameters=Release,
    resource=lambda params: f"queue/{params.queue}",
    plan=plan,
    run=run,
    verify=verify,
    takes_over=lambda params, _: (
        (
            ("queue.hold", f"queue/{params.queue}"),
            ("queue.stop-consuming", f"queue/{params.queue}"),
        )
        if params.oldest is None
        else ()
    ),
    timeout_s=120.0,
    fits=(Fit("queue", 4, {"queue": "queue"}),),
    needs=("signals.celery",),
    undone_by="queue.hold",
)
