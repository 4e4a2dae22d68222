"""Puts one of the service's switches into another position: a cache, a faster model, a template instead of the model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from pydantic import model_validator
from pydantic_core import PydanticCustomError

from actions.fits import Fit
from actions.model import DEFAULT_LASTS_S, Action
from actions.parameters import Line, Name, Parameters
from actions.switches.change import (
    SET,
    find_switch,
    keep_change,
    make_change,
    plan_change,
    position_values,
    resource,
    restored_values,
    verify_change,
)
from core.message import say

if TYPE_CHECKING:
    from actions.model import Context, Draft, Outcome, Plan, Verification
    from actions.switches.stores import Values
    from core.message import Message


class Degrade(Parameters):
    """Which switch, and its position by name; `restore` is what an undo writes: every key with what stood there, as JSON."""

    switch: Name
    position: Line = ""
    restore: Line = ""

    @model_validator(mode="after")
    def _single(self) -> Self:
        if bool(self.position) == bool(self.restore):
            raise PydanticCustomError("single", "either a position or what to restore")
        return self

    def wanted(self, context: Context) -> Values:
        """Every key of the switch with what shall stand there."""
        switch = find_switch(context, self.switch)
        if self.restore:
            return restored_values(switch, self.restore)
        return position_values(switch, self.position)


def plan(params: Degrade, context: Context) -> Draft:
    """From what stands there now."""
    return plan_change(params.switch, params.wanted(context), context)


def run(params: Degrade, plan: Plan, context: Context) -> Outcome:
    """Write, restart where that is configured."""
    return make_change(params.switch, params.wanted(context), plan, context)


def verify(params: Degrade, plan: Plan, context: Context) -> tuple[Verification, ...]:
    """Read back."""
    return verify_change(params.switch, params.wanted(context), plan, context)


def keep(params: Degrade, plan: Plan, context: Context) -> tuple[Message, ...]:
    """Set again what was lost."""
    return keep_change(params.switch, params.wanted(context), plan, context)


ACTION = Action(
    id=SET,
    title=say("actions_catalogue.degrade_set"),
    why=say("actions_catalogue.degrade_set_why"),
    danger="mitigate",
    parameters=Degrade,
    resource=lambda params: resource(params.switch),
    plan=plan,
    run=run,
    verify=verify,
    keep=keep,
    takes_over=lambda params, _: (("queue.pause-producers", resource(params.switch)),),
    lasts_s=DEFAULT_LASTS_S,
    timeout_s=7200.0,
    fits=(Fit("model", 1), Fit("cost", 1), Fit("requests", 4)),
    needs=("actions.switches",),
    undone_by="degrade.set",
)
