"""Restarts workers one after another, warm: each finishes its tasks; the next goes only when the last is back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actions.errors import ActionFailed, Cancelled
from actions.model import Action, Draft, Fact, Outcome, Undo, Verification
from actions.parameters import Duration, Names, Parameters
from actions.step import Step
from core.message import say

if TYPE_CHECKING:
    from actions.capabilities import Workers
    from actions.model import Context, Plan

ANY_NUMBER = 1e12
"""Tasks begin and end while the plan is read."""


class Restart(Parameters):
    """Which workers (all that answer, unless named), and how long each may take to finish its tasks and come back."""

    workers: Names = ()
    wait: Duration = 300.0


def plan(params: Restart, context: Context) -> Draft:
    """Who would be restarted, with its process id and what it is doing."""
    pids = _pids(context.workers)
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
        facts=tuple(
            Fact(label=say("actions.fact_pid", worker=name), value=pids.get(name), at=at) for name in names
        ),
        blockers=(
            *((say("actions.not_answering", workers=", ".join(absent)),) if absent else ()),
            *(() if names else (say("actions.no_worker"),)),
        ),
        warnings=(say("actions.restart_supervisor"),),
        undo=Undo(say("actions.undo_none")),
    )


def run(params: Restart, plan: Plan, context: Context) -> Outcome:
    """One after another; the first that does not come back ends it, and no other is touched."""
    before = _planned(plan)
    for count, (name, pid) in enumerate(before.items()):
        context.print_line(f"{name}: pid {pid}, told to finish")
        context.workers.tell("shutdown", {}, destination=[name])
        end = context.clock() + params.wait
        while (now := _pids(context.workers, name).get(name)) in (None, pid):
            if context.is_cancelled():
                raise Cancelled(say("actions.cancelled"))
            if context.clock() > end:
                key = "actions.restart_not_back" if now is None else "actions.restart_not_ended"
                raise ActionFailed(say(key, worker=name, seconds=params.wait, count=count, all=len(before)))
        context.print_line(f"{name}: back with pid {now}")
    return Outcome(text=say("actions.restarted", count=len(before)))


def verify(params: Restart, plan: Plan, context: Context) -> tuple[Verification, ...]:
    """A new process id each, by the worker's own word."""
    del params
    now = _pids(context.workers)
    return tuple(
        Verification(
            say("actions.pid_is", worker=name, pid=now[name], before=pid)
            if name in now
            else say("actions.not_answering", workers=name),
            ok=now[name] != pid if name in now else None,
        )
        for name, pid in _planned(plan).items()
    )


def _planned(plan: Plan) -> dict[str, int]:
    return {str(fact.label.values["worker"]): int(fact.value or 0) for fact in plan.facts}


def _pids(workers: Workers, name: str | None = None) -> dict[str, int]:
    """The main process of each worker that answers."""
    answers = workers.ask("stats", destination=[name] if name else ())
    return {
        worker: int(stats["pid"])
        for worker, stats in answers.items()
        if isinstance(stats, dict) and isinstance(stats.get("pid"), int)
    }


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
)
