"""Limits how often a task is begun on every worker; the limits that are there now are the way back."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from actions.errors import ActionFailed
from actions.fits import Fit
from actions.model import (
    DEFAULT_LASTS_S,
    Action,
    ActionCall,
    Draft,
    Fact,
    Outcome,
    Undo,
    Verification,
)
from actions.parameters import Name, Names, Parameters
from actions.queue_settings import RATE
from actions.rate_limits import read_limits, set_limits
from actions.step import Step
from core.message import say

if TYPE_CHECKING:
    from collections.abc import Mapping

    from actions.model import Context, Plan
    from core.message import Message

LIMIT = rf"{RATE}|^none$"


def _pairs(items: tuple[str, ...]) -> tuple[str, ...]:
    import re

    for item in items:
        worker, equals, rate = item.rpartition("=")
        if not worker or not equals or not re.fullmatch(LIMIT, rate):
            raise PydanticCustomError("pairs", "worker=rate, such as celery@a=10/m")
    return items


class Throttle(Parameters):
    """Which task, and how often on each worker; `each` gives some workers a rate of their own."""

    task: Name
    rate: Annotated[str, Field(pattern=LIMIT)]
    each: Annotated[Names, AfterValidator(_pairs)] = ()

    def wanted(self, workers: Mapping[str, str]) -> dict[str, str]:
        """The rate of each worker."""
        own = {worker: rate for worker, _, rate in (item.rpartition("=") for item in self.each)}
        return {worker: own.get(worker, self.rate) for worker in workers}


def plan(params: Throttle, context: Context) -> Draft:
    """Who has the task, and which limit it has there now."""
    limits, without = read_limits(context.workers, params.task)
    at = context.clock()
    wanted = params.wanted(limits)
    return Draft(
        target=params.task,
        steps=tuple(
            Step(kind="control", text=f"rate_limit {params.task} {rate} → {worker}")
            for worker, rate in sorted(wanted.items())
        ),
        effects=tuple(
            Fact(label=say("actions.fact_limit_of", worker=worker), value=limit, at=at)
            for worker, limit in sorted(limits.items())
        ),
        facts=(Fact(label=say("actions.fact_workers"), value=", ".join(sorted((*limits, *without))), at=at),),
        blockers=() if limits else (_nobody(params.task, without),),
        warnings=(say("actions.throttle_per_worker"),),
        undo=_undo(params.task, limits),
    )


def _nobody(task: str, without: tuple[str, ...]) -> Message:
    return say("actions.task_unknown", task=task) if without else say("actions.no_worker_answered")


def _undo(task: str, limits: Mapping[str, str]) -> Undo:
    """The limits that were there, worker by worker where they differ."""
    counts = Counter(limits.values())
    rates = sorted(counts, key=lambda rate: (counts[rate], rate))  # the same in every process
    if not rates:
        return Undo(say("actions.undo_none"))
    usual = rates[-1]
    each = [f"{worker}={rate}" for worker, rate in sorted(limits.items()) if rate != usual]
    params = {"task": task, "rate": usual} | ({"each": ",".join(each)} if each else {})
    return Undo(say("actions.undo_throttle", rate=", ".join(rates)), ActionCall("queue.throttle", params))


def run(params: Throttle, _: Plan, context: Context) -> Outcome:
    """Set it on every worker, and hear each of them confirm."""
    limits, _without = read_limits(context.workers, params.task)
    failed = set_limits(context.workers, params.task, params.wanted(limits))
    for worker in limits:
        reply = "unconfirmed" if failed.get(worker) == "" else failed.get(worker, "confirmed")
        context.print_line(f"{worker}: {reply}")
    refused = {worker: why for worker, why in failed.items() if why}
    if refused or len(failed) == len(limits):
        worker, why = next(iter(refused.items()), ("", ""))
        raise ActionFailed(say("actions.throttle_failed", worker=worker or ", ".join(failed), why=why or "?"))
    if failed:
        return Outcome(text=say("actions.unconfirmed", workers=", ".join(sorted(failed))))
    return Outcome(text=say("actions.confirmed", count=len(limits)))


def verify(params: Throttle, plan: Plan, context: Context) -> tuple[Verification, ...]:
    """Ask every worker of the plan which limit it has now; who does not answer is not known."""
    limits, _ = read_limits(context.workers, params.task)
    planned = {str(fact.label.values["worker"]): str(fact.value) for fact in plan.effects}
    return tuple(
        Verification(
            say("actions.limit_unknown", worker=worker)
            if worker not in limits
            else say("actions.limit_is", worker=worker, rate=limits[worker]),
            ok=limits[worker] == rate if worker in limits else None,
        )
        for worker, rate in sorted(params.wanted({**planned, **limits}).items())
    )


def keep(params: Throttle, _: Plan, context: Context) -> tuple[Message, ...]:
    """A worker that was (re)started since has forgotten its limit."""
    limits, _without = read_limits(context.workers, params.task)
    wanted = params.wanted(limits)
    missing = {worker: rate for worker, rate in wanted.items() if limits[worker] != rate}
    failed = set_limits(context.workers, params.task, missing)
    return tuple(
        say("actions.kept_not", worker=worker, why=failed[worker] or "?")
        if worker in failed
        else say("actions.kept", worker=worker, rate=rate)
        for worker, rate in sorted(missing.items())
    )


ACTION = Action(
    id="queue.throttle",
    title=say("actions_catalogue.queue_throttle"),
    why=say("actions_catalogue.queue_throttle_why"),
    danger="mitigate",
    parameters=Throttle,
    resource=lambda params: f"celery/{params.task}/rate",
    plan=plan,
    run=run,
    verify=verify,
    keep=keep,
    lasts_s=DEFAULT_LASTS_S,
    timeout_s=120.0,
    fits=(Fit("requests", 1, {"task": "task"}), Fit("queue", 1, {"task": "task"})),
    needs=("signals.celery",),
    undone_by="queue.throttle",
)
