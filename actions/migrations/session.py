"""A database session of a migration's own: the lock against other migrations, and the look at who else is there.

The lock is one of the session (`pg_advisory_lock`), for `CREATE INDEX CONCURRENTLY` ends transactions; so the session must
be the server's own: behind a pooler that gives each transaction another, it would protect nothing, and that is refused.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from actions.migrations.errors import LockedOut, MigrationError
from core.message import say
from core.text import clean
from signals.connections.postgres import is_pooled, server_errors

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import psycopg

    from signals.connections.postgres import PostgresAddress

LOCK_KEY = 7_717_766_003
"""Warroom's own, in the database that is migrated; a project's env.py may take one of its own besides."""
_LITERAL = re.compile(r"'(?:[^']|'')*'")
_HOLDERS = """SELECT a.pid, coalesce(a.usename, ''), a.application_name, coalesce(host(a.client_addr), 'socket'),
 coalesce(a.state, ''), extract(epoch FROM clock_timestamp() - coalesce(a.xact_start, a.backend_start))::float8,
 string_agg(DISTINCT l.mode, ', '), coalesce(a.query, '')
 FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid AND a.datname = current_database()
 WHERE a.pid <> pg_backend_pid() AND {condition} GROUP BY a.pid, a.usename, a.application_name, a.client_addr, a.state,
 a.xact_start, a.backend_start, a.query ORDER BY 6 DESC"""
_ON_TABLES = "l.granted AND l.locktype = 'relation' AND l.relation = ANY(%s::regclass[]::oid[])"
_ON_KEY = "l.locktype = 'advisory' AND l.objsubid = 1 AND (l.classid::bigint << 32 | l.objid::bigint) = %s"
_BLOCKING = """a.pid IN (SELECT unnest(pg_blocking_pids(w.pid)) FROM pg_stat_activity w
 WHERE w.application_name = %s AND w.wait_event_type = 'Lock')"""
_SIZES = """SELECT n.nspname || '.' || c.relname, pg_total_relation_size(c.oid), c.reltuples::bigint
 FROM unnest(%s::text[]) AS t(name) JOIN pg_class c ON c.oid = to_regclass(t.name)
 JOIN pg_namespace n ON n.oid = c.relnamespace ORDER BY 1"""
_WRITES = """SELECT coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0)::bigint FROM pg_stat_user_tables
 WHERE relid = ANY(%s::regclass[]::oid[])"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a statement waits for its lock, how often that is tried, and how long a whole run may take."""

    lock_timeout_s: float = 3.0
    tries: int = 6
    timeout_s: float = 3_600.0

    @property
    def options(self) -> dict[str, str]:
        """As settings of a Postgres session."""
        return {"lock_timeout": f"{self.lock_timeout_s * 1000:.0f}"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Another session and the locks that it holds, `since_s` seconds after its transaction began. Literals are masked."""

    pid: int
    user: str
    application: str
    client: str
    state: str
    since_s: float
    modes: str
    query: str

    def label(self) -> str:
        """Who that is, in one line."""
        return f"{self.application or '?'} ({self.user}@{self.client}, pid {self.pid})"


@dataclass(frozen=True, slots=True)
class TableSize:
    """`rows` is what the planner believes, None where the table was never analysed."""

    table: str
    bytes: int
    rows: int | None


@contextmanager
def open_session(
    address: PostgresAddress, *, timeout_s: float, source: str
) -> Iterator[psycopg.Connection[Any]]:
    """A connection without a transaction, with no limit for its statements; raises a `SourceError` or `MigrationError`."""
    import psycopg

    with (
        server_errors(timeout_s=timeout_s, source=source),
        psycopg.connect(
            **{**address.keywords, "application_name": "warroom migration lock"}, autocommit=True
        ) as connection,
    ):
        row = connection.execute("SELECT pg_backend_pid()").fetchone()
        if is_pooled(connection.info.backend_pid, row[0] if row else None):
            raise MigrationError(say("migrations.pooled", place=address.place))
        for name, value in address.settings.items():
            if name not in ("statement_timeout", "transaction_read_only"):
                connection.execute("SELECT set_config(%s, %s, false)", [name, value])
        yield connection


@contextmanager
def migration_lock(connection: psycopg.Connection[Any]) -> Iterator[None]:
    """Held as long as the session lives; raises `LockedOut` that names who holds it."""
    row = connection.execute("SELECT pg_try_advisory_lock(%s)", [LOCK_KEY]).fetchone()
    if row is None or not row[0]:
        holders = _sessions(connection, _ON_KEY, LOCK_KEY)
        who = holders[0].label() if holders else "?"
        raise LockedOut(say("migrations.locked", who=who))
    try:
        yield
    finally:
        if not connection.closed and not connection.broken:
            connection.execute("SELECT pg_advisory_unlock(%s)", [LOCK_KEY])


def sessions_on(connection: psycopg.Connection[Any], tables: Sequence[str]) -> tuple[Session, ...]:
    """Who holds a lock on one of these tables now, the oldest transaction first. Tables that are not there count for none."""
    present = existing(connection, tables)
    return _sessions(connection, _ON_TABLES, present) if present else ()


def blockers_of(connection: psycopg.Connection[Any], application: str) -> tuple[Session, ...]:
    """Who makes sessions of that name wait now."""
    return _sessions(connection, _BLOCKING, application)


def writers_on(connection: psycopg.Connection[Any], tables: Sequence[str]) -> tuple[Session, ...]:
    """Those of them that have written, or are about to."""
    return tuple(
        each
        for each in sessions_on(connection, tables)
        if re.search(r"RowExclusive|(?<!Update)Exclusive", each.modes)
    )


def writes_to(connection: psycopg.Connection[Any], tables: Sequence[str]) -> int:
    """How many rows were ever written to them: a second look that sees more has seen a writer."""
    row = connection.execute(_WRITES, [existing(connection, tables)]).fetchone()
    return int(row[0]) if row else 0


def existing(connection: psycopg.Connection[Any], tables: Sequence[str]) -> list[str]:
    """The names that are tables, as the server writes them."""
    rows = connection.execute(
        "SELECT to_regclass(t.name)::text FROM unnest(%s::text[]) AS t(name) WHERE to_regclass(t.name) IS NOT NULL",
        [[quoted(table) for table in tables]],
    )
    return [str(row[0]) for row in rows]


def table_sizes(connection: psycopg.Connection[Any], tables: Sequence[str]) -> tuple[TableSize, ...]:
    """Those that are there."""
    rows = connection.execute(_SIZES, [[quoted(table) for table in tables]])
    return tuple(
        TableSize(clean(name), int(size), int(count) if count >= 0 else None) for name, size, count in rows
    )


def quoted(table: str) -> str:
    """A name as `sql.Effect` gives it, so that the server reads it as it is."""
    return ".".join('"' + part.replace('"', '""') + '"' for part in table.split("."))


def _sessions(connection: psycopg.Connection[Any], condition: str, value: object) -> tuple[Session, ...]:
    rows = connection.execute(_HOLDERS.format(condition=condition).encode(), [value])
    return tuple(
        Session(
            pid=pid,
            user=clean(user),
            application=clean(application),
            client=clean(client),
            state=clean(state),
            since_s=float(since_s),
            modes=modes,
            query=clean(_LITERAL.sub("'…'", query), 300),
        )
        for pid, user, application, client, state, since_s, modes, query in rows
    )
