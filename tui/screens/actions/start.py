"""From a wish to a run: parameters that are missing, the plan, the confirmation, and the run on the screen.

`propose` is called by every key that does something: on a panel, an alert, a step, in the palette, to undo.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from core.message import say
from response.decision import Refused
from tui.actions.intent import Intent
from tui.feeds.journal import JournalState
from tui.screens.actions.parameters import ask_parameters
from tui.screens.actions.plan import EditWanted, Look, PlanDialogue
from tui.screens.actions.run import RunScreen
from tui.screens.submit import ask

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from core.message import Message
    from response.run_guard import Wish
    from response.runs import Prepared
    from tui.actions.draw.plan import Around
    from tui.face import Face


def propose(
    face: Face,
    action_id: str,
    parameters: Mapping[str, str] | None = None,
    *,
    asks: Mapping[str, str] | None = None,
    incident_id: UUID | None = None,
    runbook: str = "",
    step: str = "",
    edit: bool = False,
) -> None:
    """Show what the action would do with these parameters, ask, and run it; what is missing (with `edit` all) is asked first.

    `asks` are parameters that the person fills in, with what a runbook says about each.
    Without `incident_id` the run belongs to the incident that every page shows, if there is one. `runbook` and `step` name
    the step of the checklist that it is for.
    """
    if incident_id is None and (current := face.incidents.current()) is not None:
        incident_id = current.incident.id
    intent = Intent(
        action=action_id,
        params=dict(parameters or {}),
        asks=dict(asks or {}),
        incident=incident_id,
        runbook=runbook,
        step=step,
    )
    propose_intent(face, intent, edit=edit)


def propose_intent(face: Face, intent: Intent, *, edit: bool = False) -> None:
    """The same for what is wanted as a whole, such as an undo; with `edit` its parameters are asked first."""
    context = face.incidents
    if context.journal == JournalState() or face.runs.settings is None:
        context.defer(lambda: propose_intent(face, intent, edit=edit), say("screen.journal_opens"))
        return
    context.run(_propose(face, intent, edit=edit))


async def _propose(face: Face, intent: Intent, *, edit: bool) -> Message | None:
    runs = face.runs
    action = await runs.find(intent.action)
    asks = bool(action.parameters.model_fields) and intent.undoes is None
    given = await ask_parameters(face, action, intent, always=edit)
    while given is not None:
        intent = given
        dialogue = PlanDialogue(
            action.id, partial(_look, face, intent), partial(runs.begin, intent), can_edit=asks
        )
        answer = await ask(face, dialogue)
        if answer is None:
            return say("act.left", action=action.id)
        if not isinstance(answer, EditWanted):
            face.push_screen(RunScreen(answer.run))
            return None
        given = await ask_parameters(face, action, intent, always=True)
    return say("act.left", action=action.id)


async def _look(face: Face, intent: Intent, before: Look | None) -> Look | Refused:
    """A plan of now, what the guard says to it, and what is known around it; the runner beside the first one waits on."""
    runs = face.runs
    prepared = await runs.prepare(intent, warm=before is None)
    if isinstance(prepared, Refused):
        return prepared
    if before is not None:
        prepared = replace(prepared, spare=before.prepared.spare)
    wish = await runs.wish(intent, prepared)
    decision = runs.may_plan(wish)
    return Look(prepared, decision, await _around(face, prepared, wish))


async def _around(face: Face, prepared: Prepared, wish: Wish) -> Around:
    from core.errors import WarroomError
    from response.run_guard import needs
    from tui.actions.draw.plan import Around

    try:
        holder = await face.runs.holder(prepared.plan.resource)
    except WarroomError as error:
        held: Message | None = error.message
    else:
        held = None if holder is None else say("act.held_by", run=holder[0], by=holder[1].planned_by)
    return Around(
        needs=needs(wish, face.runs.configured().actions),
        holder=held,
        incident=wish.situation.label if wish.situation is not None else "",
        ends_by_itself=prepared.action.ends_by_itself,
    )
