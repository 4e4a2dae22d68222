"""Takes all waiting messages out of a queue; they stay on the broker under another name, from where they can come back."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from actions.fits import Fit
from actions.model import Action, ActionCall, Draft, Fact, Outcome, Undo, Verification
from actions.parameters import Name, Parameters
from actions.queues.broker import open_queue, redis_only
from actions.step import Step
from core.message import say

if TYPE_CHECKING:
    from actions.model import Context, Plan

SHARE = 0.1
"""A queue of work moves: so much more or less than was confirmed is still what was meant."""


class Purge(Parameters):
    """Which queue."""

    queue: Name


def plan(params: Purge, context: Context) -> Draft:
    """How much would be taken out."""
    redis_only(context, "queue.purge")
    waiting, _ = open_queue(context, params.queue, "purged").count()
    return Draft(
        target=params.queue,
        steps=(Step(kind="redis", text=f"RENAME {params.queue} {params.queue}:warroom-purged-TIME"),),
        effects=(
            Fact(
                label=say("actions.fact_purged"),
                value=waiting,
                unit="count",
                at=context.clock(),
                tolerance=max(10, SHARE * waiting),
                may_fall=True,
            ),
        ),
        warnings=(say("actions.purge_keeps_memory"),),
        undo=Undo(say("actions.undo_purge")),
    )


def run(params: Purge, _: Plan, context: Context) -> Outcome:
    """In one move, so that no message is half gone."""
    now = dt.datetime.fromtimestamp(context.clock(), dt.UTC)
    purpose = f"purged-{now:%Y%m%dT%H%M%S%fZ}"
    moved = open_queue(context, params.queue, purpose).set_aside()
    context.print_line(f"{moved} messages → {params.queue}:warroom-{purpose}")
    call = ActionCall("queue.release", {"queue": params.queue, "source": purpose})
    return Outcome(
        text=say("actions.purged", queue=params.queue, count=moved),
        undo=Undo(say("actions.undo_purge"), call),
    )


def verify(params: Purge, plan: Plan, context: Context) -> tuple[Verification, ...]:
    """What waits now came later; the copy is there in full."""
    source = plan.undo.call.params["source"] if plan.undo.call else "purged"
    waiting, aside = open_queue(context, params.queue, source).count()
    return (
        Verification(
            say("actions.waits_and_aside", waiting=waiting, aside=aside), ok=plan.undo.call is not None
        ),
    )


ACTION = Action(
    id="queue.purge",
    title=say("actions_catalogue.queue_purge"),
    why=say("actions_catalogue.queue_purge_why"),
    danger="destructive",
    parameters=Purge,
    resource=lambda params: f"queue/{params.queue}",
    plan=plan,
    run=run,
    verify=verify,
    timeout_s=60.0,
    fits=(Fit("queue", 8, {"queue": "queue"}),),
    needs=("signals.celery",),
    undone_by="queue.release",
)
