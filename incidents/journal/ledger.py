"""The ledger: one chain over the heads of all chains, in the order of writing.

The hashes inside an incident show what was changed in it; that a whole incident is gone, has another number, or lost its
last events, shows here. Each entry says that a chain of this number and id now ends with this event, and carries a hash
over itself and the entry before it. `ledger_end` holds the last entry's position and hash once more; its row is also
the lock by which writers take their place, as the last thing before they commit.

Somebody who rewrites everything, the ledger included, is only known by an anchor that was kept elsewhere.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import insert, select, update

from incidents.events.event import GENESIS, as_text, canonical
from incidents.journal.tables import LEDGER, LEDGER_END

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection


class Head(NamedTuple):
    """What a chain ends with: the event with this sequence and digest. `kind` is that of the chain."""

    kind: str
    number: int
    chain: str
    sequence: int
    digest: str


class Entry(NamedTuple):
    """One line of the ledger. `head` is the hash over the line and the `head` before it."""

    position: int
    of: Head
    head: str


def next_head(before: str, of: Head) -> str:
    """The hash over an entry and everything before it."""
    return hashlib.sha256(canonical([before, *of]).encode()).hexdigest()


def extend(connection: Connection, of: Head) -> None:
    """Write that a chain has a new head. From here to the commit no other writer passes."""
    end = connection.execute(
        select(LEDGER_END.c.position, LEDGER_END.c.head).where(LEDGER_END.c.id == 1).with_for_update()
    ).one_or_none()
    if end is None:
        connection.execute(insert(LEDGER_END).values(id=1, position=0, head=GENESIS))
    if end is not None and isinstance(end.position, int) and isinstance(end.head, str):
        position, before = end.position, end.head
    else:  # somebody changed it by hand; `verify` says so, and work must go on
        last = connection.execute(
            select(LEDGER.c.position, LEDGER.c.head).order_by(LEDGER.c.position.desc()).limit(1)
        ).one_or_none()
        position, before = (last.position, as_text(last.head)) if last else (0, GENESIS)
    entry = Entry(position + 1, of, next_head(before, of))
    connection.execute(insert(LEDGER).values(position=entry.position, head=entry.head, **of._asdict()))
    connection.execute(
        update(LEDGER_END).where(LEDGER_END.c.id == 1).values(position=entry.position, head=entry.head)
    )


def entries(connection: Connection) -> Iterator[Entry]:
    """The whole ledger, in order."""
    columns = [LEDGER.c[name] for name in Head._fields]
    query = select(LEDGER.c.position, LEDGER.c.head, *columns).order_by(LEDGER.c.position)
    for row in connection.execute(query.execution_options(yield_per=1000)):
        of = Head(
            kind=as_text(row.kind),
            number=_number(row.number),
            chain=as_text(row.chain),
            sequence=_number(row.sequence),
            digest=as_text(row.digest),
        )
        yield Entry(row.position, of, as_text(row.head))


def end(connection: Connection) -> tuple[int, str] | None:
    """Position and hash of the last entry, as they are kept beside the ledger."""
    row = connection.execute(select(LEDGER_END.c.position, LEDGER_END.c.head)).one_or_none()
    return None if row is None else (_number(row.position), as_text(row.head))


def _number(value: object) -> int:
    """What is no number (a damaged row) is -1, which nothing has."""
    return value if isinstance(value, int) else -1
