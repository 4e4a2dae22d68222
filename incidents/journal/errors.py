"""What can go wrong with a journal, with the words that a person will read.

JournalError             the journal can't do what was asked
├── JournalAway          no connection to the team's database (events go to the spool)
├── JournalFull          no room on the disk: the event was not written
├── ReadOnlyJournal      it may be read, not written
├── JournalTooNew        a newer Warroom has made it
├── Overtaken            somebody else's event came first, where the writer asked to be first
└── NoSuchIncident       the id names no incident
"""

from __future__ import annotations

from core.errors import WarroomError


class JournalError(WarroomError):
    """The journal can't do what was asked."""


class JournalAway(JournalError):
    """No connection to the team's database."""


class JournalFull(JournalError):
    """No room on the disk: the event was not written."""


class ReadOnlyJournal(JournalError):
    """It may be read, not written."""


class JournalTooNew(JournalError):
    """A newer Warroom has made it."""


class Overtaken(JournalError):
    """Somebody else's event came first, where the writer asked to be first."""


class NoSuchIncident(JournalError):
    """The id names no incident."""
