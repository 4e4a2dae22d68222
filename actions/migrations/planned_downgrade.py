"""The plan of a downgrade, its run and its verification, as `migrate.downgrade` and a rollback have them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from actions.migrations.downgrade import DowngradeRequest, downgrade
from actions.migrations.errors import MigrationError, NotRendered
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
from actions.migrations.project import emptied_by, lost_in, render
from actions.migrations.session import existing, quoted
from actions.migrations.snapshot import check_snapshot, list_snapshots, lost_with
from actions.migrations.sql import effect
from actions.migrations.state import address_of, read_state, wrong_with
from actions.model import ActionCall, Draft, Fact, Outcome, Undo, Verification
from actions.parameters import Names  # noqa: TC001  # pydantic reads the annotations at run time
from actions.step import Step
from core.message import say
from signals.database.model import Drift

if TYPE_CHECKING:
    from collections.abc import Sequence

    from actions.migrations.project import RenderedStep
    from actions.migrations.state import State
    from actions.model import Context
    from core.message import Message

ROWS_TOLERANCE = 0.05
"""While writers are at work rows come and go: so many of a table's rows are still what was confirmed."""


class Downgrade(Patient):
    """How far back (`-1`, a revision or `base`). `tables` are those that lose something, where no SQL says which."""

    to: Annotated[str, Field(pattern=r"^(-1|[\w.]{1,64})$")] = "-1"
    tables: Names = ()


def plan(params: Downgrade, context: Context) -> Draft:
    """What is copied, what is dropped, who still writes."""
    state, at = read_state(context), context.clock()
    goal, blockers = _goal(params, state)
    request, why = (None, None) if blockers else _request(params, state, goal, context)
    warnings = list(wrong_with(state))
    connected, unreachable = (None, ()) if blockers else connection_of(state.project)
    blockers += unreachable
    if why is not None:
        warnings.append(why)
        if not params.tables:
            blockers = (say("migrations.name_tables"),)
    lost = request.lost if request else {}
    steps = request.steps or () if request else ()
    tables = tuple(dict.fromkeys((*lost, *tables_of(steps, state))))
    warnings += in_the_way(context, tables, writing=True)
    command = params.command(state, "downgrade", goal or "base")
    copies = tuple(
        Step(
            kind="sql",
            text=f"CREATE TABLE warroom_snapshots.… AS TABLE {quoted(table)}",
            title=say("migrations.step_copy", table=table),
        )
        for table in lost
    )
    warnings += _linted(steps, state, context)
    together = request is not None and request.in_one_transaction
    if not together:
        warnings += ignores_options(connected)
    return Draft(
        target=target_of(context, state),
        steps=(*copies, *(sql_steps(steps) if together else (context.processes.step(command),))),
        effects=_row_facts(context, lost, at),
        facts=(
            *state_facts(state, at),
            Fact(label=say("migrations.fact_goal"), value=goal or "base", at=at, kind="goal"),
            Fact(label=say("migrations.fact_connected"), value=connected, at=at),
            *size_facts(context, tuple(lost), at),
        ),
        blockers=blockers,
        warnings=(say("migrations.together" if together else "migrations.fenced"), *warnings),
        locks=locks_of(steps),
        undo=Undo(say("migrations.undo_downgrade", revision=", ".join(state.rows) or "–")),
    )


def _linted(steps: Sequence[RenderedStep], state: State, context: Context) -> tuple[Message, ...]:
    if not steps:
        return ()
    with context.databases.connect() as connection:
        version = connection.info.server_version
    return lint(steps, state.project, version, context)


def _goal(params: Downgrade, state: State) -> tuple[str, tuple[Message, ...]]:
    """The revision to go to, empty for the base, and what speaks against it."""
    if state.drift is Drift.AHEAD:
        return "", (say("migrations.blocked_ahead"),)
    if len(state.rows) != 1:
        return "", (say("migrations.blocked_rows", rows=", ".join(state.rows) or "–"),)
    current = state.scripts.revisions[state.rows[0]]
    if params.to == "-1" and len(current.down) > 1:
        return "", (say("migrations.blocked_merge", revision=current.id),)
    goal = (current.down or ("base",))[0] if params.to == "-1" else params.to
    if goal != "base" and (goal == current.id or goal not in state.scripts.applied(state.rows)):
        return "", (say("migrations.not_below", revision=goal, rows=current.id),)
    return "" if goal == "base" else goal, ()


def _request(
    params: Downgrade, state: State, goal: str, context: Context
) -> tuple[DowngradeRequest, Message | None]:
    """What will be done, and why it could not be written as SQL."""
    steps: tuple[RenderedStep, ...] | None = None
    why = None
    try:
        steps = render(state.project, "downgrade", state.rows[0], goal or "base")
    except NotRendered as error:
        why = error.message
    lost = lost_in(steps, state.version_table[-1]) if steps is not None else {}
    lost |= dict.fromkeys(params.tables, ("*",))
    with context.databases.connect() as connection:
        lost = {table: columns for table, columns in lost.items() if existing(connection, [table])}
        lost |= lost_with(
            connection,
            emptied_by(steps or ()),
            [table for table, columns in lost.items() if columns == ("*",)],
        )
    request = DowngradeRequest(
        rows=state.rows,
        target=goal,
        steps=steps,
        lost=lost,
        version_table=state.version_table,
        actor=context.actor,
    )
    return request, why


def _row_facts(context: Context, lost: object, at: float) -> tuple[Fact, ...]:
    """How many rows are copied, counted."""
    from psycopg.sql import SQL

    facts = []
    with context.databases.connect(timeout_s=60) as connection:
        for table, columns in dict(lost).items():  # type: ignore[call-overload]  # a mapping
            row = connection.execute(SQL("SELECT count(*) FROM {}").format(SQL(quoted(table)))).fetchone()
            count = int(row[0]) if row else 0
            facts.append(
                Fact(
                    label=say("migrations.fact_copied", table=table, columns=", ".join(columns)),
                    value=count,
                    unit="count",
                    at=at,
                    tolerance=max(100, ROWS_TOLERANCE * count),
                )
            )
    return tuple(facts)


def run(params: Downgrade, _: Draft, context: Context) -> Outcome:
    """Copy, prove, drop."""
    state = read_state(context)
    goal, blockers = _goal(params, state)
    if blockers:
        raise MigrationError(blockers[0])
    request, _why = _request(params, state, goal, context)
    done = downgrade(
        address_of(state),
        state.project,
        request,
        patience=params.patience(),
        processes=context.processes,
        print_line=context.print_line,
    )
    for table in done.recreated:
        context.print_line(f"{table} is there again")
    rows = sum(each.rows for each in done.snapshots)
    undo = None
    if done.snapshots:
        ids = ",".join(each.id for each in done.snapshots)
        undo = Undo(
            say("migrations.undo_downgrade", revision=", ".join(state.rows)),
            ActionCall("migrate.restore", {"snapshots": ids}),
        )
    text = say("migrations.downgraded", rows=", ".join(done.revisions) or "–", count=rows)
    return Outcome(text=text, undo=undo)


def verify(_: Downgrade, plan: Draft, context: Context) -> tuple[Verification, ...]:
    """The revision, every dropped table gone, and every snapshot what was taken."""
    state = read_state(context)
    goal = str(plan.facts_of("goal")[0].value)
    at_goal = state.rows == (() if goal == "base" else (goal,))
    dropped = [
        table
        for step in plan.steps
        if step.kind == "sql" and step.text.upper().startswith("DROP TABLE")
        for table in effect(step.text).tables
    ]
    checks = [Verification(say("migrations.at", rows=", ".join(state.rows) or "–", wanted=goal), at_goal)]
    with context.databases.connect(timeout_s=600) as connection:
        checks += [
            Verification(say("migrations.recreated", table=table), ok=False)
            for table in existing(connection, dropped)
        ]
        for snapshot in list_snapshots(connection)[: len(plan.effects)]:
            try:
                check_snapshot(connection, snapshot)
            except MigrationError as error:
                checks.append(Verification(error.message, ok=False))
            else:
                checks.append(
                    Verification(
                        say("migrations.snapshot_whole", id=snapshot.id, rows=snapshot.rows), ok=True
                    )
                )
    return tuple(checks)
