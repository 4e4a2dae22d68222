"""The plan of an upgrade, its run and its verification, as `migrate.upgrade` and a deploy have them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actions.migrations.errors import NotRendered
from actions.migrations.lint import lint
from actions.migrations.plans import (
    Patient,
    connection_of,
    ignores_options,
    in_the_way,
    locks_of,
    size_facts,
    sql_steps,
    state_facts,
    tables_of,
    target_of,
)
from actions.migrations.project import lost_in
from actions.migrations.state import address_of, half_applied, read_state, render_pending, wrong_with
from actions.migrations.upgrade import UpgradeRequest, upgrade
from actions.model import ActionCall, Draft, Fact, Outcome, Undo, Verification
from actions.parameters import Name  # noqa: TC001  # pydantic reads the annotations at run time
from core.message import say
from signals.database.model import Drift

if TYPE_CHECKING:
    from actions.migrations.project import RenderedStep
    from actions.migrations.state import State
    from actions.model import Context
    from core.message import Message


class Upgrade(Patient):
    """How far (a revision, `head` or `heads`), and how patient."""

    to: Name = "head"


def plan(params: Upgrade, context: Context) -> Draft:
    """The SQL of each step, the locks it takes, what it would lose, and who is in the way."""
    state, at = read_state(context), context.clock()
    warnings = list(wrong_with(state))
    steps: tuple[RenderedStep, ...] = ()
    blockers = _blockers(params, state)
    if not blockers:
        try:
            steps = render_pending(state, params.to)
        except NotRendered as error:
            warnings.append(error.message)
    tables = tables_of(steps, state)
    warnings += in_the_way(context, tables, writing=False)
    with context.databases.connect() as connection:
        half = half_applied(connection, state, steps)
        version = connection.info.server_version
    warnings += lint(steps, state.project, version, context)
    blockers += (half,) if half else ()
    connected, unreachable = (None, ()) if blockers else connection_of(state.project)
    blockers += unreachable
    warnings += ignores_options(connected)
    lost = lost_in(steps, state.version_table[-1])
    back = state.rows[0] if len(state.rows) == 1 else "base"
    return Draft(
        target=target_of(context, state),
        steps=(context.processes.step(params.command(state, "upgrade", params.to)), *sql_steps(steps)),
        effects=tuple(
            Fact(label=say("migrations.fact_lost", table=table), value=", ".join(columns), at=at)
            for table, columns in lost.items()
        ),
        facts=(
            *state_facts(state, at),
            Fact(label=say("migrations.fact_connected"), value=connected, at=at),
            *(
                Fact(label=say("migrations.fact_pending", revision=each.id), value=each.message or "–", at=at)
                for each in state.pending
            ),
            *size_facts(context, tables, at),
        ),
        blockers=blockers,
        warnings=tuple(warnings),
        locks=locks_of(steps),
        undo=Undo(
            say("migrations.undo_upgrade", revision=back), ActionCall("migrate.downgrade", {"to": back})
        ),
    )


def _blockers(params: Upgrade, state: State) -> tuple[Message, ...]:
    if state.drift is Drift.AHEAD:
        return (say("migrations.blocked_ahead"),)
    if params.to == "head" and len(state.scripts.heads) > 1:
        return (say("migrations.blocked_heads", heads=", ".join(state.scripts.heads)),)
    if params.to not in ("head", "heads") and params.to not in state.scripts.known:
        return (say("migrations.no_revision", revision=params.to),)
    wanted = state.scripts.heads if params.to in ("head", "heads") else (params.to,)
    if set(wanted) <= state.scripts.applied(state.rows):
        return (say("migrations.nothing_pending"),)
    return ()


def run(params: Upgrade, _: Draft, context: Context) -> Outcome:
    """Upgrade; where it stops is said."""
    state = read_state(context)
    done = upgrade(
        address_of(state),
        state.project,
        UpgradeRequest(rows=state.rows, target=params.to, version_table=state.version_table),
        patience=params.patience(),
        processes=context.processes,
        print_line=context.print_line,
    )
    back = state.rows[0] if len(state.rows) == 1 else "base"
    return Outcome(
        text=say("migrations.upgraded", rows=", ".join(done.revisions), tries=done.tries),
        undo=Undo(
            say("migrations.undo_upgrade", revision=back), ActionCall("migrate.downgrade", {"to": back})
        ),
    )


def verify(params: Upgrade, _: Draft, context: Context) -> tuple[Verification, ...]:
    """The revision, and no index that is not valid."""
    state = read_state(context)
    wanted = state.scripts.heads if params.to in ("head", "heads") else (params.to,)
    there = set(wanted) <= state.scripts.applied(state.rows)
    return (
        Verification(
            say("migrations.at", rows=", ".join(state.rows) or "–", wanted=", ".join(wanted)), there
        ),
        *(Verification(say("migrations.invalid", index=index), ok=False) for index in state.invalid_indexes),
    )
