"""Brings a release in: gates, its schema, then the release; rolling, or into the slot that no request reaches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actions.fits import Fit
from actions.model import Action, ActionCall, Draft, Outcome, Undo, Verification
from actions.parameters import Names, Parameters
from actions.releases.carry_out import carry_out
from actions.releases.carry_out import verify as verify_move
from actions.releases.choices import (
    DatabaseChoice,
    fit_blockers,
    kept_warning,
    name_blockers,
    slot_blockers,
)
from actions.releases.fit import SchemaFit, upgrade_is_additive
from actions.releases.look import look
from actions.releases.model import Version  # noqa: TC001  # pydantic reads the annotations at run time
from actions.releases.move import Move, Part, draft, to_replace
from actions.releases.scripts import KnownScripts
from core.message import say

if TYPE_CHECKING:
    from actions.model import Context, Plan
    from actions.releases.look import Standing
    from core.message import Message


class Deploy(Parameters):
    """Which release. `gates` false leaves them out; `snapshots` are put back once the schema is up."""

    version: Version
    database: DatabaseChoice = "auto"
    gates: bool = True
    snapshots: Names = ()


def plan(params: Deploy, context: Context) -> Draft:
    """Gates, schema and release, as they will be."""
    standing = look(context)
    return draft(_move(params, standing), standing, _undo(standing))


def run(params: Deploy, plan: Plan, context: Context) -> Outcome:
    """Part by part; the first that fails ends it."""
    standing = look(context)
    move = _move(params, standing)
    carry_out(move, plan, standing)
    key = "releases.staged" if move.slot else "releases.deployed"
    return Outcome(
        text=say(key, version=move.version, slot=move.slot), serves="" if move.slot else move.version
    )


def verify(_: Deploy, plan: Plan, context: Context) -> tuple[Verification, ...]:
    """Who answers, and where the schema is."""
    return verify_move(plan, context)


def _move(params: Deploy, standing: Standing) -> Move:
    settings, fitting = standing.context.releases, standing.fit(params.version)
    slot = standing.idle_slot if settings.is_blue_green else ""
    scripts = standing.scripts(params.version)
    parts: list[Part] = [Part.GATES] if params.gates and settings.gates else []
    warnings: list[Message] = list(kept_warning(fitting, params.database))
    if fitting.fit is SchemaFit.BEHIND and params.database == "auto" and isinstance(scripts, KnownScripts):
        additive = upgrade_is_additive(scripts, fitting.lacks)
        if additive or not slot:
            parts.append(Part.SCHEMA_UP)
            parts += [Part.RESTORE] if params.snapshots else []
        if not additive:
            key = "releases.schema_with_switch" if slot else "releases.gap"
            warnings.append(say(key, live=standing.live_version or "?", lacks=", ".join(fitting.lacks)))
    parts.append(Part.STAGE if slot else Part.ROLL)
    return Move(
        version=params.version,
        parts=tuple(parts),
        fitting=fitting,
        slot=slot,
        instances=to_replace(params.version, standing),
        scripts=scripts if isinstance(scripts, KnownScripts) else None,
        snapshots=params.snapshots,
        blockers=(
            *name_blockers(standing, params.version),
            *slot_blockers(standing),
            *fit_blockers(fitting, params.database),
            *_nothing_to_do(params, standing, fitting.fit),
        ),
        warnings=tuple(warnings),
    )


def _nothing_to_do(params: Deploy, standing: Standing, fit: SchemaFit) -> tuple[Message, ...]:
    """What runs and answers already is not brought in again; what only seems to run is."""
    runs = standing.live_version == params.version and standing.answers.version == params.version
    if runs and standing.is_everywhere(params.version) and fit is not SchemaFit.BEHIND:
        return (say("releases.runs_already", version=params.version),)
    return ()


def _undo(standing: Standing) -> Undo:
    """Rolling: back to what ran. In a slot that no request reaches nothing has to be taken back: what stood there may."""
    live = standing.live_version
    if not standing.context.releases.is_blue_green:
        if live is None:
            return Undo(say("releases.undo_unknown"))
        return Undo(say("releases.undo_deploy", version=live), ActionCall("release.rollback", {"to": live}))
    before = standing.in_slot(standing.idle_slot)
    if before is None or not before.is_usable:
        return Undo(say("releases.undo_stage"))
    call = ActionCall("release.deploy", {"version": before.version, "gates": "false"})
    return Undo(say("releases.undo_stage_to", version=before.version), call)


ACTION = Action(
    id="release.deploy",
    title=say("actions_catalogue.release_deploy"),
    why=say("actions_catalogue.release_deploy_why"),
    danger="mitigate",
    parameters=Deploy,
    resource=lambda _: "release",
    plan=plan,
    run=run,
    verify=verify,
    timeout_s=4 * 3600.0,
    fits=(Fit("release", 3),),
    needs=("releases.adapter",),
    undone_by="release.rollback",
)
