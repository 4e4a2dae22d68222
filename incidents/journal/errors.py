"""What can go wrong with a journal, and what a database driver raised as one of these.

JournalError             the journal can't do what was asked
├── JournalAway          no connection to the team's database (events go to the spool)
│   └── JournalBusy      it answers, but others were at it for longer than one waits
├── JournalFull          no room on the disk: the event was not written
├── ReadOnlyJournal      it may be read, not written
├── JournalTooNew        a newer Warroom has made it
├── WriteConflict        somebody else's event came first, where the writer asked to be first
├── ResourceHeld         another run has what this one needs for itself
└── NoSuchChain          the id names nothing in this journal
    ├── NoSuchIncident   … no incident
    └── NoSuchRun        … no run
"""

from __future__ import annotations

import re
import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING

from core.errors import WarroomError
from core.message import say
from core.text import clean

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.exc import SQLAlchemyError


_BUSY_STATES = ("40001", "40P01", "53300", "55P03", "57014")
"""Serialization failure, deadlock, too many connections, a lock or an answer that did not come in time."""
_BUSY_WORDS = re.compile(
    r"too many (clients|connections)|remaining connection slots|no more connections allowed", re.IGNORECASE
)
"""libpq keeps the SQLSTATE of a connection that failed to itself; PgBouncer's words are the last ones."""


class JournalError(WarroomError):
    """The journal can't do what was asked."""


class NoJournal(JournalError):
    """There is no file yet: nobody has ever written."""


class JournalAway(JournalError):
    """No connection to the team's database."""


class JournalBusy(JournalAway):
    """It answers, but others were at it for longer than one waits."""


class JournalFull(JournalError):
    """No room on the disk: the event was not written."""


class ReadOnlyJournal(JournalError):
    """It may be read, not written."""


class JournalTooNew(JournalError):
    """A newer Warroom has made it."""


class WriteConflict(JournalError):
    """Somebody else's event came first, where the writer asked to be first."""


class ResourceHeld(JournalError):
    """Another run has what this one needs for itself."""


class NoSuchChain(JournalError):
    """The id names nothing in this journal."""


class NoSuchIncident(NoSuchChain):
    """The id names no incident."""


class NoSuchRun(NoSuchChain):
    """The id names no run."""


@contextmanager
def driver_errors(place: str) -> Iterator[None]:
    """Turn what a driver raises into a `JournalError`."""
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except SQLAlchemyError as error:
        raise _to_journal_error(error, place) from error


def unavailable(error: Exception, place: str) -> JournalAway:
    """No answer from the server. The error's own words may hold a user's name, never a password (libpq).

    Only their first line is of use: libpq goes on with advice.
    """
    first = (str(error).strip() or type(error).__name__).splitlines()[0]
    return JournalAway(say("journal.away", place=place, detail=clean(first, 200)))


def _to_journal_error(error: SQLAlchemyError, place: str) -> JournalError:
    from sqlalchemy.exc import DBAPIError

    original = error.orig if isinstance(error, DBAPIError) else None
    detail = clean(str(original or error), 200)
    if isinstance(original, sqlite3.Error):
        return _from_sqlite(original, place, detail)
    return _from_postgres(error, place, detail)


def _from_sqlite(error: sqlite3.Error, place: str, detail: str) -> JournalError:
    """By SQLite's result code; the low byte is the kind (sqlite.org/rescode.html)."""
    code = getattr(error, "sqlite_errorcode", 0)
    match code & 0xFF:
        case sqlite3.SQLITE_FULL:
            failure: JournalError = JournalFull(say("journal.full", place=place))
        case sqlite3.SQLITE_IOERR if code == sqlite3.SQLITE_IOERR_WRITE:
            failure = JournalFull(say("journal.full", place=place))
        case sqlite3.SQLITE_READONLY:
            failure = ReadOnlyJournal(say("journal.read_only", place=place))
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            failure = JournalBusy(say("journal.busy", place=place))
        case sqlite3.SQLITE_NOTADB:
            failure = JournalError(say("journal.no_database", place=place))
        case sqlite3.SQLITE_CORRUPT:
            failure = JournalError(say("journal.damaged", place=place, detail=detail))
        case _:
            failure = JournalError(say("journal.refused", place=place, detail=detail))
    return failure


def _from_postgres(error: SQLAlchemyError, place: str, detail: str) -> JournalError:
    """By SQLSTATE: 08 connection, 57 operator intervention, 53 resources, 40 rolled back for another transaction."""
    from sqlalchemy.exc import DBAPIError, OperationalError

    state: str | None = getattr(getattr(error, "orig", None), "sqlstate", None)
    if state == "53100":
        return JournalFull(say("journal.full", place=place))
    if state == "25006":
        return ReadOnlyJournal(say("journal.read_only", place=place))
    if state in _BUSY_STATES or (state is None and _BUSY_WORDS.search(detail)):
        return JournalBusy(say("journal.busy", place=place))
    lost = isinstance(error, DBAPIError) and error.connection_invalidated
    silent = isinstance(error, OperationalError) and (state is None or state.startswith(("08", "57", "53")))
    if lost or silent:
        return unavailable(error.orig if isinstance(error, DBAPIError) and error.orig else error, place)
    return JournalError(say("journal.refused", place=place, detail=detail))
