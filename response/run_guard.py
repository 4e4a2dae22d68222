"""The guard of runs: whether this plan may be run now, by this person, confirmed as it is.

Every door asks it before anything is written: button, checklist step, palette and command line. It knows the configuration
(`allow`, `read_only`, `two_person`), the checklist (pause points), roles, and what a danger has to be confirmed by.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from actions.chaos_settings import CHAOS
from actions.settings import BLOCK, is_block_of
from core.message import say
from incidents.journal.database import is_shared
from response.checklist import is_done
from response.decision import ALLOWED, Reason, Refused
from response.guard import reached

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from actions.model import Danger, Plan
    from actions.settings import ActionsSettings
    from core.message import Message
    from incidents.events.incident import Incident
    from incidents.events.run import Run
    from incidents.settings import JournalSettings
    from response.checklist import Row
    from response.decision import Decision
    from response.identity import Identity
    from response.situation import Situation

NEEDED: dict[Danger, Literal["nothing", "yes", "target"]] = {
    "observe": "nothing",
    "mitigate": "yes",
    "destructive": "target",
}
"""What confirms a plan, by its danger."""


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What somebody said to a plan that they saw: yes, or the target's name as they typed it."""

    yes: bool = False
    typed: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A plan that somebody wants to run, inside an incident or without one.

    `runbook` and `step` name the step that it belongs to; without them it is the one that calls this action with the most of its
    parameters, of several the first that is open. `undoes` is the run that it takes back, `is_over` that its time had come: who began that one agreed to its end.
    `beside` are the incidents that are open while this run belongs to none, by their labels: `response.runs` looks.
    `drill` is the scenario on whose time line it stands: who conducts a drill is none of its responders, and has no role in its incident.
    """

    plan: Plan
    identity: Identity
    situation: Situation | None = None
    runbook: str = ""
    step: str = ""
    undoes: UUID | None = None
    is_over: bool = False
    beside: Mapping[str, Incident] = field(default_factory=dict)
    drill: str = ""

    def row(self) -> Row | None:
        """The checklist's row that this run belongs to."""
        if self.situation is None or self.undoes is not None:
            return None
        if self.step and not self.plan.action.startswith(BLOCK):  # a block says itself where it stands
            return self.situation.row("step", self.runbook, self.step)
        rows = [row for row in self.situation.rows if _has_action(row, self.plan.action)]
        return min(rows, key=self._distance, default=None)

    def _distance(self, row: Row) -> tuple[int, bool, bool]:
        """How far a row with this action is from what is wished."""
        situation, params = self.situation, self.plan.params
        calls = [call for call in row.step.actions if call.id == self.plan.action] if row.step else []
        equal = [sum(params.get(name) == text for name, text in call.parameters.items()) for call in calls]
        incident = situation.incident if situation is not None else None
        is_ahead = situation is not None and reached(situation, row) != ALLOWED
        return -max(equal, default=0), is_ahead, is_done(incident, row)


def _has_action(row: Row, action: str) -> bool:
    if row.step is None:
        return False
    return is_block_of(action, row.runbook.id, row.step.id) or any(
        call.id == action for call in row.step.actions
    )


def may_offer(
    action_id: str, danger: Danger, settings: ActionsSettings, *, read_only: bool = False
) -> Decision:
    """Whether the configuration has this action at all: what may not be done is not offered."""
    if not settings.allows(action_id):
        return Refused(Reason.ACTION_NOT_ALLOWED, {"action": action_id})
    if danger != "observe" and (read_only or settings.read_only):
        return Refused(Reason.ACTIONS_READ_ONLY, {"action": action_id})
    return ALLOWED


def may_plan(wish: Wish, settings: ActionsSettings, *, read_only: bool = False) -> Decision:
    """Whether the plan may be run by this person, once it is confirmed."""
    plan = wish.plan
    decision = may_offer(plan.action, plan.danger, settings, read_only=read_only)
    if decision != ALLOWED:
        return decision
    if plan.danger != "observe":
        row = wish.row()
        if row is not None and wish.situation is not None:
            decision = reached(wish.situation, row)
        if decision == ALLOWED and plan.action == CHAOS:
            decision = _well(wish)
        if decision == ALLOWED:
            decision = _role(wish, settings)
        if decision != ALLOWED:
            return decision
    if plan.blockers:
        return Refused(Reason.PLAN_BLOCKED, {"why": plan.blockers[0]})
    return ALLOWED


def may_run(
    wish: Wish, confirmation: Confirmation, settings: ActionsSettings, *, read_only: bool = False
) -> Decision:
    """The same, and whether it is confirmed as its danger asks for."""
    decision = may_plan(wish, settings, read_only=read_only)
    if decision != ALLOWED:
        return decision
    match NEEDED[wish.plan.danger]:
        case "yes" if not (confirmation.yes or confirmation.typed == wish.plan.target):
            return Refused(Reason.NOT_CONFIRMED)
        case "target" if confirmation.typed != wish.plan.target:
            return Refused(Reason.TARGET_NOT_TYPED, {"target": wish.plan.target})
        case _:
            return ALLOWED


@dataclass(frozen=True, slots=True)
class Need:
    """Something that a plan needs of people, and whether it has it."""

    text: Message
    is_met: bool


def needs(wish: Wish, settings: ActionsSettings) -> tuple[Need, ...]:
    """A role inside the incident, a second person; what is confirmed, and by what."""
    danger, listed = wish.plan.danger, []
    inside = wish.situation is not None or bool(wish.beside)
    if danger != "observe" and inside and (roles := settings.roles.get(danger, ())):
        met = _role(wish, settings) == ALLOWED
        listed.append(Need(say("response.need_role", roles=", ".join(roles), who=wish.identity.actor), met))
    if needs_second(wish.plan.action, danger, settings, is_over=wish.is_over):
        listed.append(Need(say("response.need_second"), is_met=False))
    return tuple(listed)


def may_send(journal: JournalSettings, secrets: Sequence[str]) -> Decision:
    """Whether a run can be done by another host, which knows nothing of it but what is in the journal."""
    if not is_shared(journal):
        return Refused(Reason.EXECUTOR_NEEDS_JOURNAL)
    return Refused(Reason.EXECUTOR_NOT_TOLD) if secrets else ALLOWED


def needs_second(action_id: str, danger: Danger, settings: ActionsSettings, *, is_over: bool = False) -> bool:
    """Whether somebody else has to approve the plan, too; not where it is the end that two people agreed to before."""
    return settings.needs_second(action_id, danger) and not is_over


def waits_for_people(run: Run, settings: ActionsSettings) -> bool:
    """Whether it stands still until somebody approves or starts it; what one person may begin is on its way already."""
    danger = run.planned.danger
    if not run.is_unclaimed:
        return False
    return needs_second(run.action, danger, settings) or (run.state == "planned" and danger != "observe")


def may_approve(run: Run, identity: Identity, settings: ActionsSettings) -> Decision:
    """Whether this person may be the second one: not who planned it, unless the configuration knows only one identity."""
    if not run.is_unclaimed:
        return Refused(Reason.RUN_STARTED)
    if not settings.alone and identity.proven in _people(run):
        return Refused(Reason.SAME_PERSON, {"who": identity.proven})
    return may_offer(run.action, run.planned.danger, settings)


def may_start(run: Run, plan: Plan, settings: ActionsSettings, *, is_over: bool = False) -> Decision:
    """Whether enough people approved this very plan; `is_over` as in `Wish`."""
    if not run.is_unclaimed:
        return Refused(Reason.RUN_STARTED)
    approvals = [approval for approval in run.approvals if approval.digest == plan.digest]
    people = {approval.identity for approval in approvals}
    enough = len(approvals) > 1 if settings.alone else len(people) > 1
    if needs_second(plan.action, plan.danger, settings, is_over=is_over) and not enough:
        return Refused(Reason.SECOND_PERSON)
    return ALLOWED if approvals or plan.danger == "observe" else Refused(Reason.NOT_CONFIRMED)


def _people(run: Run) -> set[str]:
    return {run.planned.identity, *(approval.identity for approval in run.approvals)}


def _well(wish: Wish) -> Decision:
    """Nothing is broken on purpose while something is broken: an incident that is open and no drill."""
    incidents = {wish.situation.label: wish.situation.incident} if wish.situation else wish.beside
    real = [label for label, incident in incidents.items() if not incident.drill]
    return Refused(Reason.CHAOS_IN_INCIDENT, {"incident": ", ".join(real)}) if real else ALLOWED


def _role(wish: Wish, settings: ActionsSettings) -> Decision:
    """While an incident is open some dangers need a role, held under the name by which the machine knows this person.

    A run that belongs to no incident needs it in any that is open: leaving `--incident` away is no way round.
    """
    roles = settings.roles.get(wish.plan.danger, ()) if wish.plan.danger != "observe" else ()
    incidents = {wish.situation.label: wish.situation.incident} if wish.situation else wish.beside
    if wish.drill:
        incidents = {label: each for label, each in incidents.items() if not each.drill}
    if not roles or not incidents or wish.is_over:
        return ALLOWED
    held = [pair for incident in incidents.values() for pair in incident.roles.items() if pair[0] in roles]
    if any(holder == wish.identity.actor for _, holder in held):
        return ALLOWED
    holders = ", ".join(sorted({holder for _, holder in held})) or "–"
    values = {"roles": ", ".join(roles), "holders": holders, "who": wish.identity.actor}
    return Refused(Reason.ROLE_NEEDED, values | {"incident": ", ".join(incidents)})
