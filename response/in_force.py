"""What is in force: the effects of runs that last, since when, by whom, until when, and how they are taken back.

It is made from the journal alone, so that every responder sees the same list. What restarts forgets: `keep` applies it again,
and takes it back when its time is over.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from actions.errors import NoSuchAction
from actions.model import ActionCall, Undo
from actions.parameters import read_parameters
from actions.providers import open_context
from actions.registry import find_action
from actions.runner.folder import runs_folder
from core.errors import WarroomError
from core.message import say
from response.decision import Refused
from response.run_guard import Confirmation, Wish
from response.runs import Begun, begin, prepare, stored_plan, undo_call

if TYPE_CHECKING:
    from actions.model import AnyAction, Context, Plan, Verification
    from actions.parameters import Parameters
    from actions.runner.request import RunSettings
    from core.message import Message
    from incidents.events.run import Run
    from incidents.journal import Journal
    from response.identity import Identity

LOOKED_BACK = dt.timedelta(days=31)
"""Nothing may last longer."""


@dataclass(frozen=True, slots=True)
class InForce:
    """One lasting effect. `until` may be over: then it is in force until somebody takes it back, unless it ends by itself.

    `is_certain` is False where its run did not end well: parts of it may be in force.
    """

    label: str
    run: Run
    plan: Plan
    until: dt.datetime
    is_certain: bool

    def is_over(self, now: dt.datetime) -> bool:
        """Whether its time has passed."""
        return now >= self.until


def in_force(journal: Journal, settings: RunSettings, now: dt.datetime) -> tuple[InForce, ...]:
    """Newest first. Raises a `JournalError`: without the journal nobody knows what is in force."""
    effects, replaced = [], set[tuple[str, str]]()
    for label, run in journal.runs():
        if now - run.planned_at > LOOKED_BACK:
            break
        if not run.was_begun or run.state == "undone" or not run.resource:
            continue
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
        return () if action is None else action.takes_over(read_parameters(action.parameters, run.params))
    except WarroomError:
        return ()


def _effect(label: str, run: Run, now: dt.datetime, settings: RunSettings) -> InForce | None:
    if not run.was_begun or run.state == "undone" or run.planned.undoes is not None:
        return None
    try:
        plan = stored_plan(run)
    except WarroomError:
        return None
    if not plan.lasts_s or (run.state == "finished" and run.until is None):
        return None  # it never lasts, or ended with nothing in force
    since = run.ended_at or run.started_at or run.planned_at
    until = run.until or since + dt.timedelta(seconds=plan.lasts_s)
    action = _action(settings, run.action)
    if action is not None and action.ends_by_itself and now >= until:
        return None
    if run.undo is not None:
        from dataclasses import replace

        plan = replace(plan, undo=Undo(plan.undo.text, ActionCall(run.undo.action, dict(run.undo.params))))
    return InForce(
        label, run, plan, until, run.state in ("finished", "verified") and run.verified is not False
    )


def _action(settings: RunSettings, action_id: str) -> AnyAction | None:
    try:
        return find_action(settings.actions, action_id)
    except NoSuchAction:
        return None


def verify_now(effect: InForce, settings: RunSettings) -> tuple[Verification, ...]:
    """Whether it really is in force. Raises an `ActionError` or a `SourceError`."""
    action, params, context = _reach(effect, settings)
    return action.verify(params, effect.plan, context)


def apply_again(effect: InForce, settings: RunSettings) -> tuple[Message, ...]:
    """To what has (re)started since; says what had to be done. Raises an `ActionError` or a `SourceError`."""
    action, params, context = _reach(effect, settings)
    return () if action.keep is None else action.keep(params, effect.plan, context)


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


def _reach(effect: InForce, settings: RunSettings) -> tuple[AnyAction, Parameters, Context]:
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
    return action, params, context


def keep_round(
    journal: Journal, settings: RunSettings, identity: Identity, now: dt.datetime
) -> tuple[Message, ...]:
    """One look at everything in force: applied again where it was forgotten, taken back where its time is over."""
    said: list[Message] = []
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
    return tuple(said)
