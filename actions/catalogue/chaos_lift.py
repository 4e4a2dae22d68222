"""Lifts a fault: what stood there before it is put back."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from actions.chaos_settings import CHAOS
from actions.model import Action, Undo
from actions.parameters import Line, Name, Parameters
from actions.switches.change import make_change, plan_change, restored_values, verify_change
from actions.switches.chaos import LIFT, find_chaos, resource
from core.message import say

if TYPE_CHECKING:
    from actions.model import Context, Draft, Outcome, Plan, Verification
    from actions.switch_settings import SwitchSettings
    from actions.switches.stores import Values


class Lift(Parameters):
    """Which fault; `restore` is what an injection wrote down, without it nothing shall stand there."""

    fault: Name
    restore: Line = ""

    def change(self, context: Context) -> tuple[SwitchSettings, Values]:
        """The switch, and what shall stand there."""
        switch = find_chaos(context, self.fault).switch()
        if self.restore:
            return switch, restored_values(switch, self.restore)
        return switch, dict.fromkeys(switch.all_keys())


def plan(params: Lift, context: Context) -> Draft:
    """From what stands there now."""
    switch, wanted = params.change(context)
    return replace(plan_change(params.fault, wanted, context, switch), undo=Undo(say("actions.undo_none")))


def run(params: Lift, plan: Plan, context: Context) -> Outcome:
    """Write, and let the service read it."""
    switch, wanted = params.change(context)
    return make_change(params.fault, wanted, plan, context, switch)


def verify(params: Lift, plan: Plan, context: Context) -> tuple[Verification, ...]:
    """Read back."""
    switch, wanted = params.change(context)
    return verify_change(params.fault, wanted, plan, context, switch)


ACTION = Action(
    id=LIFT,
    title=say("actions_catalogue.chaos_lift"),
    why=say("actions_catalogue.chaos_lift_why"),
    danger="mitigate",
    parameters=Lift,
    resource=lambda params: resource(params.fault),
    plan=plan,
    run=run,
    verify=verify,
    takes_over=lambda params, _: ((CHAOS, resource(params.fault)),),
    timeout_s=7200.0,
    needs=("actions.chaos",),
)
