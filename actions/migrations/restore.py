"""The rows of a snapshot put back, by the columns that it shares with the table; nothing that was written since is overwritten."""

from __future__ import annotations

from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, Any

from actions.migrations.errors import SnapshotRefused
from actions.migrations.session import quoted
from actions.migrations.snapshot import SCHEMA, check_snapshot, find_snapshot, primary_key, table_shape
from core.message import say
from core.text import clean

if TYPE_CHECKING:
    from collections.abc import Sequence

    import psycopg
    from psycopg.sql import Composable

    from actions.migrations.snapshot import Snapshot

_POINTS_TO = """SELECT DISTINCT c.n, p.n FROM pg_constraint k
 JOIN unnest(%s::text[]) WITH ORDINALITY AS c(name, n) ON k.conrelid = to_regclass(c.name)
 JOIN unnest(%s::text[]) WITH ORDINALITY AS p(name, n) ON k.confrelid = to_regclass(p.name)
 WHERE k.contype = 'f' AND k.conrelid <> k.confrelid"""


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
    shape = table_shape(connection, snapshot.of_schema, snapshot.of_table)
    types = {name: kind for name, kind, _, generated in shape if not generated}
    shared = [name for name, _ in snapshot.columns if name in types]
    generated = {name for name, _, _, is_generated in shape if is_generated}
    key = primary_key(connection, snapshot.table)
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
