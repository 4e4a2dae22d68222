"""Does a move, part by part, each verified before the next begins; where one fails it stops, and says what holds then.

A move leaves nothing that has to be remembered: what was done is seen in the world (who answers, what stands in which slot,
where the schema is), so that the same action, planned anew, takes up what is left.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from actions.errors import ActionFailed, Cancelled
from actions.migrations import planned_downgrade, planned_upgrade
from actions.migrations.planned_downgrade import Downgrade
from actions.migrations.restore import restore_snapshot
from actions.migrations.session import migration_lock
from actions.model import Verification
from actions.releases.answers import last_line
from actions.releases.errors import ReleaseError, Stopped
from actions.releases.fit import SchemaFit
from actions.releases.gates import gate_line, run_gates
from actions.releases.look import look
from actions.releases.model import in_slot
from actions.releases.move import (
    Part,
    commands,
    down_params,
    head_of,
    planned_parts,
    schema_context,
)
from actions.releases.probe import can_ask, instance_is_not, wait_for, wait_for_instance
from actions.releases.scripts import read_scripts
from core.errors import WarroomError
from core.message import say
from core.text import clean

if TYPE_CHECKING:
    from actions.capabilities import Command
    from actions.model import Context, Draft
    from actions.release_settings import ReleaseInstance
    from actions.releases.look import Standing
    from actions.releases.move import Move
    from actions.releases.probe import Answered
    from core.message import Message


def carry_out(move: Move, plan: Draft, standing: Standing) -> tuple[str, ...]:
    """Do all parts; returns the snapshots that a downgrade took. Raises `Stopped`, or `Cancelled` between two parts."""
    context = standing.context
    snapshots: tuple[str, ...] = ()
    for number, part in enumerate(move.parts, 1):
        context.print_line(f"== {number}/{len(move.parts)} {part.value} {move.version} {move.slot}".rstrip())
        try:
            snapshots += _do(part, move, plan, standing)
        except WarroomError as error:
            state = _state(context)
            context.print_line(f"== stopped at {part.value}")
            title = say(f"releases.part_{part.value}", version=move.version, slot=move.slot)
            raise Stopped(say("releases.stopped", part=title, why=error.message, state=state)) from error
        context.print_line(f"== {part.value}: done and verified")
    return snapshots


def verify(plan: Draft, context: Context) -> tuple[Verification, ...]:
    """Who answers, and where the schema is: looked at anew, by what the plan says."""
    version, slot, parts = planned_parts(plan)
    checks: list[Verification] = []
    if Part.ROLL in parts or Part.SWITCH in parts:
        checks.append(_answer(version, "", context))
        checks += [_instance_answer(version, each, context) for each in context.releases.instances]
    elif Part.STAGE in parts:
        checks.append(_answer(version, slot, context, well=Part.SCHEMA_UP in parts or _fits(plan)))
    if Part.SCHEMA_DOWN in parts or Part.SCHEMA_UP in parts:
        try:
            scripts = read_scripts(context.releases.scripts, context.signals.postgres, version)
        except ReleaseError as error:
            return (*checks, Verification(error.message, ok=None))
        within = schema_context(context, scripts)
        if Part.SCHEMA_DOWN in parts:
            checks += planned_downgrade.verify(Downgrade(), plan, within)
        if Part.SCHEMA_UP in parts:
            checks += planned_upgrade.verify(head_of(scripts), plan, within)
    return tuple(checks)


def _fits(plan: Draft) -> bool:
    """Whether the plan says that the release works on the schema as it is."""
    (fact,) = plan.facts_of("schema fit")
    return str(fact.value).split(" ", 1)[0] in (SchemaFit.OWN.value, SchemaFit.ADDITIVE.value)


def _do(part: Part, move: Move, plan: Draft, standing: Standing) -> tuple[str, ...]:
    context = standing.context
    within = schema_context(context, move.scripts)
    match part:
        case Part.GATES:
            _gates(move, context)
        case Part.SCHEMA_UP:
            planned_upgrade.run(head_of(move.scripts), plan, within)
            _hold(planned_upgrade.verify(head_of(move.scripts), plan, within))
        case Part.SCHEMA_DOWN:
            outcome = planned_downgrade.run(down_params(move), plan, within)
            _hold(planned_downgrade.verify(down_params(move), plan, within))
            call = outcome.undo.call if outcome.undo else None
            return tuple(filter(None, call.params.get("snapshots", "").split(","))) if call else ()
        case Part.RESTORE:
            _restore(move, context)
        case Part.STAGE | Part.ROLL | Part.SWITCH:
            _image(part, move, standing)
    return ()


def _gates(move: Move, context: Context) -> None:
    results = run_gates(context.releases.gates, move.version, context)
    red = [gate_line(each) for each in results if not each.is_green]
    if red:
        raise ReleaseError(say("releases.gates_red", count=len(red), all=len(results), first=red[0]))


def _restore(move: Move, context: Context) -> None:
    """All snapshots in one transaction; rows that were written since stay."""
    with (
        context.databases.session(timeout_s=3_600) as connection,
        migration_lock(connection),
        connection.transaction(),
    ):
        for each in move.snapshots:
            report = restore_snapshot(connection, each)
            context.print_line(
                f"{report.table}: {report.rows} rows: {report.inserted} inserted, {report.filled} filled,"
                f" {report.equal} equal, {report.kept} kept as they are now, {report.gone} without a row"
            )


def _image(part: Part, move: Move, standing: Standing) -> None:
    """The adapter's commands, and then who answers."""
    context = standing.context
    if part is Part.SWITCH and can_ask(context, move.slot):  # never to one that is not well
        answered = wait_for(context, move.version, move.slot)
        if not answered.is_release(move.version):
            raise ReleaseError(_not_it(move.version, move.slot, answered))
    if part is Part.ROLL and move.instances:
        _roll(move, standing)
    else:
        _run(commands(move, part, standing), context)
    slot = move.slot if part is Part.STAGE else ""
    if not can_ask(context, slot):
        context.print_line("nobody can be asked which release answers: not known")
        return
    well = not slot or move.is_well_in_slot
    _hold((_answer(move.version, slot, context, well=well),))


def _roll(move: Move, standing: Standing) -> None:
    """One instance after the other; none is touched before the last one has said that it is the release."""
    context, count = standing.context, len(move.instances)
    for number, name in enumerate(move.instances, 1):
        if context.is_cancelled():
            raise Cancelled(say("actions.cancelled"))
        context.print_line(f"-- {number}/{count} {name}")
        try:
            _run(commands(move, Part.ROLL, standing, name), context)
            _hold((_instance_answer(move.version, context.releases.instance(name), context),))
        except ActionFailed as error:
            rest = ", ".join(move.instances[number:]) or "–"
            raise ReleaseError(
                say("releases.instance_failed", instance=name, rest=rest, why=error.message)
            ) from error
        context.print_line(f"-- {name} is {move.version}")


def _run(programs: tuple[Command, ...], context: Context) -> None:
    for command in programs:
        done = context.processes.run(command)
        if done.exit_code:
            program, detail = clean(command.argv[0], 80), last_line(done.output)
            raise ActionFailed(
                say("releases.tool_failed", program=program, code=done.exit_code, detail=detail)
            )


def _instance_answer(version: str, instance: ReleaseInstance, context: Context) -> Verification:
    """Whether it is the release by its own word."""
    answered = wait_for_instance(context, version, instance)
    if answered.is_release(version):
        return Verification(say("releases.instance_is", instance=instance.name, version=version), ok=True)
    return Verification(instance_is_not(instance.name, version, answered), ok=False)


def _answer(version: str, slot: str, context: Context, *, well: bool = True) -> Verification:
    """Whether the release answers, where users ask or in its slot; None where nobody can be asked."""
    if not can_ask(context, slot):
        return Verification(say("releases.no_probe"), ok=None)
    answered = wait_for(context, version, slot, well=well)
    if answered.is_release(version):
        return Verification(say("releases.answers", version=in_slot(version, slot)), ok=True)
    if not well and answered.version == version:
        return Verification(say("releases.answers_waiting", version=version, slot=slot), ok=True)
    return Verification(_not_it(version, slot, answered), ok=False)


def _not_it(version: str, slot: str, answered: Answered) -> Message:
    if answered.why is not None:
        return say("releases.not_well", version=in_slot(version, slot), why=answered.why)
    return say("releases.answers_other", version=in_slot(version, slot), other=answered.version or "?")


def _hold(checks: tuple[Verification, ...]) -> None:
    """Raise for the first that is not as it should be; what nobody can tell is said at the end, and does not stop it."""
    for check in checks:
        if check.ok is False:
            raise ReleaseError(check.text)


def _state(context: Context) -> Message:
    """What holds now; that not even this is known is said, too."""
    try:
        return look(context).describe()
    except WarroomError as error:
        return say("releases.state_unknown", why=error.message)
