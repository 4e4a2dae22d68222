"""What can go wrong with a migration, with the words that a person will read.

MigrationError            the root
├── AlembicFailed      the project's Alembic ended with an error; `words` are its last ones
├── NotRendered        it can't be written down as SQL (it asks the database, or its script fails without one)
├── LockedOut          another migration is at work, or a lock was not to be had in all tries
└── SnapshotRefused    a snapshot that is not what was taken, or does not fit
"""

from __future__ import annotations

from actions.errors import ActionFailed


class MigrationError(ActionFailed):
    """A migration can't be done, or stopped."""


class AlembicFailed(MigrationError):
    """The project's own Alembic ended with an error."""


class NotRendered(MigrationError):
    """No SQL can be shown beforehand."""


class LockedOut(MigrationError):
    """Somebody else is at work."""


class SnapshotRefused(MigrationError):
    """A snapshot is not what was taken, or does not fit."""
