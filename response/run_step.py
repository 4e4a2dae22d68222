"""Which of a step's actions a run is, and so whether its verified end ticks the step.

It is decided before the run begins and written into its plan's event, for the runner knows no checklist. A run counts when it
does what the step says: the same action with all parameters as written, or, begun at the step itself, on the same resource
with others (another rate). Of a step without actions its `sh` blocks count, where they may be run. A step with a gate, or one
that the checklist has not come to, is ticked by hand alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from actions.blocks import blocks_of
from actions.parameters import MASK, read_parameters
from core.errors import WarroomError
from response.checklist import Missing
from response.decision import ALLOWED
from response.guard import reached

if TYPE_CHECKING:
    from collections.abc import Mapping

    from actions.model import AnyAction
    from actions.settings import ActionsSettings
    from response.checklist import Row
    from response.run_guard import Wish
    from runbooks.model import ActionCall


class Part(NamedTuple):
    """Number `part` (from 1) of the `parts` actions of a step; 0 ticks nothing."""

    part: int = 0
    parts: int = 0


def step_of(wish: Wish, action: AnyAction) -> Row | None:
    """The step in which the run is kept: the one that was named, else one that calls just this.

    What only resembles a step's action is held by its pause point, and stands in the incident alone.
    """
    row = wish.row()
    if row is None or row.step is None or wish.step:
        return row
    calls = [call for call in row.step.actions if call.id == action.id]
    is_block = not calls
    return row if is_block or any(_is_as_written(call, wish, action) for call in calls) else None


def part_of_step(wish: Wish, action: AnyAction, settings: ActionsSettings) -> Part:
    """What the wished run is for its step."""
    row = step_of(wish, action)
    if row is None or row.step is None or wish.situation is None or wish.undoes is not None:
        return Part()
    if _is_gate(row) or reached(wish.situation, row) != ALLOWED:
        return Part()
    calls = row.step.actions
    if not calls and not isinstance(row.runbook, Missing):
        blocks = list(blocks_of(settings, row.runbook, row.step))
        return Part(blocks.index(action.id) + 1, len(blocks)) if action.id in blocks else Part()
    part = next((n for n, call in enumerate(calls, 1) if _is_as_written(call, wish, action)), 0)
    if not part and wish.step:
        part = next((n for n, call in enumerate(calls, 1) if _is_on_the_same(call, wish, action)), 0)
    return Part(part, len(calls)) if part else Part()


def _is_gate(row: Row) -> bool:
    return row.step is not None and any(check.for_s for check in row.step.checks)


def _is_as_written(call: ActionCall, wish: Wish, action: AnyAction) -> bool:
    """Values are compared, not how they are spelled: `2m` is 120 seconds. What is asked for may be anything."""
    if call.id != wish.plan.action:
        return False
    params = wish.plan.params
    try:
        written = read_parameters(action.parameters, {**_known(params), **call.parameters}).shown()
    except WarroomError:
        return all(params.get(name) == value for name, value in call.parameters.items())
    return all(params.get(name) == written.get(name) for name in call.parameters)


def _known(params: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in params.items() if value != MASK}


def _is_on_the_same(call: ActionCall, wish: Wish, action: AnyAction) -> bool:
    if call.id != wish.plan.action or not wish.plan.resource:
        return False
    try:
        params = read_parameters(action.parameters, call.parameters)
    except WarroomError:
        return False  # something is asked for: nobody knows what the step means
    return action.resource(params) == wish.plan.resource
