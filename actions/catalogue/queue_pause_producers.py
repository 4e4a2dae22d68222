"""Pauses those who send tasks, by the flag that they look at; whether they obey is told by what still comes in."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from actions.errors import ActionRefused
from actions.fits import Fit
from actions.model import DEFAULT_LASTS_S, Action, Verification
from actions.parameters import Names, Parameters
from actions.queues.broker import declared_queues
from actions.queues.obeyed import who_still_sends
from actions.switches.change import (
    SET,
    find_switch,
    keep_change,
    make_change,
    plan_change,
    position_values,
    resource,
    verify_change,
)
from core.message import say

if TYPE_CHECKING:
    from actions.model import Context, Draft, Outcome, Plan
    from actions.queue_settings import ProducersSettings
    from actions.switches.stores import Values
    from core.message import Message

PRODUCERS = "producers"
"""Their switch."""


class PauseProducers(Parameters):
    """Which queues shall stay without anything new: those of the configuration, unless named."""

    queues: Names = ()


def _producers(context: Context) -> ProducersSettings:
    if context.settings.producers is None:
        raise ActionRefused(say("actions.not_configured", section="actions.producers"))
    return context.settings.producers


def _wanted(context: Context) -> Values:
    producers = _producers(context)
    return position_values(find_switch(context, PRODUCERS), producers.paused)


def plan(params: PauseProducers, context: Context) -> Draft:
    """The flag as it stands, and as it would."""
    draft = plan_change(PRODUCERS, _wanted(context), context)
    queues = ", ".join(declared_queues(params.queues or _producers(context).queues, context))
    warnings = (*draft.warnings, say("actions_queues.pause_watches", queues=queues or "–"))
    return replace(draft, warnings=(*warnings, say("actions_queues.pause_retries")))


def run(_: PauseProducers, plan: Plan, context: Context) -> Outcome:
    """Write the flag."""
    return make_change(PRODUCERS, _wanted(context), plan, context)


def verify(params: PauseProducers, plan: Plan, context: Context) -> tuple[Verification, ...]:
    """The flag, read back; and queue by queue whether anything new still comes in."""
    producers = _producers(context)
    flag = verify_change(PRODUCERS, _wanted(context), plan, context)
    queues = declared_queues(params.queues or producers.queues, context)
    return (*flag, *who_still_sends(queues, producers.window_s, producers.settle_s, context))


def keep(_: PauseProducers, plan: Plan, context: Context) -> tuple[Message, ...]:
    """The flag again, where it was lost."""
    return keep_change(PRODUCERS, _wanted(context), plan, context)


ACTION = Action(
    id="queue.pause-producers",
    title=say("actions_catalogue.queue_pause_producers"),
    why=say("actions_catalogue.queue_pause_producers_why"),
    danger="mitigate",
    parameters=PauseProducers,
    resource=lambda _: resource(PRODUCERS),
    plan=plan,
    run=run,
    verify=verify,
    keep=keep,
    takes_over=lambda *_: ((SET, resource(PRODUCERS)),),
    lasts_s=DEFAULT_LASTS_S,
    timeout_s=1800.0,
    fits=(Fit("requests", 2), Fit("queue", 3)),
    needs=("actions.producers",),
    undone_by="queue.pause-producers",
)
