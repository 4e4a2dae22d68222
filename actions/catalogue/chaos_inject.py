"""Injects a fault of the configuration for a time: destructive, agreed to by two people, never while an incident is open."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from actions.chaos_settings import CHAOS
from actions.model import Action
from actions.parameters import Line, Name, Parameters
from actions.switches.change import keep_change, make_change, plan_change, verify_change
from actions.switches.chaos import LIFT, blast, blockers, find_chaos, injected_values, lifting, resource
from actions.switches.stores import open_store
from core.message import say

if TYPE_CHECKING:
    from actions.model import Context, Draft, Outcome, Plan, Verification
    from core.message import Message

LASTS_S = 600.0
"""As long as the manual watches an experiment."""


class Inject(Parameters):
    """Which fault of `[actions.chaos]`; `value` is another one for its key, where that is allowed."""

    fault: Name
    value: Line = ""


def plan(params: Inject, context: Context) -> Draft:
    """From what stands there now, with who feels it."""
    chaos = find_chaos(context, params.fault)
    switch, wanted = chaos.switch(), injected_values(context, params.fault, params.value)
    before = open_store(switch, context).read(switch.all_keys())
    draft = plan_change(params.fault, wanted, context, switch)
    return replace(
        draft,
        blockers=(*draft.blockers, *blockers(context, params.fault, before, wanted)),
        warnings=(*blast(context, chaos), *draft.warnings),
        undo=lifting(params.fault, before),
    )


def run(params: Inject, plan: Plan, context: Context) -> Outcome:
    """Write, and let the service read it."""
    switch = find_chaos(context, params.fault).switch()
    return make_change(
        params.fault, injected_values(context, params.fault, params.value), plan, context, switch
    )


def verify(params: Inject, plan: Plan, context: Context) -> tuple[Verification, ...]:
    """Read back."""
    switch = find_chaos(context, params.fault).switch()
    return verify_change(
        params.fault, injected_values(context, params.fault, params.value), plan, context, switch
    )


def keep(params: Inject, plan: Plan, context: Context) -> tuple[Message, ...]:
    """Set again what was lost, for as long as it was to last."""
    switch = find_chaos(context, params.fault).switch()
    return keep_change(
        params.fault, injected_values(context, params.fault, params.value), plan, context, switch
    )


ACTION = Action(
    id=CHAOS,
    title=say("actions_catalogue.chaos_inject"),
    why=say("actions_catalogue.chaos_inject_why"),
    danger="destructive",
    parameters=Inject,
    resource=lambda params: resource(params.fault),
    plan=plan,
    run=run,
    verify=verify,
    keep=keep,
    lasts_s=LASTS_S,
    timeout_s=7200.0,
    needs=("actions.chaos",),
    undone_by=LIFT,
)
