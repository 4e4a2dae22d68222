"""A downgrade that loses no row: what it would drop is copied, proven, and dropped under one lock.

Where Alembic can write the downgrade as SQL, snapshot and downgrade are one transaction of ours: it is all done, or
nothing. Where it can't, a fence stands between them: a trigger that refuses every write to the tables, committed with the
snapshot, which only the downgrade's own session passes; it is taken away when the downgrade fails.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from actions.migrations.errors import LockedOut, MigrationError
from actions.migrations.project import APPLICATION, run_alembic
from actions.migrations.session import LOCK_KEY, existing, migration_lock, open_session, quoted, sessions_on
from actions.migrations.snapshot import SCHEMA, take_snapshot
from core.message import say
from core.text import clean

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import psycopg

    from actions.capabilities import Processes
    from actions.migrations.project import Project, RenderedStep
    from actions.migrations.session import Patience
    from actions.migrations.snapshot import Snapshot
    from signals.connections.postgres import PostgresAddress

FENCE = "warroom_fence"
"""What the trigger is called."""
FIRST_REST_S, MAX_REST_S = 0.5, 10.0
_FENCE = f"""CREATE OR REPLACE FUNCTION {SCHEMA}.fence() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
 IF current_setting('warroom.pass', true) IS DISTINCT FROM TG_ARGV[0] AND (
  EXISTS (SELECT FROM pg_locks l JOIN pg_database d ON d.oid = l.database AND d.datname = current_database()
   WHERE l.locktype = 'advisory' AND l.objsubid = 1 AND (l.classid::bigint << 32 | l.objid::bigint) = {LOCK_KEY})
  OR EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name = '{APPLICATION}'))
 THEN RAISE EXCEPTION 'a downgrade is at work: % takes no writes', TG_TABLE_NAME
  USING ERRCODE = 'object_not_in_prerequisite_state';
 END IF; RETURN NULL; END $$"""  # noqa: S608  # our own constants
"""Writes are refused as long as the migration's lock is held or its Alembic is connected: whoever is killed in the middle
leaves a trigger behind that lets everybody pass."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DowngradeRequest:
    """What was confirmed. `rows` is what Alembic's table must hold; `steps` None: it could not be written as SQL.

    `lost` are the tables that lose something, with the columns, `("*",)` for whole rows; `target` is empty for the base.
    """

    rows: tuple[str, ...]
    target: str
    steps: tuple[RenderedStep, ...] | None
    lost: Mapping[str, tuple[str, ...]]
    version_table: tuple[str, ...]
    actor: str

    @property
    def in_one_transaction(self) -> bool:
        """Whether snapshot and downgrade are done together or not at all."""
        return self.steps is not None and all(step.transactional for step in self.steps)


@dataclass(frozen=True, slots=True, kw_only=True)
class Downgraded:
    """What was done. `recreated` are dropped tables that are there again: somebody makes them anew."""

    snapshots: tuple[Snapshot, ...]
    revisions: tuple[str, ...]
    recreated: tuple[str, ...] = ()


def downgrade(
    address: PostgresAddress,
    project: Project,
    request: DowngradeRequest,
    *,
    patience: Patience,
    processes: Processes,
    print_line: Callable[[str], None],
) -> Downgraded:
    """Do it; raises an `ActionFailed` or `SourceError`, and then the schema and all rows are as they were."""
    with open_session(address, timeout_s=patience.timeout_s, source="postgres") as connection:
        with migration_lock(connection):
            if request.in_one_transaction:
                snapshots = with_retries(
                    connection,
                    patience,
                    print_line,
                    lambda: _together(connection, request, print_line),
                    request.lost,
                )
            else:
                snapshots = _behind_fence(
                    connection,
                    project,
                    request,
                    patience=patience,
                    processes=processes,
                    print_line=print_line,
                )
        revisions = version_rows(connection, request.version_table)
        whole = [table for table, columns in request.lost.items() if columns == ("*",)]
        dropped = [table for table in whole if _is_dropped(request, table)]
        return Downgraded(
            snapshots=snapshots, revisions=revisions, recreated=tuple(existing(connection, dropped))
        )


def version_rows(connection: psycopg.Connection[Any], table: Sequence[str]) -> tuple[str, ...]:
    """What Alembic's table holds; none where it is not there."""
    from psycopg.sql import SQL, Identifier

    if not existing(connection, [".".join(table)]):
        return ()
    rows = connection.execute(SQL("SELECT version_num FROM {}").format(Identifier(*table)))
    return tuple(sorted(str(row[0]) for row in rows))


def with_retries(
    connection: psycopg.Connection[Any],
    patience: Patience,
    print_line: Callable[[str], None],
    work: Callable[[], tuple[Snapshot, ...]],
    tables: Mapping[str, object],
) -> tuple[Snapshot, ...]:
    """`work` in a transaction that gives up on a lock soon, again after a rest: a waiting DDL would make all others wait."""
    import psycopg

    rest_s = FIRST_REST_S
    for attempt in range(1, patience.tries + 1):
        try:
            with connection.transaction():
                connection.execute(
                    "SELECT set_config('lock_timeout', %s, true)", [patience.options["lock_timeout"]]
                )
                return work()
        except (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected):
            holders = sessions_on(connection, list(tables))
            for each in holders[:5]:
                print_line(f"{each.label()}: {each.state} {each.since_s:.0f} s, {each.modes}: {each.query}")
            if attempt == patience.tries:
                who = holders[0].label() if holders else "?"
                raise LockedOut(say("migrations.no_lock", tries=attempt, who=who)) from None
            time.sleep(rest_s * (0.5 + secrets.randbelow(1000) / 1000))
            rest_s = min(MAX_REST_S, 2 * rest_s)
    raise AssertionError("patience.tries is at least 1")


def _together(
    connection: psycopg.Connection[Any], request: DowngradeRequest, print_line: Callable[[str], None]
) -> tuple[Snapshot, ...]:
    import psycopg

    snapshots = _snapshots(connection, request, print_line)
    for step in request.steps or ():
        print_line(f"-- {step.before} -> {step.after or 'base'}")
        for each in step.effects:
            print_line(each.statement)
            try:
                connection.execute(each.statement.encode())
            except (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected):
                raise
            except psycopg.Error as error:
                raise MigrationError(
                    say(
                        "migrations.statement_failed",
                        revision=clean(step.before),
                        statement=clean(each.statement, 200),
                        detail=clean(str(error).splitlines()[0], 300),
                    )
                ) from error
    left = version_rows(connection, request.version_table)
    if request.target and request.target not in left:
        raise MigrationError(
            say("migrations.not_there", revision=clean(request.target), rows=", ".join(left) or "–")
        )
    return snapshots


def _snapshots(
    connection: psycopg.Connection[Any], request: DowngradeRequest, print_line: Callable[[str], None]
) -> tuple[Snapshot, ...]:
    """Lock all at once, look at the revision again, and copy; nothing of it lasts if the caller's transaction does not."""
    from psycopg.sql import SQL, Identifier

    present = existing(connection, list(request.lost))
    if len(present) < len(request.lost):
        missing = [table for table in request.lost if not existing(connection, [table])]
        raise MigrationError(say("migrations.table_gone", table=clean(missing[0])))
    if existing(connection, [".".join(request.version_table)]):
        connection.execute(
            SQL("LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE").format(Identifier(*request.version_table))
        )
    if (rows := version_rows(connection, request.version_table)) != request.rows:
        raise MigrationError(
            say("migrations.moved", was=", ".join(request.rows) or "–", now=", ".join(rows) or "–")
        )
    names = [SQL(quoted(table)) for table in request.lost]  # our own quoting
    if names:
        connection.execute(SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(SQL(", ").join(names)))
    snapshots = []
    for table, columns in request.lost.items():
        snapshot = take_snapshot(
            connection,
            table,
            revision=", ".join(request.rows),
            target=request.target,
            lost=columns,
            actor=request.actor,
        )
        print_line(
            f"-- {table}: {snapshot.rows} rows -> {SCHEMA}.{snapshot.data_table} ({snapshot.checksum})"
        )
        snapshots.append(snapshot)
    return tuple(snapshots)


def _behind_fence(
    connection: psycopg.Connection[Any],
    project: Project,
    request: DowngradeRequest,
    *,
    patience: Patience,
    processes: Processes,
    print_line: Callable[[str], None],
) -> tuple[Snapshot, ...]:
    word = secrets.token_hex(8)

    def build() -> tuple[Snapshot, ...]:
        snapshots = _snapshots(connection, request, print_line)
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}".encode())
        connection.execute(_FENCE.encode())
        for table in request.lost:
            connection.execute(
                f"CREATE OR REPLACE TRIGGER {FENCE} BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON {quoted(table)}"
                f" FOR EACH STATEMENT EXECUTE FUNCTION {SCHEMA}.fence('{word}')".encode()
            )
        return snapshots

    snapshots = with_retries(connection, patience, print_line, build, request.lost)
    try:
        run_alembic(
            processes,
            project.call(
                "downgrade",
                "--",
                request.target or "base",
                timeout_s=patience.timeout_s,
                options={**patience.options, "warroom.pass": word},
            ),
        )
    finally:
        for table in existing(connection, list(request.lost)):
            connection.execute(f"DROP TRIGGER IF EXISTS {FENCE} ON {table}".encode())
    return snapshots


def _is_dropped(request: DowngradeRequest, table: str) -> bool:
    """Whether the table itself goes, and not its rows alone."""
    return request.steps is None or any(
        table in each.tables and each.statement.upper().startswith("DROP TABLE")
        for step in request.steps
        for each in step.effects
    )
