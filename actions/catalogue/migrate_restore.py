"""Puts snapshots of a downgrade back, by the columns that the tables still have; what was written since stays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from actions.fits import Fit
from actions.migrations.errors import SnapshotRefused
from actions.migrations.plans import in_the_way
from actions.migrations.restore import parents_first, restore_snapshot
from actions.migrations.session import existing, migration_lock
from actions.migrations.snapshot import check_snapshot, find_snapshot, list_snapshots
from actions.model import Action, Draft, Fact, Outcome, Undo, Verification
from actions.parameters import Names, Parameters
from actions.step import Step
from core.message import say
from core.text import clean

if TYPE_CHECKING:
    from actions.model import Context, Plan
    from core.message import Message


class Restore(Parameters):
    """Ids of snapshots, as `migrate.status` lists them."""

    snapshots: Annotated[Names, Field(min_length=1)]


def plan(params: Restore, context: Context) -> Draft:
    """Whether they are still what was taken, how many rows they have, and where these go."""
    at = context.clock()
    blockers: list[Message] = []
    facts: list[Fact] = []
    tables: list[str] = []
    with context.databases.connect(timeout_s=600) as connection:
        for snapshot_id in params.snapshots:
            try:
                snapshot = find_snapshot(connection, snapshot_id)
                check_snapshot(connection, snapshot)
            except SnapshotRefused as error:
                blockers.append(error.message)
                continue
            tables.append(snapshot.table)
            if not existing(connection, [snapshot.table]):
                blockers.append(
                    say("migrations.restore_no_table", table=snapshot.table, revision=snapshot.revision)
                )
            label = say(
                "migrations.fact_snapshot", id=snapshot.id, table=snapshot.table, revision=snapshot.revision
            )
            facts.append(Fact(label=label, value=snapshot.rows, unit="count", at=at))
    return Draft(
        target=clean(context.databases.place.rpartition("/")[2]),
        steps=tuple(
            Step(kind="sql", text=f"INSERT INTO {table} SELECT … ON CONFLICT DO NOTHING") for table in tables
        ),
        effects=tuple(facts),
        blockers=tuple(blockers),
        warnings=in_the_way(context, tables, writing=True) if tables else (),
        undo=Undo(say("migrations.undo_restore")),
    )


def run(params: Restore, _: Plan, context: Context) -> Outcome:
    """All of them in one transaction."""
    with (
        context.databases.session(timeout_s=3_600) as connection,
        migration_lock(connection),
        connection.transaction(),
    ):
        snapshots = [find_snapshot(connection, each) for each in params.snapshots]
        reports = [restore_snapshot(connection, each.id) for each in parents_first(connection, snapshots)]
    for report in reports:
        context.print_line(
            f"{report.table}: {report.rows} rows: {report.inserted} inserted, {report.filled} filled, {report.equal} equal,"
            f" {report.kept} kept as they are now, {report.gone} without a row"
        )
        if report.dropped or report.added:
            context.print_line(
                f"{report.table}: columns without a place: {', '.join(report.dropped) or '–'};"
                f" columns that the snapshot had not: {', '.join(report.added) or '–'}"
            )
    back = sum(report.inserted + report.filled for report in reports)
    differ = sum(report.kept + report.gone for report in reports)
    return Outcome(text=say("migrations.restored", count=back, differ=differ))


def verify(params: Restore, _: Plan, context: Context) -> tuple[Verification, ...]:
    """The snapshots are still there: what came back, and what did not, was counted in the run's own transaction."""
    with context.databases.connect(timeout_s=600) as connection:
        known = {each.id for each in list_snapshots(connection)}
    return tuple(
        Verification(say("migrations.still_there", id=each), each in known) for each in params.snapshots
    )


ACTION = Action(
    id="migrate.restore",
    title=say("actions_catalogue.migrate_restore"),
    why=say("actions_catalogue.migrate_restore_why"),
    danger="mitigate",
    parameters=Restore,
    resource=lambda _: "database/schema",
    plan=plan,
    run=run,
    verify=verify,
    timeout_s=7_200.0,
    fits=(Fit("schema", 5),),
    needs=("signals.postgres",),
)
