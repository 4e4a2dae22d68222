"""Has workers stop consuming a queue; what comes waits on the broker, in order, and nothing is moved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actions.errors import ActionFailed
from actions.fits import Fit
from actions.model import DEFAULT_LASTS_S, Action, ActionCall, Draft, Fact, Outcome, Undo, Verification
from actions.parameters import Name, Names, Parameters
from actions.queues.consumers import read_consumers, stop_again, stop_consuming
from actions.queues.consumers_before import remember
from actions.step import Step
from core.message import say

if TYPE_CHECKING:
    from actions.model import Context, Plan
    from core.message import Message


class StopConsuming(Parameters):
    """Which queue, and which workers (all that consume it, unless named)."""

    queue: Name
    workers: Names = ()

    def wanted(self, consuming: tuple[str, ...]) -> tuple[str, ...]:
        """Of those that consume the queue, the ones that are meant."""
        return tuple(worker for worker in consuming if not self.workers or worker in self.workers)


def plan(params: StopConsuming, context: Context) -> Draft:
    """Who would stop, and who goes on."""
    consuming, others = read_consumers(context.workers, params.queue)
    stopping = params.wanted(consuming)
    at = context.clock()
    call = ActionCall("queue.release", {"queue": params.queue, "workers": ",".join(stopping)})
    return Draft(
        target=params.queue,
        steps=tuple(
            Step(kind="control", text=f"cancel_consumer {params.queue} → {worker}") for worker in stopping
        ),
        effects=(Fact(label=say("actions.fact_consumers"), value=", ".join(consuming), at=at),),
        facts=(
            Fact(label=say("actions.fact_workers"), value=", ".join(sorted((*consuming, *others))), at=at),
        ),
        blockers=()
        if stopping
        else (say("actions.consumed_by_nobody" if consuming or others else "actions.nobody_answered"),),
        warnings=(say("actions.hold_unacked"),),
        undo=Undo(say("actions.undo_hold", queue=params.queue), call),
    )


def run(params: StopConsuming, plan: Plan, context: Context) -> Outcome:
    """Each confirms, and is asked until it has stopped."""
    del plan
    stopping = params.wanted(read_consumers(context.workers, params.queue)[0])
    remember(context, params.queue, stopping)  # for a return in stages
    failed = stop_consuming(context.workers, params.queue, stopping)
    for worker in stopping:
        context.print_line(
            f"{worker}: {(failed[worker] or 'unconfirmed') if worker in failed else 'stopped'}"
        )
    if failed:
        worker, why = next(iter(failed.items()))
        raise ActionFailed(say("actions.still_consuming", worker=worker, why=why or "unconfirmed"))
    return Outcome(text=say("actions.stopped", queue=params.queue, count=len(stopping)))


def verify(params: StopConsuming, _: Plan, context: Context) -> tuple[Verification, ...]:
    """By the workers' own word; without an answer nobody knows."""
    consuming, others = read_consumers(context.workers, params.queue)
    still = params.wanted(consuming)
    if still:
        return (Verification(say("actions.consumed_by", workers=", ".join(still)), ok=False),)
    if consuming or others:
        return (Verification(say("actions.consumed_by_nobody"), ok=True),)
    return (Verification(say("actions.nobody_answered"), ok=None),)


def keep(params: StopConsuming, _: Plan, context: Context) -> tuple[Message, ...]:
    """A worker that started since consumes it again."""
    again = params.wanted(read_consumers(context.workers, params.queue)[0])
    return stop_again(context.workers, params.queue, again)


ACTION = Action(
    id="queue.stop-consuming",
    title=say("actions_catalogue.queue_stop_consuming"),
    why=say("actions_catalogue.queue_stop_consuming_why"),
    danger="mitigate",
    parameters=StopConsuming,
    resource=lambda params: f"queue/{params.queue}",
    plan=plan,
    run=run,
    verify=verify,
    keep=keep,
    lasts_s=DEFAULT_LASTS_S,
    timeout_s=120.0,
    fits=(Fit("queue", 3, {"queue": "queue"}), Fit("workers", 4)),
    needs=("signals.celery",),
    undone_by="queue.release",
)
