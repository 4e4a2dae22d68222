"""Where events wait while the team's database is away: a small SQLite file beside the journal.

It also holds what was last seen of the incidents and runs that are not over, so that a program that is started while
the database is away can go on with them.

Events are chained here as they are in the journal; the digest that they have here stays with them as `origin` when
they are merged and chained anew. An event leaves the spool only after the journal has it; the journal takes an id
once, so a merge that is cut off or done twice changes nothing.

Each line is sealed with a key of the user's state folder, and so is the sum of all seals (`incidents.journal.seal`): a line
that was altered, digest and all, or brought from elsewhere is named and not merged, one that was taken out is named. What
this can't show: that the whole file was deleted, or an earlier one of this user put back.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import json
import sqlite3
from contextlib import closing, contextmanager, suppress
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
    write_time,
)
from incidents.events.run import Run
from incidents.journal.database import create_private, decode, unwritable
from incidents.journal.errors import JournalError, JournalFull
from incidents.journal.seal import NOTHING, added, is_sealed, seal_of, spool_key

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from incidents.events.event import Draft, Event, Record
    from incidents.journal.kinds import ChainKind, S, State

_TABLES = (
    (
        "CREATE TABLE IF NOT EXISTS waiting"
        " (place INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE, event TEXT, seal TEXT)"
    ),
    "CREATE TABLE IF NOT EXISTS sealed (id INTEGER PRIMARY KEY, total TEXT, seal TEXT)",
    (
        "CREATE TABLE IF NOT EXISTS seen (incident TEXT, sequence INTEGER, number INTEGER, event TEXT,"
        " PRIMARY KEY (incident, sequence))"
    ),
)


_REMOVED = "removed before "
"""Begins the id of the line that keeps in mind that one was taken out."""


class Waiting(NamedTuple):
    """What waits, oldest first; `spoiled` are the ids of lines that were altered, brought from elsewhere or can't be read.

    Those stay in the spool: nobody knows what they said, and the rest must not wait for them. `removed` says before when
    (UTC) lines were taken out that the journal has not got.
    """

    events: tuple[Event, ...]
    spoiled: tuple[str, ...]
    removed: tuple[str, ...] = ()


class Spool:
    """Events that the journal has not got yet, oldest first; several programs of one user may share it."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def append(self, draft: Draft, after: tuple[int, str] | None) -> Event:
        """Keep an event; it is on the disk when this returns. `after` is the last of its chain that is known."""
        with self._open() as connection:
            key = self._key(connection)
            connection.execute("BEGIN IMMEDIATE")
            own = [event for event in _read(connection, key).events if event.chain == draft.chain]
            if own:
                after = (own[-1].sequence, own[-1].digest)
            event = chain(draft, after or (0, GENESIS))
            if key and not _is_whole(connection, key):
                _insert(connection, key, f"{_REMOVED}{write_time(dt.datetime.now(dt.UTC))}", "")
                _seal_total(connection, key)
            _insert(connection, key, str(event.id), canonical(to_json(to_record(event))))
            connection.execute("COMMIT")
        return event

    def waiting(self) -> Waiting:
        """Everything that waits."""
        if not self._is_there():
            spool_key(lambda _: None)  # from now on a file that somebody brings is known as foreign
            return Waiting((), ())
        with self._open() as connection:
            return _read(connection, self._key(connection))

    def remove(self, event: UUID) -> None:
        """Drop an event that the journal has."""
        with self._open() as connection:
            key = self._key(connection)
            connection.execute("BEGIN IMMEDIATE")
            for (seal,) in connection.execute(
                "SELECT seal FROM waiting WHERE id = ?", (str(event),)
            ).fetchall():
                connection.execute("DELETE FROM waiting WHERE id = ?", (str(event),))
                if key:
                    _add_to_total(connection, key, seal)
            connection.execute("COMMIT")

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
        if not self._is_there():
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

    def _is_there(self) -> bool:
        try:
            return self.file.exists()
        except OSError as error:  # a folder above it is closed to us
            raise unwritable(self.file, error) from error

    def _key(self, connection: sqlite3.Connection) -> bytes | None:
        """The key; when it is made, everything that waits is sealed: it is from before there was one."""
        return spool_key(lambda key: _seal_all(connection, key))

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
                columns = [row[1] for row in connection.execute("PRAGMA table_info(waiting)")]
                if "seal" not in columns:  # of the release before; several programs may see that at once
                    with suppress(sqlite3.OperationalError):
                        connection.execute("ALTER TABLE waiting ADD COLUMN seal TEXT")
                yield connection
        except sqlite3.Error as error:
            if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_FULL:
                raise JournalFull(say("journal.full", place=place)) from error
            raise JournalError(say("journal.refused", place=place, detail=clean(str(error), 200))) from error


def _read(connection: sqlite3.Connection, key: bytes | None) -> Waiting:
    events, spoiled, removed = [], [], []
    for name, line, seal in connection.execute(
        "SELECT id, event, seal FROM waiting ORDER BY place"
    ).fetchall():
        record = _record(line)
        intact = key is None or is_sealed(key, seal, str(name), str(line))
        if intact and line == "" and str(name).startswith(_REMOVED):
            removed.append(str(name).removeprefix(_REMOVED))
        elif intact and record is not None and record.id == name:
            events.append(to_event(record))
        else:
            spoiled.append(str(name))
    if key and not _is_whole(connection, key):
        removed.append(write_time(dt.datetime.now(dt.UTC)))
    return Waiting(tuple(events), tuple(spoiled), tuple(removed))


def _insert(connection: sqlite3.Connection, key: bytes | None, name: str, line: str) -> None:
    seal = seal_of(key, name, line) if key else None
    connection.execute("INSERT INTO waiting (id, event, seal) VALUES (?, ?, ?)", (name, line, seal))
    if key:
        _add_to_total(connection, key, seal)


def _total(connection: sqlite3.Connection) -> tuple[object, object]:
    """The sum of the seals as it was kept, and its own seal."""
    return connection.execute("SELECT total, seal FROM sealed WHERE id = 1").fetchone() or (NOTHING, None)


def _is_whole(connection: sqlite3.Connection, key: bytes) -> bool:
    """Whether the lines that are there are those of which the sum was kept."""
    total, seal = _total(connection)
    now = NOTHING
    for (line_seal,) in connection.execute("SELECT seal FROM waiting"):
        now = added(now, line_seal)
    return now == total and (is_sealed(key, seal, "total", str(total)) or (seal is None and now == NOTHING))


def _add_to_total(connection: sqlite3.Connection, key: bytes, seal: object) -> None:
    """A line more, or less; a sum that is wrong stays wrong."""
    total, own = _total(connection)
    if own is None or is_sealed(key, own, "total", str(total)):
        _keep_total(connection, key, added(str(total), seal))


def _seal_total(connection: sqlite3.Connection, key: bytes) -> None:
    total = NOTHING
    for (seal,) in connection.execute("SELECT seal FROM waiting"):
        total = added(total, seal)
    _keep_total(connection, key, total)


def _keep_total(connection: sqlite3.Connection, key: bytes, total: str) -> None:
    connection.execute(
        "INSERT OR REPLACE INTO sealed VALUES (1, ?, ?)", (total, seal_of(key, "total", total))
    )


def _seal_all(connection: sqlite3.Connection, key: bytes) -> None:
    connection.execute("BEGIN IMMEDIATE")
    for name, line in connection.execute("SELECT id, event FROM waiting").fetchall():
        if _record(line) is not None:
            seal = seal_of(key, str(name), str(line))
            connection.execute("UPDATE waiting SET seal = ? WHERE id = ?", (seal, name))
    _seal_total(connection, key)
    connection.execute("COMMIT")


def _record(line: object) -> Record | None:
    """None for a line that can't be read, or whose digest is not that of what it says."""
    if not isinstance(line, str):
        return None
    try:
        record = from_json(json.loads(line))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return record if digest_of(record) == record.digest else None
