"""Which action pulls a lever of the cost desk, and why none does: the offer that any other screen has, no second door."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from core.message import Message, say
from core.text import clean
from tui.actions.words import call_text

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from panels.costs.levers import LeverOutcome
    from response.offers import Offer

SWITCH = "switch"
"""The parameter that names one of `[actions.switches]`."""


class Way(NamedTuple):
    """What to say of a lever, and whether it can be pulled."""

    text: Message
    is_open: bool


def way(outcome: LeverOutcome, catalogue: Iterable[Offer], switches: Collection[str]) -> Way:
    """What pulls it; of several reasons against it the first."""
    from response.decision import Refused

    if not outcome.action:
        return Way(say("costs.no_switch", lever=outcome.id), is_open=False)
    offer = next((each for each in catalogue if each.action.id == outcome.action), None)
    if offer is None:
        return Way(say("costs.no_such_action", id=clean(outcome.action, 80)), is_open=False)
    switch = outcome.parameters.get(SWITCH)
    if switch is not None and switch not in switches:
        return Way(say("costs.no_such_switch", name=clean(switch, 80)), is_open=False)
    if isinstance(offer.decision, Refused):
        return Way(offer.decision.message, is_open=False)
    return Way(say("costs.pull", call=call_text(outcome.action, outcome.parameters)), is_open=True)
