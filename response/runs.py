"""Runs as use cases: plan, confirm, approve, begin, cancel, undo. What speaks against one is said by `run_guard`.

A run is planned and approved in the journal before its runner is started; from then on the runner records what becomes of
it (`actions.runner`), and nobody has to wait for it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from actions.model import ActionCall
from actions.parameters import read_parameters
from actions.planning import make_plan, plan_from_json, plan_to_json
from actions.providers import open_context
from actions.redact import Redactor
from actions.registry import find_action
from actions.runner.folder import RunFolder, runs_folder
from actions.runner.launch import launch
from actions.runner.request import RunRequest
from core.errors import WarroomError
from incidents.events import run_body as r
from response.decision import ALLOWED, Reason, Refused
from response.run_guard import (
    Confirmation,
    Wish,
    may_approve,
    may_offer,
    may_run,
    may_start,
    needs_second,
)

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

MAX_STORED_PLAN = 19_000
"""A longer plan is not kept in the journal as a whole: its digest is, and its first part."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """An action with its parameters, and what it would do now."""

    action: AnyAction
    params: Parameters
    plan: Plan


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
) -> Prepared | Refused:
    """Plan it; changes nothing. Raises an `ActionError` or a `SourceError`."""
    action = find_action(settings.actions, action_id)
    decision = may_offer(action.id, action.danger, settings.actions, read_only=read_only)
    if isinstance(decision, Refused):
        return decision
    params = read_parameters(action.parameters, values)
    context = open_context(
        signals=settings.signals,
        settings=settings.actions,
        releases=settings.releases,
        service=settings.service,
        environment=settings.environment,
        actor=actor,
        folder=runs_folder(settings.actions).parent,
    )
    redact = Redactor((*settings.secrets, *params.secrets()))
    return Prepared(action, params, make_plan(action, params, context, lasts_s=lasts_s, redact=redact))


def begin(
    journal: Journal,
    settings: RunSettings,
    prepared: Prepared,
    wish: Wish,
    confirmation: Confirmation,
    *,
    undoes: UUID | None = None,
    read_only: bool = False,
) -> Begun | Refused:
    """Write it down as planned and approved by this person, and start it unless somebody else must approve it first.

    Raises a `JournalError`, or `ActionFailed` where no runner can be started.
    """
    plan, identity = prepared.plan, wish.identity
    decision = may_run(wish, confirmation, settings.actions, read_only=read_only)
    if isinstance(decision, Refused):
        return decision
    if plan.resource:
        journal.holder(plan.resource)  # while the team's journal is away, nobody knows: that ends it here
    row = wish.row()
    planned = r.RunPlanned(
        action=plan.action,
        danger=plan.danger,
        params=dict(plan.params),
        resource=plan.resource,
        digest=plan.digest,
        plan=_stored(plan),
        incident=wish.situation.incident.id if wish.situation else None,
        runbook=row.runbook.id if row else wish.runbook,
        step=row.step.id if row and row.step else wish.step,
        undoes=undoes,
        identity=identity.proven,
    )
    run = journal.plan_run(identity.actor, planned).chain
    if plan.danger != "observe":
        journal.append(run, identity.actor, r.RunApproved(digest=plan.digest, identity=identity.proven))
    if needs_second(plan.danger, settings.actions):
        return Begun(run, Refused(Reason.SECOND_PERSON))
    return _start(journal, settings, prepared, run, identity)


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
    journal: Journal, settings: RunSettings, run_id: UUID, identity: Identity, secrets: Mapping[str, str]
) -> Begun | Refused:
    """Start what was planned and waited for approval; `secrets` are the parameters that the journal does not keep."""
    run = journal.load_run(run_id)
    plan = stored_plan(run)
    action = find_action(settings.actions, run.action)
    params = read_parameters(action.parameters, {**run.params, **secrets})
    return _start(journal, settings, Prepared(action, params, plan), run_id, identity)


def _start(
    journal: Journal, settings: RunSettings, prepared: Prepared, run: UUID, identity: Identity
) -> Begun | Refused:
    decision = may_start(journal.load_run(run), prepared.plan, settings.actions)
    if isinstance(decision, Refused):
        return decision
    launch(
        RunRequest(
            run=run,
            actor=identity.actor,
            action=prepared.action.id,
            params=prepared.params.revealed(),
            plan=plan_to_json(prepared.plan),
            settings=settings,
        )
    )
    return Begun(run)


def stored_plan(run: Run) -> Plan:
    """The plan as it was confirmed; raises `BadParameter` where the journal does not have it whole."""
    try:
        value = json.loads(run.planned.plan)
    except ValueError:
        value = None
    return plan_from_json(value)


def _stored(plan: Plan) -> str:
    """ASCII, so that cleaning by the journal changes nothing."""
    return json.dumps(plan_to_json(plan), ensure_ascii=True)[:MAX_STORED_PLAN]


def cancel(journal: Journal, settings: RunSettings, run_id: UUID, identity: Identity) -> Refused | None:
    """Ask its runner to end it, wherever that is; the runner records when it has."""
    run = journal.load_run(run_id)
    if run.has_ended:
        return Refused(Reason.RUN_NOT_ACTIVE)
    if run.state in ("planned", "approved"):  # no runner will hear it
        journal.append(run_id, identity.actor, r.RunCancelled(asked_by=identity.actor))
        return None
    journal.append(run_id, identity.actor, r.RunCancelAsked())
    folder = RunFolder.of(settings.actions, run_id)
    if folder.path.is_dir():
        folder.ask_cancel(identity.actor)
    return None


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
