"""Where events wait while the team's database is away: a small SQLite file beside the journal.

Events are chained here as they are in the journal; the digest that they have here stays with them as `origin` when
they are merged and chained anew. An event leaves the spool only after the journal has it; the journal takes an id
once, so a merge that is cut off or done twice changes nothing.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from incidents.database import locked, make_private
from incidents.errors import JournalError, JournalFull
from incidents.event import GENESIS, canonical, chain, from_json, to_event, to_json, to_record
from signals.clean import clean
from signals.message import say

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from uuid import UUID

    from incidents.event import Draft, Event

_TABLE = (
    "CREATE TABLE IF NOT EXISTS waiting (place INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE, event TEXT)"
)


class Spool:
    """Events that the journal has not got yet, oldest first; several programs of one user may share it."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def append(self, draft: Draft, after: tuple[int, str] | None) -> Event:
        """Keep an event; it is on the disk when this returns. `after` is the last of its incident that is known."""
        with self._open() as connection:
            connection.execute("BEGIN IMMEDIATE")
            own = [event for event in _read(connection) if event.incident == draft.incident]
            if own:
                after = (own[-1].sequence, own[-1].digest)
            event = chain(draft, after or (0, GENESIS))
            line = canonical(to_json(to_record(event)))
            connection.execute("INSERT INTO waiting (id, event) VALUES (?, ?)", (str(event.id), line))
            connection.execute("COMMIT")
        return event

    def events(self) -> list[Event]:
        """Everything that waits."""
        if not self.file.exists():
            return []
        with self._open() as connection:
            return _read(connection)

    def remove(self, event: UUID) -> None:
        """Let go of an event that the journal has."""
        with self._open() as connection:
            connection.execute("DELETE FROM waiting WHERE id = ?", (str(event),))

    @contextmanager
    def merging(self) -> Iterator[list[Event]]:
        """What waits, while no other program of this machine merges it."""
        with locked(self.file.with_name(f"{self.file.name}.lock")):
            yield self.events()

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        make_private(self.file)
        place = clean(str(self.file))
        try:
            with closing(sqlite3.connect(self.file, timeout=5, isolation_level=None)) as connection:
                connection.execute("PRAGMA journal_mode=WAL")
                connection.execute("PRAGMA synchronous=FULL")
                connection.execute(_TABLE)
                yield connection
        except sqlite3.Error as error:
            if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_FULL:
                raise JournalFull(say("journal.full", place=place)) from error
            raise JournalError(say("journal.refused", place=place, detail=clean(str(error), 200))) from error


def _read(connection: sqlite3.Connection) -> list[Event]:
    rows = connection.execute("SELECT event FROM waiting ORDER BY place")
    return [to_event(from_json(json.loads(line))) for (line,) in rows]
