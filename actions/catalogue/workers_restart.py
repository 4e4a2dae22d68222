"""Restarts workers one after another, warm: each finishes its tasks; the next goes only when the last is back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actions.fits import Fit
from actions.model import Action, Draft, Fact, Outcome, Undo, Verification
from actions.parameters import Duration, Names, Parameters
from actions.step import Step
from actions.worker_restart import WAIT_S, pid_fact, planned_pids, process_ids, restart_workers, restarted
from core.message import say

if TYPE_CHECKING:
    from actions.model import Context, Plan

ANY_NUMBER = 1e12
"""Tasks begin and end while the plan is read."""


class Restart(Parameters):
    """Which workers (all that answer, unless named), and how long each may take to finish its tasks and come back."""

    workers: Names = ()
    wait: Duration = WAIT_S


def plan(params: Restart, context: Context) -> Draft:
    """Who would be restarted, with its process id and what it is doing."""
    pids = process_ids(context.workers)
    names = params.workers or tuple(sorted(pids))
    active = context.workers.ask("active", destination=list(names)) if names else {}
    at = context.clock()
    absent = sorted(set(names) - set(pids))
    return Draft(
        target=", ".join(names),
        steps=tuple(Step(kind="control", text=f"shutdown → {name}") for name in names),
        effects=(
            Fact(
                label=say("actions.fact_running"),
                value=sum(len(tasks or ()) for tasks in active.values())
                if len(active) == len(names)
                else None,
                unit="count",
                at=at,
                tolerance=ANY_NUMBER,
            ),
        ),
        facts=tuple(pid_fact(name, pids.get(name), at) for name in names),
        blockers=(
            *((say("actions.not_answering", workers=", ".join(absent)),) if absent else ()),
            *(() if names else (say("actions.no_worker"),)),
        ),
        warnings=(say("actions.restart_supervisor"),),
        undo=Undo(say("actions.undo_none")),
    )


def run(params: Restart, plan: Plan, context: Context) -> Outcome:
    """One after another; the first that does not come back ends it, and no other is touched."""
    before = planned_pids(plan)
    restart_workers(before, context, wait_s=params.wait)
    return Outcome(text=say("actions.restarted", count=len(before)))


def verify(params: Restart, plan: Plan, context: Context) -> tuple[Verification, ...]:
    """A new process id each, by the worker's own word."""
    del params
    return restarted(planned_pids(plan), context)


ACTION = Action(
    id="workers.restart",
    title=say("actions_catalogue.workers_restart"),
    why=say("actions_catalogue.workers_restart_why"),
    danger="mitigate",
    parameters=Restart,
    resource=lambda _: "celery/workers",
    plan=plan,
    run=run,
    verify=verify,
    timeout_s=3600.0,
    fits=(Fit("workers", 1), Fit("queue", 6)),
    needs=("signals.celery",),
)
