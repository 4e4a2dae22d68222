"""Restarts Celery workers one after another, warm: each finishes its tasks; the next goes only when the last is back.

What shall hold after a new value was written has to be read by a new process; whoever writes one restarts by these.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from actions.errors import ActionFailed, Cancelled
from actions.model import Draft, Fact, Verification
from core.message import say
from incidents.events.run_body import Restarted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from actions.capabilities import Workers
    from actions.model import Context

WAIT_S = 300.0
"""How long each may take to finish its tasks and to come back, unless somebody says otherwise."""


def process_ids(workers: Workers, name: str | None = None) -> dict[str, int]:
    """The main process of each worker that answers."""
    answers = workers.ask("stats", destination=[name] if name else ())
    return {
        worker: int(stats["pid"])
        for worker, stats in answers.items()
        if isinstance(stats, dict) and isinstance(stats.get("pid"), int)
    }


def pid_fact(worker: str, pid: int | None, at: float) -> Fact:
    """The main process of a worker that a plan would end."""
    return Fact(label=say("actions.fact_pid", worker=worker), value=pid, at=at, kind="process id", of=worker)


def planned_pids(plan: Draft) -> dict[str, int]:
    """The processes that a plan would end, by worker."""
    return {fact.of: int(fact.value or 0) for fact in plan.facts_of("process id")}


def restart_workers(before: Mapping[str, int], context: Context, *, wait_s: float = WAIT_S) -> None:
    """The first that does not come back ends it, and no other is touched; raises `ActionFailed` or `Cancelled`."""
    for count, (name, pid) in enumerate(before.items()):
        context.print_line(f"{name}: pid {pid}, told to finish")
        context.workers.tell("shutdown", {}, destination=[name])
        end = context.clock() + wait_s
        while (now := process_ids(context.workers, name).get(name)) in (None, pid):
            if context.is_cancelled():
                raise Cancelled(say("actions.cancelled"))
            if context.clock() > end:
                key = "actions.restart_not_back" if now is None else "actions.restart_not_ended"
                raise ActionFailed(say(key, worker=name, seconds=wait_s, count=count, all=len(before)))
        context.print_line(f"{name}: back with pid {now}")


def restarted(before: Mapping[str, int], context: Context) -> tuple[Verification, ...]:
    """Whether each has a new process id, by its own word."""
    now = process_ids(context.workers)
    return tuple(
        Verification(
            say("actions.pid_is", worker=name, pid=now[name], before=pid)
            if name in now
            else say("actions.not_answering", workers=name),
            ok=now[name] != pid if name in now else None,
            restarted=Restarted(worker=name, before=pid, pid=now[name])
            if now.get(name, pid) != pid
            else None,
        )
        for name, pid in before.items()
    )
