"""Holds a queue: its workers stop consuming it and what waits is set aside; nothing is lost, nothing overtakes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actions.errors import ActionFailed
from actions.fits import Fit
from actions.model import DEFAULT_LASTS_S, Action, ActionCall, Draft, Fact, Outcome, Undo, Verification
from actions.parameters import Name, Parameters
from actions.queues.broker import open_queue
from actions.queues.consumers import read_consumers, stop_again, stop_consuming
from actions.queues.consumers_before import recall, remember
from actions.queues.lists import HELD
from actions.step import Step
from core.message import say

if TYPE_CHECKING:
    from actions.model import Context, Plan
    from core.message import Message

ANY_NUMBER = 1e12
"""Messages come while the plan is read: any number of them is held."""


class Hold(Parameters):
    """Which queue."""

    queue: Name


def plan(params: Hold, context: Context) -> Draft:
    """Who consumes the queue, and how much waits in it."""
    consuming, others = read_consumers(context.workers, params.queue)
    on_broker = open_queue(context, params.queue)
    waiting, aside = on_broker.count()
    at = context.clock()
    return Draft(
        target=params.queue,
        steps=(
            *(
                Step(kind="control", text=f"cancel_consumer {params.queue} → {worker}")
                for worker in consuming
            ),
            *(
                (Step(kind="redis", text=f"RENAME {params.queue} {params.queue}:warroom-{HELD}"),)
                if on_broker.has_copies
                else ()
            ),
        ),
        effects=(
            Fact(label=say("actions.fact_waiting"), value=waiting, unit="count", at=at, tolerance=ANY_NUMBER),
            Fact(label=say("actions.fact_aside"), value=aside, unit="count", at=at, tolerance=ANY_NUMBER),
        ),
        facts=(
            Fact(label=say("actions.fact_consumers"), value=", ".join(consuming), at=at),
            Fact(label=say("actions.fact_workers"), value=", ".join(sorted((*consuming, *others))), at=at),
        ),
        blockers=() if consuming or others else (say("actions.nobody_answered"),),
        warnings=(say("actions.hold_unacked"),),
        undo=_undo(params.queue, consuming or recall(context, params.queue)),
    )


def _undo(queue: str, consuming: tuple[str, ...]) -> Undo:
    call = ActionCall("queue.release", {"queue": queue, "workers": ",".join(consuming)})
    return Undo(say("actions.undo_hold", queue=queue), call)


def run(params: Hold, _: Plan, context: Context) -> Outcome:
    """The workers first: what is set aside before they stop would be overtaken."""
    consuming, _others = read_consumers(context.workers, params.queue)
    remember(context, params.queue, consuming)
    failed = stop_consuming(context.workers, params.queue, consuming)
    for worker in consuming:
        context.print_line(
            f"{worker}: {(failed[worker] or 'unconfirmed') if worker in failed else 'stopped'}"
        )
    moved = open_queue(context, params.queue).set_aside()
    context.print_line(f"{moved} messages set aside")
    if failed:
        worker, why = next(iter(failed.items()))
        raise ActionFailed(
            say("actions.still_consumes", worker=worker, why=why or "unconfirmed", count=moved)
        )
    return Outcome(
        text=say("actions.held", queue=params.queue, count=moved),
        undo=_undo(params.queue, consuming or recall(context, params.queue)),
    )


def verify(params: Hold, _: Plan, context: Context) -> tuple[Verification, ...]:
    """Whether a worker consumes it by its own word."""
    consuming, others = read_consumers(context.workers, params.queue)
    waiting, aside = open_queue(context, params.queue).count()
    who = Verification(
        say("actions.consumed_by", workers=", ".join(consuming))
        if consuming
        else say("actions.consumed_by_nobody" if others else "actions.nobody_answered"),
        ok=False if consuming else True if others else None,
    )
    return (who, Verification(say("actions.waits_and_aside", waiting=waiting, aside=aside), ok=True))


def keep(params: Hold, _: Plan, context: Context) -> tuple[Message, ...]:
    """A worker that started since consumes the queue again, and messages came in."""
    consuming, _others = read_consumers(context.workers, params.queue)
    stopped = stop_again(context.workers, params.queue, consuming)
    moved = open_queue(context, params.queue).set_aside()
    return (
        *stopped,
        *((say("actions.set_aside_again", count=moved),) if moved else ()),
    )


ACTION = Action(
    id="queue.hold",
    title=say("actions_catalogue.queue_hold"),
    why=say("actions_catalogue.queue_hold_why"),
    danger="mitigate",
    parameters=Hold,
    resource=lambda params: f"queue/{params.queue}",
    plan=plan,
    run=run,
    verify=verify,
    keep=keep,
    lasts_s=DEFAULT_LASTS_S,
    takes_over=lambda params, _: (("queue.stop-consuming", f"queue/{params.queue}"),),
    timeout_s=120.0,
    fits=(Fit("queue", 2, {"queue": "queue"}),),
    needs=("signals.celery",),
    undone_by="queue.release",
)
