"""A table that a session holds and does nothing with: it stands idle in its transaction."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from sandbox.breakages.model import Breakage, Refused

if TYPE_CHECKING:
    import psycopg

    from sandbox.breakages.model import Before, Order, Params, Stack

APPLICATION = "nightly-export"
"""How the session calls itself, as whoever forgot it would have."""
WAIT_MS = 5000
TABLE = "user_profiles"
_sessions: dict[str, psycopg.Connection[Any]] = {}


def _table(params: Params) -> str:
    return params.get("table", TABLE)


def _connect(stack: Stack) -> psycopg.Connection[Any]:
    import psycopg

    try:
        return psycopg.connect(
            stack.access.postgres_url(stack.ports["postgres"]),
            application_name=APPLICATION,
            connect_timeout=WAIT_MS // 1000,
            options=f"-c lock_timeout={WAIT_MS}",
        )
    except psycopg.Error as error:
        raise Refused(str(error).splitlines()[0]) from None


def _look(stack: Stack, params: Params) -> Before:
    """How many hold it already; no such table is nothing to break."""
    with _connect(stack) as connection:
        row = connection.execute("SELECT to_regclass(%s)::oid", [_table(params)]).fetchone()
        if row is None or row[0] is None:
            raise Refused(f"no table {_table(params)!r}")
        held = connection.execute(
            "SELECT count(*) FROM pg_locks WHERE relation = %s AND mode = 'AccessExclusiveLock'", [row[0]]
        ).fetchone()
    return {"held": held[0] if held else None}


def _begin(stack: Stack, order: Order) -> None:
    import psycopg
    from psycopg import sql

    connection = _connect(stack)
    table = sql.Identifier(_table(order.params))
    try:
        connection.execute(sql.SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(table))
    except psycopg.Error as error:
        connection.close()
        raise Refused(str(error).splitlines()[0]) from None
    _sessions[order.id] = connection


def _end(_: Stack, order: Order, __: Before) -> None:
    """Whoever terminated the session did the same before."""
    connection = _sessions.pop(order.id, None)
    if connection is not None:
        with suppress(Exception):
            connection.close()


BREAKAGES = (Breakage(name="table-locked", part=_table, look=_look, begin=_begin, end=_end),)
