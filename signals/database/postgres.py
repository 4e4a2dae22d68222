"""What the service's database really is: its revision against the scripts, its indexes, who blocks whom.

Reads only, in one short transaction with a statement timeout.
"""

from __future__ import annotations

import asyncio
import re
import time
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from core.errors import BadAnswer, Denied, SourceError, TimedOut, Unreachable
from core.message import say
from core.text import clean
from signals.connections.http import secret
from signals.database.model import Blocker, Database, Drift, Schema
from signals.database.revisions import Scripts

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    import psycopg

    from signals.settings import PostgresSettings

_LITERAL = re.compile(r"'(?:[^']|'')*'")
_DRIVER = re.compile(
    r"^(postgres(?:ql)?)\+\w+://"
)  # SQLAlchemy's way to name a driver, which libpq does not know
_INDEX_USING = re.compile(r"^.* USING ")

SHAPE: dict[str, str] = {
    "user_profiles.discord_user_id": "text",
    "user_profiles.puuid": "text not null",
    "user_profiles.profile_data": "jsonb not null",
    "user_profiles.last_updated": "timestamp with time zone",
    "user_profiles.created_at": "timestamp with time zone",
    "idx_user_profiles_puuid": "btree (puuid)",
    "idx_user_profiles_last_updated": "btree (last_updated DESC)",
}
"""Columns and indexes at the head of the bundled scripts (`migrations/service/versions`)."""

_REVISIONS = "SELECT version_num FROM alembic_version"
_COLUMNS = """SELECT 'user_profiles.' || attname, format_type(atttypid, atttypmod)
 || CASE WHEN attnotnull AND attname <> 'discord_user_id' THEN ' not null' ELSE '' END
 FROM pg_attribute WHERE attrelid = to_regclass('user_profiles') AND attnum > 0 AND NOT attisdropped"""
_INDEXES = """SELECT c.relname, pg_get_indexdef(i.indexrelid), i.indisvalid, i.indisprimary,
 i.indrelid = coalesce(to_regclass('user_profiles')::oid, 0)
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
        self._scripts = Scripts(settings)

    @property
    def name(self) -> str:
        """How the screen calls it."""
        return "postgres"

    async def revisions(self) -> frozenset[str]:
        """All revisions that the scripts know; raises `BadAnswer` where they can't be read."""
        return (await asyncio.to_thread(self._scripts.revisions)).known

    async def schema(self) -> Schema:
        """The database now; raises a `SourceError`."""
        try:
            async with asyncio.timeout(self._settings.timeout_s + 1):
                found = await asyncio.to_thread(self._look)
        except TimeoutError as error:
            raise self._late() from error
        # After the database: one that does not answer is told without waiting for the scripts.
        scripts = await asyncio.to_thread(self._scripts.revisions)
        drift = judge_drift(set(found.revisions), set(scripts.heads), scripts.known)
        said = {field.name: getattr(found, field.name) for field in fields(found)}
        return Schema(**said, heads=scripts.heads, drift=drift)

    def _look(self) -> Database:
        import psycopg
        from psycopg import errors as sql

        url = _DRIVER.sub(r"\1://", self._settings.url.get_secret_value())
        patience = max(1, round(self._settings.timeout_s))
        try:
            parts = psycopg.conninfo.conninfo_to_dict(url)
        except psycopg.ProgrammingError:  # its words hold the URL, and with it the password
            raise Unreachable(say("schema.bad_url", source=self.name)) from None
        if password := secret(None, self._settings.password_file):
            parts["password"] = password
        options = f"-c statement_timeout={patience * 1000} -c default_transaction_read_only=on"
        parts |= {"connect_timeout": patience, "application_name": "warroom", "options": options}
        try:
            with psycopg.connect(**parts) as connection:  # type: ignore[arg-type]  # a dict of libpq's own words
                return self._read(connection)
        except (sql.QueryCanceled, psycopg.errors.ConnectionTimeout) as error:
            raise self._late() from error
        except (sql.InsufficientPrivilege, sql.InvalidPassword) as error:
            raise self._denied(error) from error
        except psycopg.OperationalError as error:
            if (known := _refusal(error, self.name)) is not None:
                raise known from error
            if "authentication failed" in str(error) or "does not exist" in str(error):
                raise self._denied(error) from error
            raise Unreachable(
                say("signals.unreachable", source=self.name, detail=clean(str(error)))
            ) from error
        except psycopg.Error as error:
            raise BadAnswer(say("signals.bad_answer", source=self.name, detail=clean(str(error)))) from error

    def _read(self, connection: psycopg.Connection[Any]) -> Database:
        versioned = connection.execute("SELECT to_regclass('alembic_version') IS NOT NULL").fetchone()
        rows = connection.execute(_REVISIONS).fetchall() if versioned and versioned[0] else []
        revisions = tuple(sorted(clean(str(row[0])) for row in rows))
        indexes = connection.execute(_INDEXES).fetchall()
        columns: dict[str, str] = dict(connection.execute(_COLUMNS).fetchall())
        found = columns | {
            name: _INDEX_USING.sub("", definition)
            for name, definition, _, primary, ours in indexes
            if ours and not primary
        }
        compared = self._settings.alembic_ini is None
        missing = tuple(name for name, kind in SHAPE.items() if found.get(name) != kind) if compared else ()
        unexpected = tuple(
            f"{clean(name)} {clean(kind)}" for name, kind in sorted(found.items()) if SHAPE.get(name) != kind
        )
        tables = tuple(sorted(clean(row[0]) for row in connection.execute(_TABLES)))
        server = connection.execute(_SERVER).fetchone() or (0, 0)
        blockers = tuple(
            Blocker(
                pid,
                clean(user),
                clean(application),
                state,
                age,
                tuple(waiting),
                clean(_LITERAL.sub("'…'", query)),
            )
            for pid, user, application, state, age, waiting, query in connection.execute(_BLOCKERS)
        )
        info = connection.info
        return Database(
            revisions=revisions,
            missing=missing,
            unexpected=unexpected if compared else (),
            invalid_indexes=tuple(clean(name) for name, _, valid, _, _ in indexes if not valid),
            blockers=blockers,
            connections=server[0],
            connection_limit=server[1],
            address=f"{info.host}:{info.port}/{clean(info.dbname)}",
            at=time.time(),
            source=self.name,
            tables=tables,
            indexes=tuple(sorted(clean(name) for name, _, valid, _, _ in indexes if valid)),
        )

    def _late(self) -> SourceError:
        return TimedOut(say("signals.timed_out", source=self.name, seconds=self._settings.timeout_s))

    def _denied(self, error: Exception) -> SourceError:
        return Denied(say("schema.denied", source=self.name, detail=clean(str(error))))


def judge_drift(revisions: set[str], heads: set[str], known: AbstractSet[str]) -> Drift:
    """Where the database stands. A revision that the scripts do not know is a newer release: ahead, not behind."""
    if not revisions:
        return Drift.UNVERSIONED
    if revisions - known:
        return Drift.AHEAD
    if revisions == heads:
        return Drift.CURRENT
    return Drift.BRANCHED if len(revisions) > 1 else Drift.BEHIND


def _refusal(error: psycopg.OperationalError, source: str) -> SourceError | None:
    """What a server that is there but lets nobody in means (PostgreSQL documentation, appendix A: error codes).

    libpq keeps the SQLSTATE of a failed connection to itself, so that then the server's words have to do; a server that
    speaks another language than English is quoted as it is.
    """
    words = str(error)
    for state, hint, kind, message in (
        ("28P01", "password authentication failed", Denied, say("schema.wrong_password", source=source)),
        ("28P01", "no password supplied", Denied, say("schema.no_password", source=source)),
        ("3D000", 'database "', Denied, say("schema.no_database", source=source)),
        ("53300", "too many connections", Unreachable, say("schema.full", source=source)),
        ("53300", "remaining connection slots", Unreachable, say("schema.full", source=source)),
        ("53300", "too many clients", Unreachable, say("schema.full", source=source)),
        ("57P03", "the database system is", Unreachable, say("schema.not_ready", source=source)),
    ):
        if error.sqlstate == state or (error.sqlstate is None and hint in words):
            return kind(message)
    return None
