"""What the service's database really is: its revision against the scripts, its indexes, who blocks whom.

Reads only, in one short transaction with a statement timeout.
"""

from __future__ import annotations

import asyncio
import re
import time
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from core.errors import BadAnswer, TimedOut
from core.message import say
from core.text import clean
from signals.connections.postgres import connect, read_address
from signals.database.model import Blocker, Database, Drift, Schema
from signals.database.revisions import AlembicScripts

if TYPE_CHECKING:
    from collections.abc import Collection

    import psycopg

    from signals.database.graph import Scripts
    from signals.settings import PostgresSettings

JOURNAL_TABLE = "warroom_journal_version"
"""Warroom's own journal may stand in the same database (`incidents.journal`)."""
_LITERAL = re.compile(r"'(?:[^']|'')*'")
_INDEX_USING = re.compile(r"^.* USING ")

_VERSION_TABLES = """SELECT n.nspname, c.relname, pg_table_is_visible(c.oid) FROM pg_class c
 JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid
 WHERE c.relkind = 'r' AND a.attname = 'version_num' AND NOT a.attisdropped AND c.relname <> %s
 AND (SELECT count(*) FROM pg_attribute o WHERE o.attrelid = c.oid AND o.attnum > 0 AND NOT o.attisdropped) = 1
 ORDER BY 1, 2"""
"""What looks like a table of Alembic's: this one column, and no other. Warroom's own journal is none of the service."""
_COLUMNS = """SELECT t.name || '.' || a.attname,
 format_type(a.atttypid, a.atttypmod) || CASE WHEN a.attnotnull THEN ' not null' ELSE '' END
 FROM unnest(%s::text[]) AS t(name) JOIN pg_attribute a ON a.attrelid = to_regclass(t.name)
 WHERE a.attnum > 0 AND NOT a.attisdropped"""
_INDEXES = """SELECT c.relname, pg_get_indexdef(i.indexrelid), i.indisvalid, i.indisprimary,
 i.indrelid IN (SELECT to_regclass(t.name) FROM unnest(%s::text[]) AS t(name))
 FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname NOT IN ('pg_catalog', 'pg_toast')"""
_TABLES = """SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p', 'v', 'm') AND n.nspname NOT IN ('pg_catalog', 'pg_toast', 'information_schema')"""
_BLOCKERS = """SELECT b.pid, coalesce(b.usename, ''), b.application_name, coalesce(b.state, ''),
 extract(epoch FROM clock_timestamp() - b.xact_start)::float8, array_agg(w.pid), coalesce(b.query, '')
 FROM (SELECT pid, unnest(pg_blocking_pids(pid)) AS by FROM pg_stat_activity WHERE wait_event_type = 'Lock') w
 JOIN pg_stat_activity b ON b.pid = w.by GROUP BY 1, 2, 3, 4, b.xact_start, b.query ORDER BY b.xact_start"""
_SERVER = """SELECT (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend')::int,
 current_setting('max_connections')::int"""


class PostgresSchema:
    """A `SchemaSource`: a connection a look, so that it holds none of the service's."""

    def __init__(self, settings: PostgresSettings) -> None:
        self._settings = settings
        self._scripts = AlembicScripts(settings)

    @property
    def name(self) -> str:
        """How the screen calls it."""
        return "postgres"

    async def revisions(self) -> frozenset[str] | None:
        """All revisions that the scripts know, None without scripts; raises `BadAnswer` where they can't be read."""
        scripts = await asyncio.to_thread(self._scripts.revisions)
        return None if scripts is None else scripts.known

    async def schema(self) -> Schema:
        """The database now; raises a `SourceError`."""
        try:
            async with asyncio.timeout(self._settings.timeout_s + 1):
                database = await asyncio.to_thread(self._look)
        except TimeoutError as error:
            raise TimedOut(
                say("signals.timed_out", source=self.name, seconds=self._settings.timeout_s)
            ) from error
        # After the database: one that does not answer is told without waiting for the scripts.
        scripts = await asyncio.to_thread(self._scripts.revisions)
        facts = {field.name: getattr(database, field.name) for field in fields(database)}
        if scripts is None:
            return Schema(**facts, heads=(), drift=Drift.NOT_COMPARED)
        drift = compare_revisions(database.revisions, scripts)
        return Schema(**facts, heads=scripts.heads, drift=drift)

    def _look(self) -> Database:
        timeout_s = self._settings.timeout_s
        address = read_address(
            self._settings.url, self._settings.password_file, timeout_s=timeout_s, source=self.name
        )
        with connect(address, timeout_s=timeout_s, source=self.name) as connection:
            return self._read(connection)

    def _read(self, connection: psycopg.Connection[Any]) -> Database:
        revisions = read_version(connection, find_version_table(connection, self._scripts, self.name))
        settings = self._settings
        indexes = connection.execute(_INDEXES, [list(settings.indexes)]).fetchall()
        shape: dict[str, str] = dict(connection.execute(_COLUMNS, [list(settings.tables)]).fetchall()) | {
            name: _INDEX_USING.sub("", definition)
            for name, definition, _, primary, of_the_service in indexes
            if of_the_service and not primary
        }
        wanted = {
            f"{table}.{name}": kind
            for table, columns in settings.tables.items()
            for name, kind in columns.items()
        }
        wanted |= {name: kind for of_table in settings.indexes.values() for name, kind in of_table.items()}
        missing = tuple(clean(name) for name, kind in wanted.items() if shape.get(name) != kind)
        unexpected = tuple(
            f"{clean(name)} {clean(kind)}" for name, kind in sorted(shape.items()) if wanted.get(name) != kind
        )
        connections, connection_limit = connection.execute(_SERVER).fetchone() or (0, 0)
        info = connection.info
        return Database(
            revisions=revisions,
            missing=missing,
            unexpected=unexpected,
            invalid_indexes=tuple(clean(name) for name, _, valid, _, _ in indexes if not valid),
            blockers=tuple(_blocker(row) for row in connection.execute(_BLOCKERS)),
            connections=connections,
            connection_limit=connection_limit,
            address=f"{info.host}:{info.port}/{clean(info.dbname)}",
            at=time.time(),
            source=self.name,
            tables=tuple(sorted(clean(row[0]) for row in connection.execute(_TABLES))),
            indexes=tuple(sorted(clean(name) for name, _, valid, _, _ in indexes if valid)),
        )


def find_version_table(
    connection: psycopg.Connection[Any], scripts: AlembicScripts, source: str
) -> tuple[str, str] | None:
    """Schema and name of Alembic's table; None where there is none; raises `BadAnswer` where it may be another."""
    name, schema = scripts.version_table()
    tables: list[tuple[str, str, bool]] = connection.execute(_VERSION_TABLES, [JOURNAL_TABLE]).fetchall()
    chosen = [
        (of, table)
        for of, table, visible in tables
        if table == (name or table) and (of == schema if schema else visible or name is None)
    ]
    if not scripts.configured:
        chosen = (chosen or [(of, table) for of, table, _ in tables])[:1]
    elif len(chosen) != 1 and tables:
        wanted = ".".join(part for part in (schema, name) if part) or "?"
        names = ", ".join(f"{of}.{table}" for of, table, _ in tables)
        raise BadAnswer(
            say("schema.which_table", source=source, wanted=clean(wanted), tables=clean(names, 200))
        )
    return chosen[0] if chosen else None


def read_version(connection: psycopg.Connection[Any], table: tuple[str, str] | None) -> tuple[str, ...]:
    """What Alembic's table holds; none where there is no such table."""
    from psycopg.sql import SQL, Identifier

    if table is None:
        return ()
    rows = connection.execute(SQL("SELECT version_num FROM {}").format(Identifier(*table)))
    return tuple(sorted(clean(str(row[0])) for row in rows))


def _blocker(row: tuple[Any, ...]) -> Blocker:
    pid, user, application, state, open_s, waiting_pids, query = row
    return Blocker(
        pid=pid,
        user=clean(user),
        application=clean(application),
        state=state,
        open_s=open_s,
        waiting_pids=tuple(waiting_pids),
        query=clean(_LITERAL.sub("'…'", query)),
    )


def compare_revisions(revisions: Collection[str], scripts: Scripts) -> Drift:
    """Where the database stands. A revision that the scripts do not know is a newer release: ahead, not behind."""
    if not revisions:
        return Drift.UNVERSIONED
    if not scripts.known.issuperset(revisions):
        return Drift.AHEAD
    if not scripts.pending(revisions):
        return Drift.CURRENT
    return Drift.BRANCHED if len(revisions) > 1 else Drift.BEHIND
