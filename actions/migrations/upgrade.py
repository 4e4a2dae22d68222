"""An upgrade by the project's own Alembic, under a session lock of ours, patient with locks and impatient with waiting.

Alembic itself takes no lock: two upgraders at once apply a revision twice. Ours holds one for the whole run, looks at the
version table again once it has it, and names an upgrader from outside that it sees at work.
"""

from __future__ import annotations

import re
import secrets
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from actions.migrations.downgrade import FIRST_REST_S, MAX_REST_S, version_rows
from actions.migrations.errors import AlembicFailed, LockedOut, MigrationError
from actions.migrations.project import APPLICATION, run_alembic
from actions.migrations.session import blockers_of, migration_lock, open_session, sessions_on
from core.message import say
from core.text import clean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import psycopg

    from actions.capabilities import Processes
    from actions.migrations.project import Project
    from actions.migrations.session import Patience
    from signals.connections.postgres import PostgresAddress

WATCH_S = 0.1
"""How often who blocks is looked for while Alembic runs."""
_LOCK_TIMEOUT = re.compile(r"lock timeout|LockNotAvailable|deadlock detected|DeadlockDetected", re.IGNORECASE)
_INVALID = """SELECT n.nspname || '.' || c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
 JOIN pg_namespace n ON n.oid = c.relnamespace WHERE NOT i.indisvalid AND n.nspname NOT LIKE 'pg\\_%' ORDER BY 1"""


@dataclass(frozen=True, slots=True, kw_only=True)
class UpgradeRequest:
    """What was confirmed: `rows` is what Alembic's table must hold, `target` a revision, `head` or `heads`."""

    rows: tuple[str, ...]
    target: str
    version_table: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Upgraded:
    """What the version table holds now, and indexes that a `CONCURRENTLY` left behind."""

    revisions: tuple[str, ...]
    invalid_indexes: tuple[str, ...]
    tries: int


def upgrade(
    address: PostgresAddress,
    project: Project,
    request: UpgradeRequest,
    *,
    patience: Patience,
    processes: Processes,
    print_line: Callable[[str], None],
) -> Upgraded:
    """Do it; raises a `MigrationError` that says where the database stands then, or a `SourceError`."""
    with (
        open_session(address, timeout_s=patience.timeout_s, source="postgres") as connection,
        migration_lock(connection),
    ):
        rows = version_rows(connection, request.version_table)
        if rows != request.rows:
            raise MigrationError(
                say("migrations.moved", was=", ".join(request.rows) or "–", now=", ".join(rows) or "–")
            )
        if outside := sessions_on(connection, [".".join(request.version_table)]):
            raise LockedOut(say("migrations.outside", who=outside[0].label()))
        tries = _run(
            connection,
            project,
            address=address,
            request=request,
            patience=patience,
            processes=processes,
            print_line=print_line,
        )
        return Upgraded(
            revisions=version_rows(connection, request.version_table),
            invalid_indexes=invalid_indexes(connection),
            tries=tries,
        )


def invalid_indexes(connection: psycopg.Connection[Any]) -> tuple[str, ...]:
    """Those that a failed `CREATE INDEX CONCURRENTLY` left: they cost writes and serve no read."""
    return tuple(clean(row[0]) for row in connection.execute(_INVALID.encode()))


def _run(
    connection: psycopg.Connection[Any],
    project: Project,
    *,
    address: PostgresAddress,
    request: UpgradeRequest,
    patience: Patience,
    processes: Processes,
    print_line: Callable[[str], None],
) -> int:
    """How many tries it took. A run that a lock stopped is tried again after a rest."""
    command = project.call(
        "upgrade", "--", request.target, timeout_s=patience.timeout_s, options=patience.options
    )
    rest_s = FIRST_REST_S
    before = invalid_indexes(connection)
    for attempt in range(1, patience.tries + 1):
        try:
            with _watching(address, patience, print_line) as blockers:
                run_alembic(processes, command)
        except AlembicFailed as error:
            rows = ", ".join(version_rows(connection, request.version_table)) or "–"
            detail = " ".join(str(value) for value in error.message.values.values())
            if _LOCK_TIMEOUT.search(detail) is None:
                raise _stopped(connection, error, rows, before) from error
            who = blockers[-1] if blockers else "?"
            print_line(f"-- {attempt}/{patience.tries}: {who}")
            if attempt == patience.tries:
                raise LockedOut(say("migrations.no_lock", tries=attempt, who=who)) from error
            time.sleep(rest_s * (0.5 + secrets.randbelow(1000) / 1000))
            rest_s = min(MAX_REST_S, 2 * rest_s)
        else:
            return attempt
    raise AssertionError("patience.tries is at least 1")


def _stopped(
    connection: psycopg.Connection[Any], error: AlembicFailed, rows: str, before: tuple[str, ...]
) -> MigrationError:
    """Where it stopped, and what is half done: an index that `CONCURRENTLY` left was made outside of any transaction."""
    left = [each for each in invalid_indexes(connection) if each not in before]
    if left:
        return MigrationError(
            say("migrations.stopped_half", why=error.message, rows=rows, indexes=", ".join(left))
        )
    return MigrationError(say("migrations.stopped", why=error.message, rows=rows))


@contextmanager
def _watching(
    address: PostgresAddress, patience: Patience, print_line: Callable[[str], None]
) -> Iterator[list[str]]:
    """Say who blocks the migration while it runs, each blocker once; gives the list of them, as it grows."""
    end = threading.Event()
    blockers: list[str] = []

    def watch() -> None:
        try:
            with open_session(address, timeout_s=patience.timeout_s, source="postgres") as connection:
                while not end.wait(WATCH_S):
                    for each in blockers_of(connection, APPLICATION):
                        if each.label() not in blockers:
                            blockers.append(each.label())
                            print_line(f"-- {each.label()}: {each.state}, {each.since_s:.0f} s: {each.query}")
        except Exception as error:  # noqa: BLE001  # the migration goes on unwatched, and that is said
            print_line(f"-- blockers are not known: {type(error).__name__}")

    thread = threading.Thread(target=watch, name="migration-blockers", daemon=True)
    thread.start()
    try:
        yield blockers
    finally:
        end.set()
        thread.join(5)
