"""A table's rows kept aside before a downgrade drops them, proven equal, and put back later by the columns that are shared.

A snapshot is a table in the schema `warroom_snapshots` of the same database, written in the transaction that drops the
original, under its lock: no row can slip between. Its row in `warroom_snapshots.snapshot` says when, by whom, at which
revision, of which shape, how many rows, and their checksum: the sum of the rows' 64-bit hashes, which does not depend on
their order. Nothing here ever deletes one.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
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
_POINTS_TO = """SELECT DISTINCT c.n, p.n FROM pg_constraint k
 JOIN unnest(%s::text[]) WITH ORDINALITY AS c(name, n) ON k.conrelid = to_regclass(c.name)
 JOIN unnest(%s::text[]) WITH ORDINALITY AS p(name, n) ON k.confrelid = to_regclass(p.name)
 WHERE k.contype = 'f' AND k.conrelid <> k.confrelid"""
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What came back of the `rows` of a snapshot.

    `inserted` or `filled` (a column's values) now, `equal` were there already, `kept` differ (the table's own are newer
    and stay), `gone` have no row in the table any more. `dropped` are columns that the table has no more, `added` those that the snapshot had not.
    """

    snapshot: str
    table: str
    rows: int
    inserted: int = 0
    filled: int = 0
    equal: int = 0
    kept: int = 0
    gone: int = 0
    dropped: tuple[str, ...] = ()
    added: tuple[str, ...] = ()


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
    shape = _shape(connection, of_schema, of_table)
    data_table = f"{of_table[:20]}_{uuid.uuid4().hex[:12]}"
    original, copy = Identifier(of_schema, of_table), Identifier(SCHEMA, data_table)
    connection.execute(SQL("CREATE TABLE {} AS TABLE {}").format(copy, original))
    method = "record" if all(kind in _HASHED for _, _, kind, _ in shape) else "text"
    rows, checksum = _checksum(connection, original, method)
    copied = _checksum(connection, copy, method)
    columns = [(name, kind) for name, kind, _, _ in shape]
    if copied != (rows, checksum) or [each[:2] for each in _shape(connection, SCHEMA, data_table)] != columns:
        raise SnapshotRefused(say("migrations.copy_differs", table=clean(table), rows=rows, copied=copied[0]))
    key = [each[0] for each in connection.execute(_KEY, [quoted(f"{of_schema}.{of_table}")])]
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


def parents_first(connection: psycopg.Connection[Any], snapshots: Sequence[Snapshot]) -> tuple[Snapshot, ...]:
    """In the order in which they can be put back: a table after those that its foreign keys point to now.

    Tables that point to each other stay in the order given: where their keys are not deferrable, the server says so.
    """
    tables = [quoted(each.table) for each in snapshots]
    graph: dict[int, set[int]] = {number: set() for number in range(len(tables))}
    for child, parent in connection.execute(_POINTS_TO, [tables, tables]):
        graph[child - 1].add(parent - 1)
    try:
        order = list(TopologicalSorter(graph).static_order())
    except CycleError:
        return tuple(snapshots)
    return tuple(snapshots[number] for number in order)


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
    shape = tuple((name, kind) for name, kind, _, _ in _shape(connection, SCHEMA, snapshot.data_table))
    if shape != snapshot.columns:
        raise SnapshotRefused(say("migrations.snapshot_shape", id=snapshot.id))
    rows, checksum = _checksum(connection, Identifier(SCHEMA, snapshot.data_table), snapshot.method)
    if (rows, checksum) != (snapshot.rows, snapshot.checksum):
        raise SnapshotRefused(
            say("migrations.snapshot_altered", id=snapshot.id, rows=snapshot.rows, now=rows)
        )


def restore_snapshot(connection: psycopg.Connection[Any], snapshot_id: str) -> Restored:
    """Put it back, in the caller's transaction; raises `SnapshotRefused` and leaves all as it was.

    What the table has now goes before what the snapshot has: nothing that was written since is overwritten.
    """
    from psycopg.sql import SQL, Identifier

    snapshot = find_snapshot(connection, snapshot_id)
    check_snapshot(connection, snapshot)
    there = connection.execute("SELECT to_regclass(%s)", [quoted(snapshot.table)]).fetchone()
    if there is None or there[0] is None:
        raise SnapshotRefused(
            say("migrations.restore_no_table", table=clean(snapshot.table), revision=clean(snapshot.revision))
        )
    target = Identifier(snapshot.of_schema, snapshot.of_table)
    connection.execute(SQL("LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE").format(target))
    shape = _shape(connection, snapshot.of_schema, snapshot.of_table)
    types = {name: kind for name, kind, _, generated in shape if not generated}
    shared = [name for name, _ in snapshot.columns if name in types]
    generated = {name for name, _, _, is_generated in shape if is_generated}
    key = [each[0] for each in connection.execute(_KEY, [quoted(snapshot.table)])]
    restore = _restore_rows if snapshot.lost == ("*",) else _restore_columns
    counts = restore(connection, snapshot, {name: types[name] for name in shared}, key)
    _advance_sequences(connection, snapshot, shared)
    had = {name for name, _ in snapshot.columns}
    return Restored(
        snapshot=snapshot.id,
        table=snapshot.table,
        rows=snapshot.rows,
        dropped=tuple(name for name, _ in snapshot.columns if name not in types and name not in generated),
        added=tuple(name for name, _, _, _ in shape if name not in had),
        **counts,
    )


def _restore_rows(
    connection: psycopg.Connection[Any], snapshot: Snapshot, shared: dict[str, str], key: list[str]
) -> dict[str, int]:
    """Rows that the table lacks are inserted; those with a key that is there already are counted, and stay."""
    from psycopg.sql import SQL, Identifier

    target, data = Identifier(snapshot.of_schema, snapshot.of_table), Identifier(SCHEMA, snapshot.data_table)
    names, values = SQL(", ").join(map(Identifier, shared)), _values(snapshot, shared)
    if key and set(key) <= shared.keys():
        on = SQL(" AND ").join(SQL("t.{0} = s.{0}").format(Identifier(name)) for name in key)
        mine = SQL(", ").join(SQL("t.{}").format(Identifier(name)) for name in shared)
        query = SQL(
            "SELECT count(*), count(*) FILTER (WHERE ROW({}) IS NOT DISTINCT FROM ROW({})) FROM {} s JOIN {} t ON {}"
        ).format(mine, values, data, target, on)
        _, equal = connection.execute(query).fetchone() or (0, 0)
        inserted = connection.execute(
            SQL(
                "INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE SELECT {} FROM {} s ON CONFLICT DO NOTHING"
            ).format(target, names, values, data)
        ).rowcount
        # Another unique constraint than the key may keep a row out, too: that is a difference, and said.
        return {"inserted": inserted, "equal": equal, "kept": snapshot.rows - inserted - equal}
    inserted = connection.execute(
        SQL(
            "INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE (SELECT {} FROM {} s EXCEPT ALL SELECT {} FROM {})"
        ).format(target, names, values, data, names, target)
    ).rowcount
    return {"inserted": inserted, "equal": snapshot.rows - inserted}


def _restore_columns(
    connection: psycopg.Connection[Any], snapshot: Snapshot, shared: dict[str, str], key: list[str]
) -> dict[str, int]:
    """The values of columns that were dropped go into the rows that still have none there."""
    from psycopg.sql import SQL, Identifier

    back = [name for name in snapshot.lost if name in shared]
    if not back or not key or not set(key) <= shared.keys():
        raise SnapshotRefused(
            say(
                "migrations.restore_no_key" if back else "migrations.restore_no_column",
                table=clean(snapshot.table),
                columns=clean(", ".join(snapshot.lost)),
                data=f"{SCHEMA}.{snapshot.data_table}",
            )
        )
    target, data = Identifier(snapshot.of_schema, snapshot.of_table), Identifier(SCHEMA, snapshot.data_table)
    on = SQL(" AND ").join(SQL("t.{0} = s.{0}").format(Identifier(name)) for name in key)
    pairs = [(Identifier(name), _value(name, snapshot, shared)) for name in back]
    same = SQL(" AND ").join(SQL("t.{} IS NOT DISTINCT FROM {}").format(*pair) for pair in pairs)
    lacks = SQL(" OR ").join(SQL("(t.{0} IS NULL AND {1} IS NOT NULL)").format(*pair) for pair in pairs)
    query = SQL("SELECT count(*), count(*) FILTER (WHERE {}) FROM {} s JOIN {} t ON {}").format(
        same, data, target, on
    )
    there, equal = connection.execute(query).fetchone() or (0, 0)
    sets = SQL(", ").join(SQL("{0} = coalesce(t.{0}, {1})").format(*pair) for pair in pairs)
    filled = connection.execute(
        SQL("UPDATE {} t SET {} FROM {} s WHERE {} AND ({})").format(target, sets, data, on, lacks)
    ).rowcount
    return {"filled": filled, "equal": equal, "kept": there - equal - filled, "gone": snapshot.rows - there}


def _values(snapshot: Snapshot, shared: dict[str, str]) -> Composable:
    from psycopg.sql import SQL

    return SQL(", ").join(_value(name, snapshot, shared) for name in shared)


def _value(name: str, snapshot: Snapshot, shared: dict[str, str]) -> Composable:
    """The snapshot's value as the table's type, where that is another now."""
    from psycopg.sql import SQL, Identifier

    value = SQL("s.{}").format(Identifier(name))
    was = dict(snapshot.columns)[name]
    return (
        value if was == shared[name] else SQL("CAST({} AS {})").format(value, SQL(shared[name]))
    )  # the server's own word


def _advance_sequences(connection: psycopg.Connection[Any], snapshot: Snapshot, names: Sequence[str]) -> None:
    """The next number of a serial or identity column comes after those that came back."""
    from psycopg.sql import SQL, Identifier

    table = quoted(snapshot.table)
    of = Identifier(snapshot.of_schema, snapshot.of_table)
    for name in names:
        row = connection.execute("SELECT pg_get_serial_sequence(%s, %s)", [table, name]).fetchone()
        if row is not None and row[0] is not None:
            query = SQL(
                "SELECT setval({}::regclass, greatest(m.top, s.last_value)) FROM (SELECT max({}) AS top FROM {}) m, {} s"
                " WHERE m.top IS NOT NULL"
            ).format(row[0], Identifier(name), of, SQL(row[0]))  # the server's own word
            connection.execute(query)


def _shape(connection: psycopg.Connection[Any], schema: str, table: str) -> list[tuple[str, str, str, bool]]:
    """Name, type as Postgres writes it, its bare name, and whether the column is generated."""
    return connection.execute(_COLUMNS, [quoted(f"{schema}.{table}")]).fetchall()


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
