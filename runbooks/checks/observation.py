"""What a step's checks said at the moment it was ticked: one text a check, in no language, for the journal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.message import say
from core.units import quantity
from signals.reading import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable

    from core.message import Message
    from runbooks.checks.measure import Observation

FRESH_S = 30.0
"""A younger value is one of this moment; the age of an older one is said."""
_KEYS = {Verdict.OK: "measure.met", Verdict.UNKNOWN: "measure.check_unknown"}


def said(observation: Observation | None, now: float) -> Message:
    """The value, whether that is what was expected, and how old it is where that matters. None: nobody has measured."""
    if observation is None:
        return say("measure.not_measured")
    text = say(_KEYS.get(observation.verdict, "measure.not_met"), text=observation.text)
    age = 0.0 if observation.at is None else now - observation.at
    return text if age <= FRESH_S else say("measure.earlier", text=text, age=quantity(age, "s"))


def all_said(found: Iterable[Observation | None], now: float) -> tuple[Message, ...]:
    """Of all checks of a step, in their order."""
    return tuple(said(one, now) for one in found)
