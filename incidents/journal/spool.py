"""Where events wait while the team's database is away: a small SQLite file beside the journal.

It also holds what was last seen of the incidents and runs that are not over, so that a program that is started while
the database is away can go on with them.

Events are chained here as they are in the journal; the digest that they have here stays with them as `origin` when
they are merged and chained anew. An event leaves the spool only after the journal has it; the journal takes an id
once, so a merge that is cut off or done twice changes nothing.
"""

from __future__ import annotations

import fcntl
import json
import sqlite3
from contextlib import closing, contextmanager
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from core.files import open_regular
from core.message import say
from core.text import clean
from incidents.events.event import (
    GENESIS,
    canonical,
    chain,
    digest_of,
    from_json,
    to_event,
    to_json,
    to_record,
)
from incidents.events.run import Run
from incidents.journal.database import create_private, decode
from incidents.journal.errors import JournalError, JournalFull

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from incidents.events.event import Draft, Event, Record
    from incidents.journal.kinds import ChainKind, S, State

_TABLES = (
    "CREATE TABLE IF NOT EXISTS waiting (place INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE, event TEXT)",
    (
        "CREATE TABLE IF NOT EXISTS seen (incident TEXT, sequence INTEGER, number INTEGER, event TEXT,"
        " PRIMARY KEY (incident, sequence))"
    ),
)


class Waiting(NamedTuple):
    """What waits, oldest first; `spoiled` are the ids of lines that were altered or can't be read.

    Those stay in the spool: nobody knows what they said, and the rest must not wait for them.
    """

    events: tuple[Event, ...]
    spoiled: tuple[str, ...]


class Spool:
    """Events that the journal has not got yet, oldest first; several programs of one user may share it."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def append(self, draft: Draft, after: tuple[int, str] | None) -> Event:
        """Keep an event; it is on the disk when this returns. `after` is the last of its chain that is known."""
        with self._open() as connection:
            connection.execute("BEGIN IMMEDIATE")
            own = [event for event in _read(connection).events if event.chain == draft.chain]
            if own:
                after = (own[-1].sequence, own[-1].digest)
            event = chain(draft, after or (0, GENESIS))
            line = canonical(to_json(to_record(event)))
            connection.execute("INSERT INTO waiting (id, event) VALUES (?, ?)", (str(event.id), line))
            connection.execute("COMMIT")
        return event

    def waiting(self) -> Waiting:
        """Everything that waits."""
        if not self.file.exists():
            return Waiting((), ())
        with self._open() as connection:
            return _read(connection)

    def remove(self, event: UUID) -> None:
        """Drop an event that the journal has."""
        with self._open() as connection:
            connection.execute("DELETE FROM waiting WHERE id = ?", (str(event),))

    def save_copy(self, state: State, number: int) -> None:
        """Keep a copy of what the database has of an incident or a run; of one that is over nothing is kept."""
        over = state.has_ended if isinstance(state, Run) else state.status == "resolved"
        with self._open() as connection:
            connection.execute("BEGIN IMMEDIATE")
            if over:
                connection.execute("DELETE FROM seen WHERE incident = ?", (str(state.id),))
            else:
                (last,) = connection.execute(
                    "SELECT coalesce(max(sequence), 0) FROM seen WHERE incident = ?", (str(state.id),)
                ).fetchone()
                connection.executemany(
                    "INSERT OR REPLACE INTO seen VALUES (?, ?, ?, ?)",
                    [
                        (str(state.id), event.sequence, number, canonical(to_json(to_record(event))))
                        for event in state.events[last:]
                        if event.body.kind != "unreadable"
                    ],
                )
            connection.execute("COMMIT")

    def copies(self, kind: ChainKind[S]) -> dict[UUID, tuple[int, S]]:
        """Number and fold of every incident, or run, that was not over when it was last seen."""
        if not self.file.exists():
            return {}
        with self._open() as connection:
            rows = connection.execute("SELECT incident, number, event FROM seen ORDER BY incident, sequence")
            grouped = groupby(rows.fetchall(), key=lambda row: (row[0], row[1]))
            copies: dict[UUID, tuple[int, S]] = {}
            for (chain_id, number), group in grouped:
                records = [_record(line) for _, _, line in group]
                events = [to_event(record) for record in records if record]
                # a copy that can't be read is none
                if len(events) == len(records) and isinstance(events[0].body, kind.first):
                    copies[UUID(chain_id)] = (number, kind.fold(events))
            return copies

    @contextmanager
    def merging(self) -> Iterator[tuple[Event, ...]]:
        """What waits, while no other program of this machine merges it."""
        lock = self.file.with_name(f"{self.file.name}.lock")
        create_private(lock)
        with open_regular(lock) as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield self.waiting().events

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        create_private(self.file)
        place = clean(str(self.file))
        try:
            with closing(sqlite3.connect(self.file, timeout=20, isolation_level=None)) as connection:
                connection.text_factory = decode
                connection.execute("PRAGMA journal_mode=WAL")
                connection.execute("PRAGMA synchronous=FULL")
                for table in _TABLES:
                    connection.execute(table)
                yield connection
        except sqlite3.Error as error:
            if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_FULL:
                raise JournalFull(say("journal.full", place=place)) from error
            raise JournalError(say("journal.refused", place=place, detail=clean(str(error), 200))) from error


def _read(connection: sqlite3.Connection) -> Waiting:
    lines = connection.execute("SELECT id, event FROM waiting ORDER BY place").fetchall()
    records = [(str(event), _record(line)) for event, line in lines]
    return Waiting(
        tuple(to_event(record) for _, record in records if record is not None),
        tuple(event for event, record in records if record is None),
    )


def _record(line: object) -> Record | None:
    """None for a line that can't be read, or whose digest is not that of what it says."""
    if not isinstance(line, str):
        return None
    try:
        record = from_json(json.loads(line))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return record if digest_of(record) == record.digest else None
