"""Sends all requests to the other slot, once what stands there is well; its schema goes up first, where it has to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from actions.fits import Fit
from actions.model import Action, ActionCall, Draft, Outcome, Undo, Verification
from actions.parameters import Names, Parameters
from actions.releases.carry_out import carry_out
from actions.releases.carry_out import verify as verify_move
from actions.releases.choices import DatabaseChoice, fit_blockers, kept_warning, slot_blockers
from actions.releases.fit import SchemaFit, unknown_fit
from actions.releases.look import look
from actions.releases.model import in_slot
from actions.releases.move import Move, Part, draft
from actions.releases.probe import ask_version, can_ask
from actions.releases.scripts import KnownScripts
from core.message import say

if TYPE_CHECKING:
    from actions.model import Context, Plan
    from actions.releases.look import Standing
    from actions.releases.model import Release
    from core.message import Message


class Switch(Parameters):
    """To which slot: the one that is not live, unless named. `snapshots` are put back once the schema is up."""

    slot: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,30}$|^$")] = ""
    database: DatabaseChoice = "auto"
    snapshots: Names = ()


def plan(params: Switch, context: Context) -> Draft:
    """Schema and switch, as they will be."""
    standing = look(context)
    move = _move(params, standing)
    return draft(move, standing, _undo(move, standing))


def run(params: Switch, plan: Plan, context: Context) -> Outcome:
    """Part by part; the first that fails ends it."""
    standing = look(context)
    move = _move(params, standing)
    carry_out(move, plan, standing)
    return Outcome(text=say("releases.switched", version=move.version, slot=move.slot), serves=move.version)


def verify(_: Switch, plan: Plan, context: Context) -> tuple[Verification, ...]:
    """Who answers where users ask, and where the schema is."""
    return verify_move(plan, context)


def _move(params: Switch, standing: Standing) -> Move:
    slot = params.slot or standing.idle_slot
    release = standing.in_slot(slot)
    version = release.version if release else "?"
    known = release is not None and release.is_usable
    scripts = standing.scripts(version) if known else None
    fitting = standing.fit(version) if known else unknown_fit(say("releases.empty_slot", slot=slot or "?"))
    goes_up = (
        fitting.fit is SchemaFit.BEHIND and params.database == "auto" and isinstance(scripts, KnownScripts)
    )
    up = (Part.SCHEMA_UP, *([Part.RESTORE] if params.snapshots else [])) if goes_up else ()
    blockers = _blockers(params, slot, release, standing)
    if not blockers:
        blockers = (
            *fit_blockers(fitting, params.database),
            *_not_well(slot, version, standing, waits=goes_up),
        )
    return Move(
        version=version,
        parts=(*up, Part.SWITCH),
        fitting=fitting,
        slot=slot,
        scripts=scripts if isinstance(scripts, KnownScripts) else None,
        snapshots=params.snapshots,
        blockers=blockers,
        warnings=(*kept_warning(fitting, params.database), *_not_asked(slot, standing)),
    )


def _blockers(params: Switch, slot: str, release: Release | None, standing: Standing) -> tuple[Message, ...]:
    settings = standing.context.releases
    if not settings.is_blue_green:
        return (say("releases.no_slots"),)
    if params.slot and params.slot not in settings.slots:
        return (say("releases.no_slot", slot=params.slot, known=", ".join(settings.slots)),)
    if unknown := slot_blockers(standing):
        return unknown
    if slot == standing.sighting.live_slot:
        return (say("releases.live_already", slot=slot),)
    if release is None:
        return (say("releases.empty_slot", slot=slot),)
    return () if release.is_usable else (say("releases.bad_name", version=release.version),)


def _not_well(slot: str, version: str, standing: Standing, *, waits: bool) -> tuple[Message, ...]:
    """Requests never go to what does not answer as what it should be; one that waits for its schema says who it is."""
    if not can_ask(standing.context, slot):
        return ()
    answered = ask_version(standing.context, slot)
    if answered.is_release(version) or (waits and answered.version == version):
        return ()
    if answered.why is not None:
        return (say("releases.not_well", version=in_slot(version, slot), why=answered.why),)
    return (say("releases.answers_other", version=in_slot(version, slot), other=answered.version or "?"),)


def _not_asked(slot: str, standing: Standing) -> tuple[Message, ...]:
    return () if can_ask(standing.context, slot) else (say("releases.slot_not_asked", slot=slot or "?"),)


def _undo(move: Move, standing: Standing) -> Undo:
    """The switch back; with a schema that went up, the rollback, which looks whether it has to come down."""
    live, slot = standing.live_version, standing.sighting.live_slot
    if Part.SCHEMA_UP not in move.parts and slot:
        return Undo(say("releases.undo_switch", slot=slot), ActionCall("release.switch", {"slot": slot}))
    if live is None:
        return Undo(say("releases.undo_unknown"))
    return Undo(say("releases.undo_deploy", version=live), ActionCall("release.rollback", {"to": live}))


ACTION = Action(
    id="release.switch",
    title=say("actions_catalogue.release_switch"),
    why=say("actions_catalogue.release_switch_why"),
    danger="mitigate",
    parameters=Switch,
    resource=lambda _: "release",
    plan=plan,
    run=run,
    verify=verify,
    timeout_s=7_200.0,
    fits=(Fit("release", 3),),
    needs=("releases.adapter",),
    undone_by="release.switch",
)
