"""A row of our own saved, loaded and removed again, in each table that the configuration describes: it works, not only is.

Saved as a service saves a record of somebody: inserted, or updated where its key is there. The row can be told from all
others by its key, `warroom-canary-…`, and is removed also when reading it failed.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from core.message import say
from core.text import clean

if TYPE_CHECKING:
    from collections.abc import Mapping

    import psycopg

    from core.message import Message

_VALUES: dict[str, object] = {
    "text": "{mark}",
    "character varying": "{mark}",
    "jsonb": '{{"canary": "{mark}"}}',
    "json": '{{"canary": "{mark}"}}',
    "integer": 1,
    "bigint": 1,
    "boolean": True,
}


def try_canary(
    connection: psycopg.Connection[Any], table: str, columns: Mapping[str, str]
) -> tuple[Message, bool | None]:
    """Save, load and remove one row; None where no value can be made up for a column. The connection is in autocommit."""
    import psycopg
    from psycopg.sql import SQL, Identifier, Literal

    mark = f"warroom-canary-{uuid.uuid4().hex[:12]}"
    values: dict[str, object] = {}
    for name, kind in columns.items():
        bare = kind.removesuffix(" not null").split("(")[0]
        if bare in _VALUES:
            value = _VALUES[bare]
            values[name] = value.format(mark=mark) if isinstance(value, str) else value
        elif kind.endswith(" not null"):
            return say("migrations.canary_unknown", table=clean(table), column=clean(name)), None
    of, key = Identifier(*table.split(".")), next(iter(columns))
    if values.get(key) != mark:
        return say("migrations.canary_unknown", table=clean(table), column=clean(key)), None
    names = SQL(", ").join(map(Identifier, values))
    where = SQL("{} = {}").format(Identifier(key), Literal(mark))
    try:
        try:
            for _ in range(2):  # the second time it is there
                connection.execute(
                    SQL("INSERT INTO {} ({}) VALUES ({}) ON CONFLICT ({}) DO UPDATE SET {}").format(
                        of,
                        names,
                        SQL(", ").join(map(Literal, values.values())),
                        Identifier(key),
                        SQL(", ").join(SQL("{0} = excluded.{0}").format(Identifier(name)) for name in values),
                    )
                )
            same = SQL(" AND ").join(
                SQL("{}::text = {}::text").format(
                    Identifier(name),
                    SQL("{}::{}").format(Literal(value), SQL(columns[name].removesuffix(" not null"))),
                )
                for name, value in values.items()
            )
            row = connection.execute(SQL("SELECT {} FROM {} WHERE {}").format(same, of, where)).fetchone()
        finally:
            removed = connection.execute(SQL("DELETE FROM {} WHERE {}").format(of, where)).rowcount
    except psycopg.Error as error:
        detail = clean(str(error).splitlines()[0], 200)
        return say("migrations.canary_failed", table=clean(table), detail=detail), False
    if row is None or row[0] is not True or removed != 1:
        return say("migrations.canary_differs", table=clean(table)), False
    return say("migrations.canary_ok", table=clean(table)), True
