"""A run that waits for a second person: they see the very plan and say yes to it; whoever may, starts it then."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from actions.parameters import secret_names
from core.message import say
from response.decision import Refused
from response.run_guard import may_approve
from response.runs import Begun, Prepared, approve, start, stored_plan
from tui.actions.draw.plan import Around
from tui.screens.actions.plan import EditWanted, Look, PlanDialogue
from tui.screens.form import Field, Form
from tui.screens.submit import ask

if TYPE_CHECKING:
    from core.message import Message
    from incidents.events.run import Run
    from response.run_guard import Confirmation
    from tui.face import Face


@dataclass(frozen=True, slots=True)
class _Approval:
    """The plan that is in the journal, for who approves it: it is not made again."""

    face: Face
    run: Run
    prepared: Prepared

    async def look(self, _: Look | None) -> Look:
        """As it was confirmed first, and whether this person may be the second one."""
        settings, identity = self.face.runs.configured(), await self.face.runs.identity()
        run = await self.face.runs.load(lambda journal: journal.load_run(self.run.id))
        decision = may_approve(run, identity, settings.actions)
        people = ", ".join(dict.fromkeys((run.planned_by, *(each.by for each in run.approvals))))
        return Look(self.prepared, decision, Around(planned_by=people))

    async def write(self, _: Prepared, __: Confirmation) -> Begun | Refused:
        """Yes, for the journal."""
        settings, identity = self.face.runs.configured(), await self.face.runs.identity()
        answer = await self.face.runs.ask(lambda journal: approve(journal, settings, self.run.id, identity))
        return answer if isinstance(answer, Refused) else Begun(self.run.id)


async def approve_run(face: Face, label: str, run: Run) -> Message | None:
    """Show the plan, have it confirmed as its danger asks for, and write that down."""
    action, plan = await face.runs.find(run.action), stored_plan(run)
    approval = _Approval(face, run, Prepared(action, action.parameters.model_construct(), plan))
    answer = await ask(face, PlanDialogue(action.id, approval.look, approval.write, can_edit=False))
    if answer is None or isinstance(answer, EditWanted):
        return say("act.left", action=action.id)
    return say("run.approved_for_drill" if run.planned.drill else "act.approved", run=label)


async def start_run(face: Face, label: str, run: Run) -> Message | None:
    """Start what enough people approved; secrets are kept nowhere, so they are asked again."""
    action = await face.runs.find(run.action)
    settings, identity = face.runs.configured(), await face.runs.identity()
    names = sorted(secret_names(action.parameters))
    secrets: dict[str, str] = {}
    if names:
        fields = [Field(name, secret=True) for name in names]
        typed = await ask(face, Form(face.words.text("act.ask_secrets", run=label), fields))
        if typed is None:
            return None
        secrets = dict(zip(names, typed, strict=True))
    begun = await face.runs.ask(lambda journal: start(journal, settings, run.id, identity, secrets))
    return begun.message if isinstance(begun, Refused) else None
