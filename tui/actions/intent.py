"""What somebody wants to do, before there is a plan of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from actions.model import ActionCall
    from incidents.events.run import Run


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """An action with the parameters that are known; `asks` are those to be filled in, with what is said about each.

    It belongs to `incident` and to a step of its checklist, or to none; `undoes` is the run that it takes back.
    """

    action: str
    params: Mapping[str, str] = field(default_factory=dict)
    asks: Mapping[str, str] = field(default_factory=dict)
    lasts_s: float | None = None
    incident: UUID | None = None
    runbook: str = ""
    step: str = ""
    undoes: UUID | None = None


def undo_intent(run: Run, call: ActionCall) -> Intent:
    """To take `run` back by `call`: over when it is done, and part of the same incident."""
    return Intent(
        action=call.id, params=dict(call.params), lasts_s=0.0, incident=run.planned.incident, undoes=run.id
    )
