"""Goes back to an earlier release: its image, and the schema only where its code can't use the one that is there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from actions.fits import Fit
from actions.model import Action, ActionCall, Draft, Outcome, Undo, Verification
from actions.parameters import Names, Parameters
from actions.releases.carry_out import carry_out
from actions.releases.carry_out import verify as verify_move
from actions.releases.choices import kept_warning, name_blockers, slot_blockers
from actions.releases.fit import SchemaFit, unknown_fit
from actions.releases.look import look
from actions.releases.model import VERSION
from actions.releases.move import Move, Part, draft, to_replace
from actions.releases.scripts import KnownScripts
from core.message import say

if TYPE_CHECKING:
    from actions.model import Context, Plan
    from actions.releases.fit import Fitting
    from actions.releases.look import Standing
    from core.message import Message


class Rollback(Parameters):
    """To which release: the one before, unless named.

    `database`: auto goes by the revisions of both releases; keep leaves the schema as it is, downgrade takes it down.
    `tables` are those that lose something, where no SQL says which.
    """

    to: Annotated[str, Field(pattern=rf"{VERSION}|^$")] = ""
    database: Literal["auto", "keep", "downgrade"] = "auto"
    tables: Names = ()


def plan(params: Rollback, context: Context) -> Draft:
    """Whether the schema has to come down, and everything that is done, in order."""
    standing = look(context)
    return draft(_move(params, standing), standing, _undo(standing, ()))


def run(params: Rollback, plan: Plan, context: Context) -> Outcome:
    """Part by part; the first that fails ends it."""
    standing = look(context)
    move = _move(params, standing)
    snapshots = carry_out(move, plan, standing)
    key = "releases.rolled_back_down" if Part.SCHEMA_DOWN in move.parts else "releases.rolled_back"
    return Outcome(
        text=say(key, version=move.version, goal=move.goal or "–"),
        undo=_undo(standing, snapshots),
        serves=move.version,
    )


def verify(_: Rollback, plan: Plan, context: Context) -> tuple[Verification, ...]:
    """Who answers, where the schema is, and that every snapshot is what was taken."""
    return verify_move(plan, context)


def _move(params: Rollback, standing: Standing) -> Move:
    version = params.to or _previous(standing)
    if not version:
        nobody = unknown_fit(say("releases.no_previous"))
        return Move(version="?", parts=(), fitting=nobody, blockers=(say("releases.no_previous"),))
    fitting, release = standing.fit(version), standing.find(version)
    blue_green = standing.context.releases.is_blue_green
    slot = standing.idle_slot if blue_green else ""
    schema = _schema_part(params, fitting)
    parts = _parts(version, slot, schema, fitting, standing)
    own = standing.scripts(version)
    up = own if isinstance(own, KnownScripts) else None
    return Move(
        version=version,
        parts=parts,
        fitting=fitting,
        slot=slot,
        instances=to_replace(version, standing),
        handle=release.handle if release else "",
        scripts=standing.author() if schema is Part.SCHEMA_DOWN else up,
        goal=fitting.goal,
        tables=params.tables,
        blockers=(
            *name_blockers(standing, version),
            *slot_blockers(standing),
            *_schema_blockers(params, fitting, schema),
            *(() if parts else (say("releases.nothing_left", version=version),)),
        ),
        warnings=_warnings(params, fitting, schema, standing),
    )


def _previous(standing: Standing) -> str:
    """Blue-green: what stands in the other slot. Else the newest that came before the live one; empty where none is known.

    Where instances stopped rolling half-way it is the live one that came first.
    """
    if standing.context.releases.is_blue_green:
        idle = standing.in_slot(standing.idle_slot) if standing.idle_slot else None
        return idle.version if idle is not None else ""
    if standing.instances and standing.live_version is None and standing.adapter.dates_runs:
        came = [(each.since, each.version) for each in standing.live if each.since is not None]
        return min(came)[1] if len(came) == len(standing.live) > 1 else ""
    live = next((each for each in standing.live if each.version == standing.live_version), None)
    if live is None or live.since is None or not standing.adapter.dates_runs:
        return ""
    earlier = [
        (each.since, each.version)
        for each in standing.sighting.releases
        if each.since is not None
        and each.since < live.since
        and each.version != live.version
        and each.is_usable
        and not each.note
    ]
    return max(earlier)[1] if earlier else ""


def _schema_part(params: Rollback, fitting: Fitting) -> Part | None:
    """Whether the schema has to move. A database that lacks what the release needs is one that was left half-way."""
    if params.database == "keep":
        return None
    if fitting.fit is SchemaFit.BREAKING or (params.database == "downgrade" and fitting.more):
        return Part.SCHEMA_DOWN
    return Part.SCHEMA_UP if fitting.fit is SchemaFit.BEHIND else None


def _parts(
    version: str, slot: str, schema: Part | None, fitting: Fitting, standing: Standing
) -> tuple[Part, ...]:
    """What is left to do, in the order in which each state between two parts is the better one (see `releases.move`)."""
    runs = (
        standing.live_version == version
        and standing.answers.version in (version, None)
        and standing.is_everywhere(version)
    )
    schema_parts = (schema,) if schema else ()
    if runs:
        return schema_parts
    if not slot:
        image: tuple[Part, ...] = (Part.ROLL,)
        stage: tuple[Part, ...] = ()
    else:
        idle = standing.in_slot(slot)
        stage = () if idle is not None and idle.version == version else (Part.STAGE,)
        image = (Part.SWITCH,)
    if (
        fitting.fit is SchemaFit.ADDITIVE and schema is Part.SCHEMA_DOWN
    ):  # it runs on both; what it replaces does not
        return (*stage, *image, *schema_parts)
    return (*stage, *schema_parts, *image)


def _schema_blockers(params: Rollback, fitting: Fitting, schema: Part | None) -> tuple[Message, ...]:
    if params.database == "keep":
        return ()
    if schema is Part.SCHEMA_DOWN and not fitting.goal:
        return (say("releases.no_goal", why=fitting.text),)
    if params.database == "downgrade" and schema is None:
        return (say("releases.nothing_to_downgrade", why=fitting.text),)
    if fitting.fit in (SchemaFit.UNKNOWN, SchemaFit.APART) and schema is None:
        return (say("releases.say_schema_back", why=fitting.text),)
    return ()


def _warnings(
    params: Rollback, fitting: Fitting, schema: Part | None, standing: Standing
) -> tuple[Message, ...]:
    notes = [*kept_warning(fitting, params.database)]
    if schema is None and fitting.works:
        notes.append(say("releases.no_downgrade", why=fitting.text))
    if schema is Part.SCHEMA_DOWN:
        live = standing.live_version or "?"
        key = "releases.down_after" if fitting.fit is SchemaFit.ADDITIVE else "releases.down_before"
        notes.append(say(key, live=live, why=fitting.text))
    return tuple(notes)


def _undo(standing: Standing, snapshots: tuple[str, ...]) -> Undo:
    """Forward again: the schema goes up with it where it has to, and the rows that were kept aside are put back."""
    live, slot = standing.live_version, standing.sighting.live_slot
    kept = {"snapshots": ",".join(snapshots)} if snapshots else {}
    if standing.context.releases.is_blue_green and slot:
        return Undo(
            say("releases.undo_switch", slot=slot), ActionCall("release.switch", {"slot": slot, **kept})
        )
    if live is None:
        return Undo(say("releases.undo_unknown"))
    call = ActionCall("release.deploy", {"version": live, "gates": "false", **kept})
    return Undo(say("releases.undo_rollback", version=live), call)


ACTION = Action(
    id="release.rollback",
    title=say("actions_catalogue.release_rollback"),
    why=say("actions_catalogue.release_rollback_why"),
    danger="mitigate",
    parameters=Rollback,
    resource=lambda _: "release",
    plan=plan,
    run=run,
    verify=verify,
    timeout_s=7_200.0,
    fits=(Fit("release", 2),),
    needs=("releases.adapter",),
    undone_by="release.deploy",
)
