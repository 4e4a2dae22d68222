"""Runs as use cases: plan, confirm, approve, begin, cancel, undo. What speaks against one is said by `run_guard`.

A run is planned and approved in the journal before its runner is started; from then on the runner records what becomes of
it (`actions.runner`), and nobody has to wait for it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from actions.chaos_settings import CHAOS
from actions.errors import BadParameter
from actions.model import ActionCall
from actions.parameters import read_parameters
from actions.planning import make_plan, plan_from_json, plan_to_json
from actions.providers import open_context
from actions.redact import Redactor
from actions.registry import find_action
from actions.runner.execute import phrase
from actions.runner.folder import RunFolder, runs_folder
from actions.runner.launch import Spare, launch
from actions.runner.remote import send
from actions.runner.request import RunRequest
from actions.runner.tell import tell_incident
from core.errors import WarroomError
from core.message import say
from incidents.events import run_body as r
from incidents.journal.errors import WriteConflict
from response.decision import ALLOWED, Reason, Refused
from response.run_guard import (
    Confirmation,
    Wish,
    may_approve,
    may_offer,
    may_plan,
    may_run,
    may_send,
    may_start,
    needs_second,
)
from response.run_step import part_of_step, step_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from actions.model import AnyAction, Plan
    from actions.parameters import Parameters
    from actions.runner.request import RunSettings
    from incidents.events.run import Run
    from incidents.journal import Journal
    from response.decision import Decision
    from response.identity import Identity

PIECE = 19_000
"""A journal's text has at most 20 000 characters: a longer plan is kept in pieces."""
MAX_STORED_PLAN = 60 * PIECE
"""Nobody can confirm a longer plan, and what can't be kept can't be taken back."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """An action with its parameters, and what it would do now; `spare` is a runner that waits for the confirmation."""

    action: AnyAction
    params: Parameters
    plan: Plan
    spare: Spare | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Begun:
    """A run that is in the journal. `waits` is why it has not been started: a second person has to approve it."""

    run: UUID
    waits: Decision = ALLOWED


def prepare(
    settings: RunSettings,
    action_id: str,
    values: Mapping[str, str],
    actor: str,
    *,
    lasts_s: float | None = None,
    read_only: bool = False,
    warm: bool = False,
) -> Prepared | Refused:
    """Plan it; changes nothing. Raises an `ActionError` or a `SourceError`.

    With `warm` a runner is started at its side, which ends by itself when the plan is dropped.
    """
    action = find_action(settings.actions, action_id)
    decision = may_offer(action.id, action.danger, settings.actions, read_only=read_only)
    if isinstance(decision, Refused):
        return decision
    params = read_parameters(action.parameters, values)
    spare = _spare() if warm and settings.actions.executor == "local" else None
    context = open_context(
        signals=settings.signals,
        settings=settings.actions,
        releases=settings.releases,
        service=settings.service,
        environment=settings.environment,
        actor=actor,
        folder=runs_folder(settings.actions).parent,
        allow_chaos=settings.allow_chaos,
    )
    redact = Redactor((*settings.secrets, *params.secrets()))
    return Prepared(action, params, make_plan(action, params, context, lasts_s=lasts_s, redact=redact), spare)


def _spare() -> Spare | None:
    """Where none can be started, the run will say so."""
    try:
        return Spare()
    except OSError:
        return None


def begin(
    journal: Journal,
    settings: RunSettings,
    prepared: Prepared,
    wish: Wish,
    confirmation: Confirmation,
    *,
    read_only: bool = False,
    waits: bool = False,
) -> Begun | Refused:
    """Write it down as planned and approved by this person, and start it unless somebody else must approve it first.

    With `waits` it is not started before somebody calls `start`: its time has not come yet.
    Raises a `JournalError`, `BadParameter` where the plan is longer than a journal keeps, or `ActionFailed` where no runner can be
    started.
    """
    plan, identity = prepared.plan, wish.identity
    wish = beside_open_incidents(journal, settings, wish)
    decision = may_run(wish, confirmation, settings.actions, read_only=read_only)
    if isinstance(decision, Refused):
        return decision
    if settings.actions.executor == "celery":
        decision = may_send(settings.journal, prepared.params.secrets())
        if isinstance(decision, Refused):
            return decision
    if plan.resource:
        journal.holder(plan.resource)  # while the team's journal is away, nobody knows: that ends it here
    run = journal.plan_run(identity.actor, _planned(journal, settings, prepared, wish)).chain
    if plan.danger != "observe":
        journal.append(run, identity.actor, r.RunApproved(digest=plan.digest, identity=identity.proven))
    if needs_second(plan.action, plan.danger, settings.actions, is_over=wish.is_over):
        tell_incident(journal, run, identity.actor)
        return Begun(run, Refused(Reason.SECOND_PERSON))
    if waits:
        return Begun(run)
    return _start(journal, settings, prepared, run, identity, is_over=wish.is_over)


def beside_open_incidents(journal: Journal, settings: RunSettings, wish: Wish) -> Wish:
    """The wish with the incidents that are open, where it belongs to none and they matter: its danger needs a role, or it breaks."""
    danger = wish.plan.danger
    needs_role = danger != "observe" and bool(settings.actions.roles.get(danger, ()))
    if wish.situation is not None or not (needs_role or wish.plan.action == CHAOS):
        return wish
    summaries = journal.history(statuses=("open", "mitigated"))
    return replace(wish, beside={each.label: journal.load(each.id) for each in summaries})


def _planned(journal: Journal, settings: RunSettings, prepared: Prepared, wish: Wish) -> r.RunPlanned:
    """Its first event. A run that takes another back belongs to the incident and the step of that one."""
    plan, row = prepared.plan, step_of(wish, prepared.action)
    first, *rest = _stored(plan)
    planned = r.RunPlanned(
        action=plan.action,
        danger=plan.danger,
        params=dict(plan.params),
        resource=plan.resource,
        digest=plan.digest,
        plan=first,
        plan_rest=tuple(rest),
        incident=wish.situation.incident.id if wish.situation else None,
        runbook=row.runbook.id if row else wish.runbook,
        step=row.step.id if row and row.step else wish.step,
        undoes=wish.undoes,
        identity=wish.identity.proven,
        drill=wish.drill,
        **part_of_step(wish, prepared.action, settings.actions)._asdict(),
    )
    if wish.undoes is None:
        return planned
    undone = journal.load_run(wish.undoes).planned
    own = {"incident": undone.incident, "runbook": undone.runbook, "step": undone.step}
    return planned.model_copy(update=own)


def approve(journal: Journal, settings: RunSettings, run_id: UUID, identity: Identity) -> Refused | Plan:
    """A second person says yes to the very plan that is in the journal. Returns it."""
    run = journal.load_run(run_id)
    decision = may_approve(run, identity, settings.actions)
    if isinstance(decision, Refused):
        return decision
    plan = stored_plan(run)
    journal.append(run_id, identity.actor, r.RunApproved(digest=plan.digest, identity=identity.proven))
    return plan


def start(
    journal: Journal,
    settings: RunSettings,
    run_id: UUID,
    identity: Identity,
    secrets: Mapping[str, str],
    *,
    read_only: bool = False,
) -> Begun | Refused:
    """Start what was planned and waited for approval; `secrets` are the parameters that the journal does not keep.

    Who starts it needs the role that its danger needs, as whoever planned it did.
    """
    run = journal.load_run(run_id)
    plan = stored_plan(run)
    wish = Wish(plan=plan, identity=identity, drill=run.planned.drill)
    if run.planned.incident is not None:
        incident = journal.load(run.planned.incident)
        wish = replace(wish, beside={journal.label(incident.id): incident})
    else:
        wish = beside_open_incidents(journal, settings, wish)
    decision = may_plan(wish, settings.actions, read_only=read_only)
    if isinstance(decision, Refused):
        return decision
    action = find_action(settings.actions, run.action)
    params = read_parameters(action.parameters, {**run.params, **secrets})
    return _start(journal, settings, Prepared(action, params, plan), run_id, identity)


def _start(
    journal: Journal,
    settings: RunSettings,
    prepared: Prepared,
    run: UUID,
    identity: Identity,
    *,
    is_over: bool = False,
) -> Begun | Refused:
    decision = may_start(journal.load_run(run), prepared.plan, settings.actions, is_over=is_over)
    if isinstance(decision, Refused):
        return decision
    if settings.actions.executor == "celery":
        decision = may_send(settings.journal, prepared.params.secrets())
        if isinstance(decision, Refused):
            return decision
    try:
        _hand_over(settings, prepared, run, identity)
    except WarroomError as error:
        ended = r.RunFailed(said=phrase(error.message), unclaimed=True)
        journal.append(run, identity.actor, ended)
        tell_incident(journal, run, identity.actor)
        if not journal.load_run(run).runner:
            raise
    return Begun(run)


def _hand_over(settings: RunSettings, prepared: Prepared, run: UUID, identity: Identity) -> None:
    """To a runner of this host, or through the broker to one of another. Raises an `ActionFailed` or a `SourceError`."""
    if settings.actions.executor == "celery":
        send(run, settings.signals)
        return
    launch(
        RunRequest(
            run=run,
            actor=identity.actor,
            action=prepared.action.id,
            params=prepared.params.revealed(),
            plan=plan_to_json(prepared.plan),
            settings=settings,
        ),
        prepared.spare,
    )


def stored_plan(run: Run) -> Plan:
    """The plan as it was confirmed; raises `BadParameter` where the journal does not have it whole."""
    try:
        value = json.loads(run.planned.plan + "".join(run.planned.plan_rest))
    except ValueError:
        value = None
    return plan_from_json(value)


def _stored(plan: Plan) -> list[str]:
    """In pieces that an event can hold. ASCII, so that cleaning by the journal changes nothing."""
    text = json.dumps(plan_to_json(plan), ensure_ascii=True, separators=(",", ":"))
    if len(text) > MAX_STORED_PLAN:
        raise BadParameter(say("runs.plan_too_long", characters=len(text), limit=MAX_STORED_PLAN))
    return [text[start : start + PIECE] for start in range(0, len(text), PIECE)]


def cancel(journal: Journal, settings: RunSettings, run_id: UUID, identity: Identity) -> Refused | None:
    """Ask its runner to end it, wherever that is; the runner records when it has."""
    run = journal.load_run(run_id)
    if run.has_ended:
        return Refused(Reason.RUN_NOT_ACTIVE)
    if run.is_unclaimed:  # no runner will hear it, unless one claims it at this moment
        ended = r.RunCancelled(asked_by=identity.actor)
        try:
            journal.append(run_id, identity.actor, ended, expected_sequence=run.sequence)
        except WriteConflict:
            return cancel(journal, settings, run_id, identity)
        tell_incident(journal, run_id, identity.actor)
        return None
    journal.append(run_id, identity.actor, r.RunCancelAsked())
    folder = RunFolder.of(settings.actions, run_id)
    if folder.path.is_dir():
        folder.ask_cancel(identity.actor)
    return None


def orphan(journal: Journal, run_id: UUID, identity: Identity) -> None:
    """A person says that nobody knows how it ended; its resource is free then, and it is never run again by itself."""
    journal.append(run_id, identity.actor, r.RunOrphaned())
    tell_incident(journal, run_id, identity.actor)


def undo_call(run: Run) -> ActionCall | Refused:
    """What takes a run back: what it said itself, else what its plan said."""
    if run.state == "undone":
        return Refused(Reason.RUN_UNDONE)
    if run.undo is not None:
        return ActionCall(run.undo.action, dict(run.undo.params))
    try:
        plan = stored_plan(run)
    except WarroomError:
        plan = None
    if plan is None or plan.undo.call is None or not run.was_begun:
        text = plan.undo.text if plan is not None else "–"
        return Refused(Reason.RUN_NOT_UNDONE, {"text": text})
    return plan.undo.call
