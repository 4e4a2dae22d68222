"""A table's rows kept aside before a downgrade drops them, and proven equal; `restore` puts them back.

A snapshot is a table in the schema `warroom_snapshots` of the same database, written in the transaction that drops the
original, under its lock: no row can slip between. Its row in `warroom_snapshots.snapshot` says when, by whom, at which
revision, of which shape, how many rows, and their checksum: the sum of the rows' 64-bit hashes, which does not depend on
their order. Nothing here ever deletes one.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from actions.migrations.errors import SnapshotRefused
from actions.migrations.session import quoted
from core.message import say
from core.text import clean

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    import psycopg
    from psycopg.sql import Composable

SCHEMA = "warroom_snapshots"
_HASHED = frozenset(
    [
        "int2",
        "int4",
        "int8",
        "text",
        "varchar",
        "bpchar",
        "bool",
        "date",
        "timestamp",
        "timestamptz",
        "uuid",
        "jsonb",
        "numeric",
        "float4",
        "float8",
        "bytea",
    ]
)
"""Types that Postgres hashes as they are; a row with another is hashed as text, which takes longer."""
_TABLE = f"""CREATE SCHEMA IF NOT EXISTS {SCHEMA};
CREATE TABLE IF NOT EXISTS {SCHEMA}.snapshot (id text PRIMARY KEY, taken_at timestamptz NOT NULL DEFAULT now(),
 of_schema text NOT NULL, of_table text NOT NULL, data_table text NOT NULL, revision text NOT NULL, target text NOT NULL,
 lost text[] NOT NULL, columns jsonb NOT NULL, key text[] NOT NULL, rows bigint NOT NULL, checksum text NOT NULL,
 method text NOT NULL, actor text NOT NULL)"""
_COLUMNS = """SELECT a.attname, format_type(a.atttypid, a.atttypmod), t.typname, a.attgenerated <> ''
 FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
 WHERE a.attrelid = %s::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum"""
_KEY = """SELECT a.attname FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey)
 WHERE i.indrelid = %s::regclass AND i.indisprimary ORDER BY array_position(i.indkey::int2[], a.attnum)"""
_GOES_WITH = """WITH RECURSIVE gone(oid) AS (
 SELECT to_regclass(name)::oid FROM unnest(%s::text[]) AS t(name)
 UNION SELECT k.conrelid FROM pg_constraint k JOIN gone ON k.confrelid = gone.oid
 WHERE k.contype = 'f' AND k.confdeltype = 'c')
SELECT n.nspname || '.' || c.relname, k.confdeltype::text,
 ARRAY(SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey))
 FROM pg_constraint k JOIN gone ON k.confrelid = gone.oid JOIN pg_class c ON c.oid = k.conrelid
 JOIN pg_namespace n ON n.oid = c.relnamespace WHERE k.contype = 'f' AND k.confdeltype IN ('c', 'n', 'd')
 AND NOT EXISTS (SELECT FROM unnest(%s::text[]) AS t(name) WHERE to_regclass(name) = k.conrelid)"""
_LISTED = """SELECT id, taken_at, of_schema, of_table, data_table, revision, target, lost, columns, key, rows, checksum,
 method, actor FROM warroom_snapshots.snapshot"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """`lost` are the columns that the downgrade took, `("*",)` for the whole table; `columns` are (name, type)."""

    id: str
    taken_at: dt.datetime
    of_schema: str
    of_table: str
    data_table: str
    revision: str
    target: str
    lost: tuple[str, ...]
    columns: tuple[tuple[str, str], ...]
    key: tuple[str, ...]
    rows: int
    checksum: str
    method: str
    actor: str

    @property
    def table(self) -> str:
        """The table that it is of."""
        return f"{self.of_schema}.{self.of_table}"


def take_snapshot(
    connection: psycopg.Connection[Any],
    table: str,
    *,
    revision: str,
    target: str,
    lost: Sequence[str],
    actor: str,
) -> Snapshot:
    """Copy `table`, which the caller has locked in this transaction; raises `SnapshotRefused` where the copy is not equal."""
    from psycopg.sql import SQL, Identifier

    connection.execute(_TABLE.encode())
    row = connection.execute(
        "SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE c.oid = %s::regclass",
        [quoted(table)],
    ).fetchone()
    assert row is not None  # noqa: S101  # else the cast has raised
    of_schema, of_table = row
    shape = table_shape(connection, of_schema, of_table)
    data_table = f"{of_table[:20]}_{uuid.uuid4().hex[:12]}"
    original, copy = Identifier(of_schema, of_table), Identifier(SCHEMA, data_table)
    connection.execute(SQL("CREATE TABLE {} AS TABLE {}").format(copy, original))
    method = "record" if all(kind in _HASHED for _, _, kind, _ in shape) else "text"
    rows, checksum = _checksum(connection, original, method)
    copied = _checksum(connection, copy, method)
    columns = [(name, kind) for name, kind, _, _ in shape]
    if (
        copied != (rows, checksum)
        or [each[:2] for each in table_shape(connection, SCHEMA, data_table)] != columns
    ):
        raise SnapshotRefused(say("migrations.copy_differs", table=clean(table), rows=rows, copied=copied[0]))
    key = primary_key(connection, f"{of_schema}.{of_table}")
    connection.execute(
        "INSERT INTO warroom_snapshots.snapshot (id, of_schema, of_table, data_table, revision, target, lost, columns, key, rows,"
        " checksum, method, actor) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        [
            data_table,
            of_schema,
            of_table,
            data_table,
            revision,
            target,
            list(lost),
            json.dumps(columns),
            key,
            rows,
            checksum,
            method,
            actor,
        ],
    )
    return find_snapshot(connection, data_table)


def list_snapshots(connection: psycopg.Connection[Any]) -> tuple[Snapshot, ...]:
    """All of them, the newest first."""
    there = connection.execute("SELECT to_regclass('warroom_snapshots.snapshot') IS NOT NULL").fetchone()
    if there is None or not there[0]:
        return ()
    return tuple(_snapshot(row) for row in connection.execute(f"{_LISTED} ORDER BY taken_at DESC".encode()))


def find_snapshot(connection: psycopg.Connection[Any], snapshot_id: str) -> Snapshot:
    """By its id; raises `SnapshotRefused` that names those that there are."""
    snapshots = list_snapshots(connection)
    for each in snapshots:
        if each.id == snapshot_id:
            return each
    known = ", ".join(each.id for each in snapshots[:5]) or "–"
    raise SnapshotRefused(say("migrations.no_snapshot", id=clean(snapshot_id, 80), known=known))


def lost_with(
    connection: psycopg.Connection[Any], emptied: Sequence[str], known: Sequence[str]
) -> dict[str, tuple[str, ...]]:
    """What goes with the rows of the `emptied` tables, by foreign keys: whole rows (ON DELETE CASCADE), or columns (SET NULL).

    Tables that are `known` to lose all are left out.
    """
    lost: dict[str, tuple[str, ...]] = {}
    names = [[quoted(each) for each in tables] for tables in (emptied, known)]
    for table, action, columns in connection.execute(_GOES_WITH, names):
        old = lost.get(table, ())
        lost[table] = ("*",) if action == "c" or "*" in old else tuple(dict.fromkeys((*old, *columns)))
    return lost


def check_snapshot(connection: psycopg.Connection[Any], snapshot: Snapshot) -> None:
    """Whether it is still what was taken; raises `SnapshotRefused` that says what is not."""
    from psycopg.sql import Identifier

    there = connection.execute(
        "SELECT to_regclass(%s)", [quoted(f"{SCHEMA}.{snapshot.data_table}")]
    ).fetchone()
    if there is None or there[0] is None:
        raise SnapshotRefused(say("migrations.snapshot_gone", id=snapshot.id))
    shape = tuple((name, kind) for name, kind, _, _ in table_shape(connection, SCHEMA, snapshot.data_table))
    if shape != snapshot.columns:
        raise SnapshotRefused(say("migrations.snapshot_shape", id=snapshot.id))
    rows, checksum = _checksum(connection, Identifier(SCHEMA, snapshot.data_table), snapshot.method)
    if (rows, checksum) != (snapshot.rows, snapshot.checksum):
        raise SnapshotRefused(
            say("migrations.snapshot_altered", id=snapshot.id, rows=snapshot.rows, now=rows)
        )


def table_shape(
    connection: psycopg.Connection[Any], schema: str, table: str
) -> list[tuple[str, str, str, bool]]:
    """Name, type as Postgres writes it, its bare name, and whether the column is generated."""
    return connection.execute(_COLUMNS, [quoted(f"{schema}.{table}")]).fetchall()


def primary_key(connection: psycopg.Connection[Any], table: str) -> list[str]:
    """Its columns, in the key's order; empty where there is none."""
    return [name for (name,) in connection.execute(_KEY, [quoted(table)])]


def _checksum(connection: psycopg.Connection[Any], table: Composable, method: str) -> tuple[int, str]:
    from psycopg.sql import SQL

    row_hash = SQL("hash_record_extended(t, 0)" if method == "record" else "hashtextextended(t::text, 0)")
    row = connection.execute(
        SQL("SELECT count(*), coalesce(sum({}), 0)::text FROM {} t").format(row_hash, table)
    ).fetchone()
    assert row is not None  # noqa: S101  # an aggregate has one row
    return int(row[0]), str(row[1])


def _snapshot(row: tuple[Any, ...]) -> Snapshot:
    identifier, taken_at, of_schema, of_table, data_table, revision, target, lost, columns, key, *rest = row
    rows, checksum, method, actor = rest
    return Snapshot(
        id=identifier,
        taken_at=taken_at,
        of_schema=of_schema,
        of_table=of_table,
        data_table=data_table,
        revision=revision,
        target=target,
        lost=tuple(lost),
        columns=tuple((str(name), str(kind)) for name, kind in columns),
        key=tuple(key),
        rows=rows,
        checksum=checksum,
        method=method,
        actor=clean(actor),
    )
