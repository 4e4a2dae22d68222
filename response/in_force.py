"""What is in force: the effects of runs that last, since when, by whom, until when, and how they are taken back.

It is made from the journal alone, so that every responder sees the same list. What restarts forgets: `keep` applies it again,
and takes it back when its time is over. Before that somebody is asked (`expiring`), and may put its end off (`extend`).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import TYPE_CHECKING
from uuid import UUID

from actions.chaos_settings import is_production
from actions.errors import NoSuchAction
from actions.model import DEFAULT_LASTS_S, MAX_LASTS_S, ActionCall, Undo
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
    from collections.abc import Iterable, Sequence

    from actions.model import AnyAction, Context, Plan, Verification
    from actions.parameters import Parameters
    from actions.runner.request import RunSettings
    from core.message import Message
    from incidents.events.incident import Incident
    from incidents.events.run import Run
    from incidents.journal import Journal
    from response.identity import Identity
    from response.situation import Situation

LOOKED_BACK = dt.timedelta(seconds=MAX_LASTS_S)
"""Nothing lasts longer."""
ASK_BEFORE_S = 900.0
"""So long before its end somebody is asked whether it shall stay."""
RETRY_S, MAX_RETRY_S = 60.0, 1800.0
"""What failed to end is tried again after so long, then twice as long, and at last so long."""
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
    is_undo_tried: bool = False
    """A run that was to take it back began, and nothing proves that it did: it is not applied again."""

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
    def doubt(self) -> str:
        """Why it is not certain, as a key of the catalogue's `run`; meaningful where `is_certain` is False."""
        if not self.run.has_ended:
            return "in_force_running"
        if self.is_undo_tried:
            return "in_force_undo_tried"
        if self.run.state != "finished" or self.plan is None:
            return "in_force_unsure"
        return "in_force_unknown" if self.run.is_unknown else "in_force_unproven"

    @property
    def open_checks(self) -> tuple[Message, ...]:
        """What the checks of its run said that did not pass, or could not tell."""
        pairs = zip(self.run.checks, self.run.results, strict=True)
        return tuple(check.message for check, result in pairs if result is not True)

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
    effects, replaced, tried = [], set[tuple[str, str]](), set[UUID]()
    for label, run in journal.runs():
        if now - run.planned_at > LOOKED_BACK:
            break
        if run.was_begun and run.planned.undoes is not None:
            tried.add(run.planned.undoes)
        if not run.was_begun or run.state == "undone" or not run.resource or run.planned.undoes is not None:
            continue  # after an undo it is again as the run before left it
        key = (run.action, run.resource)
        if key not in replaced:
            replaced.add(key)  # an earlier run on the same resource has no effect of its own any more
            effect = _effect(label, run, now, settings)
            if effect is not None and run.id in tried:
                effect = replace(effect, is_certain=False, is_undo_tried=True)
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
    ended_well = run.state in ("finished", "verified") and run.verified is not False and not run.is_unknown
    is_certain = plan is not None and ended_well
    return InForce(label, run, plan, until, is_certain, ends_by_itself)


def is_drill(effects: Iterable[InForce], settings: RunSettings) -> bool:
    """Whether a drill has broken what these say, so that what burns now was broken on purpose.

    In production nothing is taken for a drill: who opens an incident there has users to tell.
    """
    return not is_production(settings.environment) and any(each.run.planned.drill for each in effects)


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


def _tries(journal: Journal, effect: InForce) -> list[Run]:
    """The runs that were to take it back, the newest first."""
    later = takewhile(lambda row: row[1].planned_at >= effect.since, journal.runs())
    return [run for _, run in later if run.planned.undoes == effect.run.id]


def _may_try(tries: Sequence[Run], now: dt.datetime) -> bool:
    """Not while one goes on; after each that failed, twice as long as before it."""
    if not tries:
        return True
    last = tries[0]
    ended = last.planned_at if last.is_unclaimed else last.ended_at
    if ended is None:
        return False
    wait_s = min(MAX_RETRY_S, RETRY_S * 2.0 ** (len(tries) - 1))
    return now - ended >= dt.timedelta(seconds=wait_s)


def _why_now(tries: Sequence[Run]) -> Message:
    if not tries:
        return say("runs.over")
    last = tries[0].said
    return say("runs.over_again", tries=len(tries), why=last.message if last is not None else "–")


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


@dataclass(frozen=True, slots=True)
class Round:
    """What a look at everything in force changed, and the labels of the runs for which nothing could be done."""

    changes: tuple[Message, ...]
    not_kept: tuple[str, ...]


def keep_round(journal: Journal, settings: RunSettings, identity: Identity, now: dt.datetime) -> Round:
    """One look at everything in force: applied again where it was forgotten, taken back where its time is over.

    Open incidents are told the ends of runs whose runner could not tell it any more.
    """
    changes = [
        say("runs.written_late", run=journal.run_label(run))
        for run in write_unwritten(journal, settings.actions)
    ]
    not_kept: list[str] = []
    for effect in in_force(journal, settings, now):
        try:
            if effect.is_over(now):
                tries = _tries(journal, effect)
                if not _may_try(tries, now):
                    continue  # the list of what is in force says that its time is over
                begun = take_back(journal, settings, effect, identity)
                if isinstance(begun, Refused):
                    key, why = "runs.not_taken_back", begun.message
                    not_kept.append(effect.label)
                else:
                    key, why = "runs.taken_back", _why_now(tries)
                changes.append(say(key, run=effect.label, action=effect.run.action, why=why))
            elif not effect.is_undo_tried:
                changes += [
                    say("runs.kept", run=effect.label, what=what) for what in apply_again(effect, settings)
                ]
        except WarroomError as error:
            not_kept.append(effect.label)
            changes.append(
                say("runs.not_kept", run=effect.label, action=effect.run.action, why=error.message)
            )
    for summary in journal.history(statuses=("open", "mitigated")):
        tell_again(journal, journal.load(summary.id), now)
    return Round(tuple(changes), tuple(not_kept))
