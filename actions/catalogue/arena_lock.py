"""Moves a file of data and the version that the service expects to another version: both or neither, tested, restarted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actions.errors import ActionError, ActionFailed, ActionRefused
from actions.model import Action, ActionCall, Draft, Fact, Outcome, Undo, Verification
from actions.parameters import Name, Parameters
from actions.service_restart import in_checkout, is_restarted, restart_service, restart_steps, service_command
from actions.step import Step
from actions.upkeep.data_lock import (
    checked_version,
    compare,
    fetch_data,
    read_data,
    read_version,
    render,
    with_version,
)
from core.errors import WarroomError
from core.files import read_bytes
from core.message import say
from core.text import clean

if TYPE_CHECKING:
    from pathlib import Path

    from actions.model import Context, Plan
    from actions.upkeep_settings import DataLockSettings

TESTS_TIMEOUT_S = 1800.0
MAX_FILE_BYTES = 32_000_000


class Lock(Parameters):
    """Which version."""

    version: Name


def _settings(context: Context) -> DataLockSettings:
    if context.settings.data_lock is None:
        raise ActionRefused(say("actions.not_configured", section="actions.data_lock"))
    return context.settings.data_lock


def plan(params: Lock, context: Context) -> Draft:
    """The versions now, what the source has, and what of the data changes. Fetches, and writes nothing."""
    settings, at = _settings(context), context.clock()
    version = checked_version(settings, params.version)
    expected, before = read_version(settings.version, context), read_data(settings, context)
    after, digest = fetch_data(settings, version, context)
    difference = compare(before, after, settings.id_field)
    data, place = (in_checkout(context, path) for path in (settings.data, settings.version.path))
    restart, facts = restart_steps(settings.restart, context)
    tests = service_command(context, settings.regression, TESTS_TIMEOUT_S)
    share = round(difference.share(len(before.items)), 3)
    return Draft(
        target=clean(str(data), 200),
        steps=(
            Step(kind="file", text=clean(f"{data}: {len(after.items)} items of {version}", 400)),
            Step(kind="file", text=clean(f"{place}: {expected} → {version}", 400)),
            *((context.processes.step(tests),) if settings.regression else ()),
            *restart,
        ),
        effects=tuple(
            Fact(label=say(f"actions_upkeep.fact_{name}"), value=count, unit="count", at=at)
            for name, count in (
                ("added", difference.added),
                ("removed", difference.removed),
                ("changed", difference.changed),
            )
        ),
        facts=(
            Fact(label=say("actions_upkeep.fact_expected"), value=expected, at=at),
            Fact(label=say("actions_upkeep.fact_in_file"), value=clean(before.version, 40), at=at),
            Fact(label=say("actions_upkeep.fact_digest"), value=digest, at=at, kind="data digest"),
            *facts,
        ),
        blockers=(say("actions_upkeep.data_unlike", share=share, limit=settings.max_changed),)
        if share > settings.max_changed
        else (),
        warnings=(
            *(
                (say("actions_upkeep.versions_differ", expected=expected, version=clean(before.version, 40)),)
                if expected != before.version
                else ()
            ),
            *(() if settings.regression else (say("actions_upkeep.no_regression"),)),
        ),
        undo=Undo(
            say("actions_upkeep.undo_lock", version=clean(before.version, 40)),
            ActionCall("arena.lock", {"version": before.version}),
        ),
    )


def run(params: Lock, plan: Plan, context: Context) -> Outcome:
    """Both files, then the tests; where anything fails before the restart, both are again as they were."""
    settings = _settings(context)
    version = checked_version(settings, params.version)
    after, digest = fetch_data(settings, version, context)
    if [digest] != [fact.value for fact in plan.facts_of("data digest")]:
        raise ActionFailed(say("actions_upkeep.data_moved"))
    data, place = in_checkout(context, settings.data), in_checkout(context, settings.version.path)
    before = {path: read_bytes(path, MAX_FILE_BYTES) for path in (data, place)}
    try:
        context.files.write(data, render(settings, after))
        context.files.write(place, with_version(settings.version, version, context))
        context.print_line(f"{data.name}: {len(after.items)} items of {version}")
        _test(settings, context)
    except (WarroomError, KeyboardInterrupt) as error:
        _put_back(before, context)
        if isinstance(error, ActionError) and not isinstance(error, ActionFailed):
            raise
        why = error.message if isinstance(error, WarroomError) else say("actions.cancelled")
        raise ActionFailed(say("actions_upkeep.lock_undone", why=why)) from error
    restart_service(settings.restart, plan, context)
    return Outcome(text=say("actions_upkeep.locked", version=version, count=len(after.items)))


def _test(settings: DataLockSettings, context: Context) -> None:
    if not settings.regression:
        return
    completed = context.processes.run(service_command(context, settings.regression, TESTS_TIMEOUT_S))
    if completed.exit_code:
        program = clean(" ".join(settings.regression), 120)
        raise ActionFailed(say("actions.exited", program=program, code=completed.exit_code))


def _put_back(before: dict[Path, bytes], context: Context) -> None:
    for path, content in before.items():
        if read_bytes(path, MAX_FILE_BYTES) != content:
            context.files.write(path, content)
            context.print_line(f"{path.name}: put back")


def verify(params: Lock, plan: Plan, context: Context) -> tuple[Verification, ...]:
    """Both versions as they stand, the number of items, and new processes."""
    settings = _settings(context)
    expected, data = read_version(settings.version, context), read_data(settings, context)
    return (
        Verification(
            say("actions_upkeep.version_is", expected=expected, version=clean(data.version, 40)),
            ok=expected == data.version == params.version,
        ),
        *is_restarted(settings.restart, plan, context),
    )


ACTION = Action(
    id="arena.lock",
    title=say("actions_catalogue.arena_lock"),
    why=say("actions_catalogue.arena_lock_why"),
    danger="mitigate",
    parameters=Lock,
    resource=lambda _: "data lock",
    plan=plan,
    run=run,
    verify=verify,
    timeout_s=7200.0,
    needs=("actions.data_lock",),
    undone_by="arena.lock",
)
