"""Revokes all that waits or runs of one task; what can't be revoked is named. It is gone: nothing of it is kept."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from actions.errors import ActionFailed
from actions.fits import Fit
from actions.model import DEFAULT_LASTS_S, Action, Draft, Fact, Outcome, Undo, Verification
from actions.parameters import Name, Names, Parameters
from actions.queues.revoked import MAX_REMEMBERED, remembered, revoke, survey, terminate
from actions.step import Step
from core.files import read_text, replace_file
from core.message import say

if TYPE_CHECKING:
    from pathlib import Path

    from actions.model import Context, Plan
    from actions.queues.revoked import Survey
    from core.message import Message

SHARE = 0.1
"""A queue of work moves: so much more or less than was confirmed is still what was meant."""
MAX_FILE_BYTES = 8_000_000


class Revoke(Parameters):
    """Which task, whether it is ended where it runs, and the queues to look into (all, unless named)."""

    task: Name
    terminate: bool = False
    queues: Names = ()


def plan(params: Revoke, context: Context) -> Draft:
    """How much there is of it, and what of that can't be revoked."""
    there = survey(params.task, context, params.queues)
    at = context.clock()

    def effect(label: Message, count: int | None) -> Fact:
        tolerance = max(10, SHARE * (count or 0))
        return Fact(label=label, value=count, unit="count", at=at, tolerance=tolerance, may_fall=True)

    waiting = None if there.waiting is None else len(there.waiting)
    return Draft(
        target=params.task,
        steps=(
            *(
                Step(kind="control", text=f"revoke {params.task} → {worker}")
                for worker in sorted(there.pools)
            ),
            *(
                Step(kind="control", text=f"revoke terminate {params.task} → {worker}")
                for worker in sorted(there.pools)
                if params.terminate
            ),
        ),
        effects=(
            effect(say("actions_queues.fact_revoked_waiting"), waiting),
            effect(say("actions_queues.fact_revoked_fetched"), len(there.fetched)),
            effect(
                say("actions_queues.fact_terminated" if params.terminate else "actions_queues.fact_finished"),
                len(there.running),
            ),
        ),
        facts=(Fact(label=say("actions.fact_workers"), value=", ".join(sorted(there.pools)), at=at),),
        blockers=_blockers(params, there),
        warnings=(*_spared(params, there), say("actions_queues.revoke_later")),
        undo=Undo(say("actions_queues.undo_revoke")),
    )


def _blockers(params: Revoke, there: Survey) -> tuple[Message, ...]:
    if not there.pools:
        return (say("actions.no_worker"),)
    if not there.ids():
        key = "actions_queues.revoke_nothing" if there.waiting is not None else "actions_queues.revoke_unseen"
        return (say(key, task=params.task),)
    if len(there.ids()) > MAX_REMEMBERED:
        return (say("actions_queues.revoke_too_many", count=len(there.ids()), limit=MAX_REMEMBERED),)
    return ()


def _spared(params: Revoke, there: Survey) -> tuple[Message, ...]:
    """What of it is not revoked, each by name or number."""
    reasons: list[Message] = []
    if there.waiting is None:
        reasons.append(say("actions_queues.spared_amqp"))
    if there.unreadable:
        reasons.append(say("actions_queues.spared_unreadable", count=there.unreadable))
    if not there.is_complete:
        reasons.append(say("actions_queues.spared_incomplete"))
    spared = there.unstoppable() if params.terminate else there.running
    for worker in sorted(set(spared.values())):
        count = sum(1 for holder in spared.values() if holder == worker)
        key = "actions_queues.spared_pool" if params.terminate else "actions_queues.spared_running"
        reasons.append(say(key, worker=worker, count=count, pool=there.pools.get(worker, "?")))
    return tuple(reasons)


def run(params: Revoke, plan: Plan, context: Context) -> Outcome:
    """Written down first, so that whoever keeps it can tell workers that restart; then every worker, by id."""
    there = survey(params.task, context, params.queues)
    ids, names = there.ids(), sorted(there.pools)
    file = _file(plan, context)
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    replace_file(file, json.dumps(ids).encode())
    failed = revoke(context.workers, ids, names)
    if params.terminate:
        stoppable = {
            task: worker for task, worker in there.running.items() if task not in there.unstoppable()
        }
        failed |= terminate(context.workers, stoppable)
    for worker in names:
        context.print_line(
            f"{worker}: {(failed[worker] or 'unconfirmed') if worker in failed else 'confirmed'}"
        )
    if len(failed) == len(names):
        raise ActionFailed(say("actions_queues.revoke_unconfirmed", workers=", ".join(sorted(failed))))
    spared = len(there.unstoppable() if params.terminate else there.running)
    return Outcome(
        text=say("actions_queues.revoked", count=len(ids) - spared, task=params.task, spared=spared)
    )


def verify(params: Revoke, plan: Plan, context: Context) -> tuple[Verification, ...]:
    """Whether each worker remembers all of them, by its own word; and whether any still runs."""
    ids = frozenset(_read(plan, context))
    checks = []
    for worker, known in sorted(remembered(context.workers).items()):
        missing = len(ids - known)
        checks.append(
            Verification(say("actions_queues.remembers", worker=worker, missing=missing), ok=not missing)
        )
    if not checks:
        return (Verification(say("actions.no_worker"), ok=None),)
    if params.terminate:
        there = survey(params.task, context, params.queues)
        still = {task: worker for task, worker in there.running.items() if task in ids}
        for worker in sorted(set(still.values())):
            count = sum(1 for holder in still.values() if holder == worker)
            checks.append(
                Verification(say("actions_queues.still_runs", worker=worker, count=count), ok=False)
            )
    return tuple(checks)


def keep(_: Revoke, plan: Plan, context: Context) -> tuple[Message, ...]:
    """A worker that restarted has forgotten them, and would run what still waits."""
    ids = frozenset(_read(plan, context))
    changes = []
    for worker, known in sorted(remembered(context.workers).items()):
        if missing := sorted(ids - known):
            failed = revoke(context.workers, missing, [worker])
            key = "actions_queues.revoked_again_not" if worker in failed else "actions_queues.revoked_again"
            changes.append(say(key, worker=worker, count=len(missing)))
    return tuple(changes)


def _file(plan: Plan, context: Context) -> Path:
    """On the host where it ran, by what was confirmed."""
    return context.folder / "revoked" / f"{plan.digest[:32]}.json"


def _read(plan: Plan, context: Context) -> tuple[str, ...]:
    try:
        ids = json.loads(read_text(_file(plan, context), MAX_FILE_BYTES))
    except (OSError, ValueError):
        raise ActionFailed(say("actions_queues.revoked_elsewhere")) from None
    return tuple(str(each) for each in ids)


ACTION = Action(
    id="queue.revoke",
    title=say("actions_catalogue.queue_revoke"),
    why=say("actions_catalogue.queue_revoke_why"),
    danger="destructive",
    parameters=Revoke,
    resource=lambda params: f"celery/{params.task}/revoked",
    plan=plan,
    run=run,
    verify=verify,
    keep=keep,
    lasts_s=DEFAULT_LASTS_S,
    ends_by_itself=True,
    timeout_s=900.0,
    fits=(Fit("queue", 7, {"task": "task"}), Fit("requests", 6, {"task": "task"})),
    needs=("signals.celery",),
)
