"""What a journal goes on with while the team's database is away: events that wait, and copies of what was last seen.

A journal in a file has none of it: then nothing waits, and nobody needs a home for the spool.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from core.text import clean
from incidents.journal.errors import JournalError
from incidents.journal.spool import Waiting

if TYPE_CHECKING:
    from uuid import UUID

    from incidents.journal.kinds import ChainKind, S
    from incidents.journal.spool import Spool
    from incidents.journal.store import Store

LOG = logging.getLogger(__name__)


class Fallback:
    """The spool of a team's journal, read so that trouble with it never keeps the database from being used."""

    def __init__(self, spool: Spool | None) -> None:
        self.spool = spool
        self._numbers: dict[UUID, int] = {}
        self._copied: dict[UUID, int] = {}
        self._spoiled: tuple[str, ...] = ()
        self._removed = 0

    def waiting(self) -> Waiting:
        """What the spool holds; of one that can't be read at all, that it is spoiled."""
        if self.spool is None:
            return Waiting((), ())
        try:
            waiting = self.spool.waiting()
        except JournalError as error:
            LOG.warning("the spool can't be read: %s", error)
            return Waiting((), (clean(str(self.spool.file)),))
        if waiting.spoiled != self._spoiled:
            self._spoiled = waiting.spoiled
            LOG.warning("events in the spool were altered or can't be read: %s", ", ".join(waiting.spoiled))
        if len(waiting.removed) != self._removed:
            self._removed = len(waiting.removed)
            LOG.warning(
                "events that waited in the spool were taken out before %s", ", ".join(waiting.removed)
            )
        return waiting

    def copies(self, kind: ChainKind[S]) -> dict[UUID, tuple[int, S]]:
        """Number and fold of every chain that was not over when it was last seen; raises a `JournalError`."""
        return self.spool.copies(kind) if self.spool else {}

    def last_known(self, kind: ChainKind[S], chain: UUID, store: Store | None) -> S | None:
        """What this program, or an earlier one of this user, last saw of it."""
        known = store.cached(kind, chain) if store else None
        if known is None:
            _, known = self.copies(kind).get(chain, (0, None))
        return known

    def keep(self, kind: ChainKind[S], chain: UUID, store: Store) -> None:
        """Copy what the team's database has, for the time when it is away; no reason to fail."""
        known = store.cached(kind, chain)
        if self.spool is None or known is None or self._copied.get(chain) == known.sequence:
            return
        try:
            number = self._numbers.get(chain) or store.number(kind, chain)
            if number is not None:
                self._numbers[chain] = number
                self.spool.save_copy(known, number)
                self._copied[chain] = known.sequence
        except JournalError as error:
            LOG.warning("no copy of %s %s was kept: %s", kind.name, chain, error)
