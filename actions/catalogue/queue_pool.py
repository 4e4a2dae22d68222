"""Grows or shrinks the pool of workers: how many tasks each runs at a time; the size that was there is the way back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from actions.errors import ActionFailed
from actions.fits import Fit
from actions.model import DEFAULT_LASTS_S, Action, ActionCall, Draft, Fact, Outcome, Undo, Verification
from actions.parameters import Names, Parameters
from actions.queues.pool import command_of, read_sizes, resize
from actions.step import Step
from core.message import say

if TYPE_CHECKING:
    from collections.abc import Mapping

    from actions.model import Context, Plan
    from core.message import Message

MAX_PROCESSES = 256


def _sizes(items: tuple[str, ...]) -> tuple[str, ...]:
    for item in items:
        worker, _, size = item.rpartition("=")
        if not worker or not size.isdecimal() or not 1 <= int(size) <= MAX_PROCESSES:
            raise PydanticCustomError("sizes", "worker=processes, such as celery@a=4")
    return items


class Pool(Parameters):
    """How many processes; `workers` names some (else all that answer), `each` gives some a size of their own."""

    processes: Annotated[int, Field(ge=1, le=MAX_PROCESSES)]
    workers: Names = ()
    each: Annotated[Names, AfterValidator(_sizes)] = ()

    def wanted(self, sizes: Mapping[str, int]) -> dict[str, int]:
        """The size that each worker of `sizes` shall have."""
        own = {worker: int(size) for worker, _, size in (item.rpartition("=") for item in self.each)}
        named = set(self.workers)
        return {worker: own.get(worker, self.processes) for worker in sizes if not named or worker in named}


def plan(params: Pool, context: Context) -> Draft:
    """The sizes now, and what becomes of them."""
    sizes = read_sizes(context.workers)
    wanted = params.wanted(sizes)
    changes = {worker: size - sizes[worker] for worker, size in wanted.items() if size != sizes[worker]}
    at = context.clock()
    return Draft(
        target=", ".join(wanted),
        steps=tuple(
            Step(kind="control", text=f"{command_of(change)} {abs(change)} → {worker}")
            for worker, change in sorted(changes.items())
        ),
        effects=tuple(
            Fact(label=say("actions.fact_pool", worker=worker), value=sizes[worker], unit="count", at=at)
            for worker in sorted(wanted)
        ),
        blockers=_blockers(sizes, wanted, changes),
        warnings=(say("actions.pool_autoscale"),),
        undo=_undo({worker: sizes[worker] for worker in wanted}),
    )


def _blockers(
    sizes: Mapping[str, int], wanted: Mapping[str, int], changes: Mapping[str, int]
) -> tuple[Message, ...]:
    if not sizes:
        return (say("actions.no_worker"),)
    if not wanted or not changes:
        return (say("actions.pool_is_so"),)
    return ()


def _undo(sizes: Mapping[str, int]) -> Undo:
    if not sizes:
        return Undo(say("actions.undo_none"))
    each = ",".join(f"{worker}={size}" for worker, size in sorted(sizes.items()))
    params = {"processes": str(max(sizes.values())), "workers": ",".join(sorted(sizes)), "each": each}
    return Undo(say("actions.undo_pool", sizes=each), ActionCall("queue.pool", params))


def run(params: Pool, _: Plan, context: Context) -> Outcome:
    """Each worker confirms; a pool of threads or greenlets may refuse."""
    failed = _apply(params, context)
    if failed:
        worker, why = next(iter(failed.items()))
        raise ActionFailed(say("actions.pool_failed", worker=worker, why=why or "unconfirmed"))
    return Outcome(text=say("actions.confirmed", count=len(params.wanted(read_sizes(context.workers)))))


def _apply(params: Pool, context: Context) -> dict[str, str]:
    return resize(params.wanted(read_sizes(context.workers)), context)


def verify(params: Pool, plan: Plan, context: Context) -> tuple[Verification, ...]:
    """The size by each worker's own word."""
    sizes = read_sizes(context.workers)
    planned = {str(fact.label.values["worker"]): int(fact.value or 0) for fact in plan.effects}
    return tuple(
        Verification(
            say("actions.pool_size_is", worker=worker, size=sizes[worker])
            if worker in sizes
            else say("actions.not_answering", workers=worker),
            ok=sizes[worker] == size if worker in sizes else None,
        )
        for worker, size in params.wanted({**planned, **sizes}).items()
    )


def keep(params: Pool, _: Plan, context: Context) -> tuple[Message, ...]:
    """A worker that was restarted has its configured size again."""
    sizes = read_sizes(context.workers)
    missing = {worker: size for worker, size in params.wanted(sizes).items() if sizes[worker] != size}
    failed = _apply(params, context) if missing else {}
    return tuple(
        say("actions.pool_failed", worker=worker, why=failed[worker] or "?")
        if worker in failed
        else say("actions.pool_size_is", worker=worker, size=size)
        for worker, size in sorted(missing.items())
    )


ACTION = Action(
    id="queue.pool",
    title=say("actions_catalogue.queue_pool"),
    why=say("actions_catalogue.queue_pool_why"),
    danger="mitigate",
    parameters=Pool,
    resource=lambda _: "celery/pool",
    plan=plan,
    run=run,
    verify=verify,
    keep=keep,
    lasts_s=DEFAULT_LASTS_S,
    timeout_s=120.0,
    fits=(Fit("workers", 3), Fit("queue", 5)),
    needs=("signals.celery",),
    undone_by="queue.pool",
)
