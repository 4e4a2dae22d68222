"""What is in force: the effects of runs that last, since when, by whom, until when, and how they are taken back.

It is made from the journal alone, so that every responder sees the same list. What restarts forgets: `keep` applies it again,
and takes it back when its time is over. Before that somebody is asked (`expiring`), and may put its end off (`extend`).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from actions.errors import NoSuchAction
from actions.model import DEFAULT_LASTS_S, ActionCall, Undo
from actions.parameters import read_parameters
from actions.providers import open_context
from actions.registry import find_action
from actions.runner.folder import runs_folder
from actions.runner.tell import tell_again
from actions.runner.unwritten import write_unwritten
from core.errors import WarroomError
from core.message import say
from core.units import quantity
from incidents.events.run_body import RunExtended
from incidents.journal.errors import JournalError
from response.decision import Reason, Refused
from response.run_guard import Confirmation, Wish, may_plan
from response.runs import Begun, begin, beside_open_incidents, prepare, stored_plan, undo_call
from response.situation import Lasting

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from actions.model import AnyAction, Context, Plan, Verification
    from actions.parameters import Parameters
    from actions.runner.request import RunSettings
    from core.message import Message
    from incidents.events.incident import Incident
    from incidents.events.run import Run
    from incidents.journal import Journal
    from response.identity import Identity
    from response.situation import Situation

LOOKED_BACK = dt.timedelta(days=31)
"""Nothing may last longer."""
ASK_BEFORE_S = 900.0
"""So long before its end somebody is asked whether it shall stay."""
ASK_BEFORE_PART = 0.25
"""Of what lasts shortly: the last quarter of its time."""


@dataclass(frozen=True, slots=True)
class InForce:
    """One lasting effect. `until` may be over: then it is in force until somebody takes it back, unless it ends by itself.

    `plan` is None where the journal does not have it whole. `is_certain` is False where its run did not end well, or nobody can say
    what it did: parts of it may be in force.
    """

    label: str
    run: Run
    plan: Plan | None
    until: dt.datetime
    is_certain: bool
    ends_by_itself: bool = False

    @property
    def since(self) -> dt.datetime:
        """When its run began."""
        return self.run.started_at or self.run.planned_at

    @property
    def undo(self) -> ActionCall | None:
        """What takes it back; None where no machine can, or nobody knows."""
        call = undo_call(self.run)
        return None if isinstance(call, Refused) else call

    @property
    def message(self) -> Message:
        """What it is, by whom and until when, in a line."""
        params = "".join(f" {name}={value}" for name, value in self.run.params.items())
        return say(
            "response.in_force" if self.is_certain else "response.in_force_perhaps",
            run=self.label,
            action=self.run.action,
            params=params,
            by=self.run.planned_by,
            until=self.until.astimezone(dt.UTC).strftime("%m-%d %H:%MZ"),
        )

    def is_over(self, now: dt.datetime) -> bool:
        """Whether its time has passed."""
        return now >= self.until


@dataclass(frozen=True, slots=True)
class Expiring:
    """One that ends in `left_s` seconds (0 or less: its time is over), about which somebody is asked again."""

    effect: InForce
    left_s: float

    @property
    def message(self) -> Message:
        """What ends, and what can be done."""
        values = {"run": self.effect.label, "action": self.effect.run.action}
        if self.left_s <= 0:
            return say("response.expired", **values)
        return say("response.expires", left=quantity(round(self.left_s), "s"), **values)


def in_force(journal: Journal, settings: RunSettings, now: dt.datetime) -> tuple[InForce, ...]:
    """Newest first. Raises a `JournalError`: without the journal nobody knows what is in force."""
    effects, replaced = [], set[tuple[str, str]]()
    for label, run in journal.runs():
        if now - run.planned_at > LOOKED_BACK:
            break
        if not run.was_begun or run.state == "undone" or not run.resource or run.planned.undoes is not None:
            continue  # after an undo it is again as the run before left it
        key = (run.action, run.resource)
        if key not in replaced:
            replaced.add(key)  # an earlier run on the same resource has no effect of its own any more
            effect = _effect(label, run, now, settings)
            if effect is not None:
                effects.append(effect)
        replaced.update(_taken_over(run, settings))
    return tuple(effects)


def _taken_over(run: Run, settings: RunSettings) -> tuple[tuple[str, str], ...]:
    """What earlier runs had in force and this one decides since; nothing where its parameters can't be read any more."""
    action = _action(settings, run.action)
    try:
        return (
            ()
            if action is None
            else action.takes_over(read_parameters(action.parameters, run.params), settings.actions)
        )
    except WarroomError:
        return ()


def _effect(label: str, run: Run, now: dt.datetime, settings: RunSettings) -> InForce | None:
    if not run.was_begun or run.state == "undone" or run.planned.undoes is not None:
        return None
    try:
        plan = stored_plan(run)
    except WarroomError:
        plan = None  # a release before kept only the first part of a long one
    if (plan is not None and not plan.lasts_s) or (run.state == "finished" and run.until is None):
        return None  # it never lasts, or ended with nothing in force
    since = run.ended_at or run.started_at or run.planned_at
    lasts_s = DEFAULT_LASTS_S if plan is None else plan.lasts_s
    until = run.until or since + dt.timedelta(seconds=lasts_s)
    if plan is not None and run.undo is not None:
        undo = Undo(plan.undo.text, ActionCall(run.undo.action, dict(run.undo.params)))
        plan = replace(plan, undo=undo)
    action = _action(settings, run.action)
    ends_by_itself = action is not None and action.ends_by_itself
    if ends_by_itself and now >= until:
        return None
    is_certain = plan is not None and run.state in ("finished", "verified") and run.verified is not False
    return InForce(label, run, plan, until, is_certain, ends_by_itself)


def with_in_force(
    journal: Journal, settings: RunSettings, situation: Situation, now: dt.datetime
) -> Situation:
    """The situation with what is in force now, for who wants to resolve its incident."""
    try:
        effects = in_force(journal, settings, now)
    except JournalError as error:
        return replace(situation, in_force_unknown=say("response.in_force_unknown", why=error.message))
    own = of_incident(effects, situation.incident)
    lasting = tuple(Lasting(effect.label, effect.message) for effect in own)
    return replace(situation, in_force=lasting, others_in_force=len(effects) - len(own))


def of_incident(effects: Iterable[InForce], incident: Incident) -> tuple[InForce, ...]:
    """Those that belong to it: begun inside it, or beside it, inside no incident, since it was opened."""
    return tuple(
        effect
        for effect in effects
        if effect.run.planned.incident == incident.id
        or (effect.run.planned.incident is None and effect.since >= incident.opened_at)
    )


def expiring(effects: Iterable[InForce], now: dt.datetime) -> tuple[Expiring, ...]:
    """Those about whose end somebody is to be asked now, the next one first; what ends by itself is said, too."""
    ends = (Expiring(effect, (effect.until - now).total_seconds()) for effect in effects)
    due = (end for end in ends if end.left_s <= _ask_before_s(end.effect))
    return tuple(sorted(due, key=lambda end: end.left_s))


def _ask_before_s(effect: InForce) -> float:
    lasts_s = (effect.until - effect.since).total_seconds()
    return min(ASK_BEFORE_S, ASK_BEFORE_PART * lasts_s)


def extend(
    journal: Journal, settings: RunSettings, run_id: UUID, identity: Identity, until: dt.datetime
) -> Refused | None:
    """Let it stay in force until `until`. Whoever may run it may do that. Raises a `JournalError`."""
    now = dt.datetime.now(dt.UTC)
    effect = next((each for each in in_force(journal, settings, now) if each.run.id == run_id), None)
    if effect is None or effect.plan is None:
        return Refused(Reason.RUN_NOT_IN_FORCE)
    if effect.ends_by_itself:
        return Refused(Reason.ENDS_BY_ITSELF, {"action": effect.run.action})
    if not now < until <= now + LOOKED_BACK:
        return Refused(Reason.BAD_END, {"days": LOOKED_BACK.days})
    wish = Wish(plan=replace(effect.plan, blockers=()), identity=identity)
    decision = may_plan(beside_open_incidents(journal, settings, wish), settings.actions)
    if isinstance(decision, Refused):
        return decision
    journal.append(run_id, identity.actor, RunExtended(until=until))
    return None


def _action(settings: RunSettings, action_id: str) -> AnyAction | None:
    try:
        return find_action(settings.actions, action_id)
    except NoSuchAction:
        return None


def verify_now(effect: InForce, settings: RunSettings) -> tuple[Verification, ...]:
    """Whether it really is in force. Raises an `ActionError` or a `SourceError`."""
    action, params, plan, context = _reach(effect, settings)
    return action.verify(params, plan, context)


def apply_again(effect: InForce, settings: RunSettings) -> tuple[Message, ...]:
    """To what has (re)started since; says what had to be done. Raises an `ActionError` or a `SourceError`."""
    action, params, plan, context = _reach(effect, settings)
    plan = replace(plan, lasts_s=effect.until.timestamp() - plan.made_at)  # its end may have been put off
    return () if action.keep is None else action.keep(params, plan, context)


def take_back(
    journal: Journal, settings: RunSettings, effect: InForce, identity: Identity
) -> Begun | Refused:
    """End what is past its time, as a run of its own."""
    call = undo_call(effect.run)
    if isinstance(call, Refused):
        return call
    prepared = prepare(settings, call.id, call.params, identity.actor, lasts_s=0.0)
    if isinstance(prepared, Refused):
        return prepared
    wish = Wish(plan=prepared.plan, identity=identity, undoes=effect.run.id, is_over=True)
    return begin(journal, settings, prepared, wish, Confirmation(yes=True))


def _reach(effect: InForce, settings: RunSettings) -> tuple[AnyAction, Parameters, Plan, Context]:
    action = find_action(settings.actions, effect.run.action)
    params = read_parameters(action.parameters, effect.run.params)
    context = open_context(
        signals=settings.signals,
        settings=settings.actions,
        releases=settings.releases,
        service=settings.service,
        environment=settings.environment,
        actor=effect.run.planned_by,
        folder=runs_folder(settings.actions).parent,
    )
    plan = effect.plan or stored_plan(effect.run)  # raises where it can't be read
    return action, params, plan, context


def keep_round(
    journal: Journal, settings: RunSettings, identity: Identity, now: dt.datetime
) -> tuple[Message, ...]:
    """One look at everything in force: applied again where it was forgotten, taken back where its time is over.

    Open incidents are told the ends of runs whose runner could not tell it any more.
    """
    said = [
        say("runs.written_late", run=journal.run_label(run))
        for run in write_unwritten(journal, settings.actions)
    ]
    for effect in in_force(journal, settings, now):
        try:
            if effect.is_over(now):
                begun = take_back(journal, settings, effect, identity)
                why = begun.message if isinstance(begun, Refused) else say("runs.over")
                said.append(say("runs.taken_back", run=effect.label, action=effect.run.action, why=why))
            else:
                said += [
                    say("runs.kept", run=effect.label, what=what) for what in apply_again(effect, settings)
                ]
        except WarroomError as error:
            said.append(say("runs.not_kept", run=effect.label, action=effect.run.action, why=error.message))
    for summary in journal.history(statuses=("open", "mitigated")):
        tell_again(journal, journal.load(summary.id), now)
    return tuple(said)
