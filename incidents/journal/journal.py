"""The journal: append an event, load an incident, list the history, watch what others write.

    journal = open_journal(settings)
    opened = journal.open_incident("ic1", Opened(title="429 storm", severity="SEV2"))
    journal.append(opened.incident, "op1", Noted(text="spike starts with v2.2.1"))
    incident = journal.load(opened.incident)

Everything here blocks for as long as a disk or a database takes: a screen calls it from a thread. A `Journal` may be
used from several threads. When the team's database is away, events go to the spool, `load` shows them on top of what
was last seen, and they are merged once it is back.
"""

from __future__ import annotations

import datetime as dt
import logging
import threading
import time
from typing import TYPE_CHECKING, TypeVar

from core.message import say
from core.text import clean
from incidents.events.event import Draft, new_id
from incidents.events.fold import apply, fold
from incidents.journal.database import is_shared, journal_place, open_database
from incidents.journal.errors import JournalAway, JournalError, NoSuchIncident, WriteConflict
from incidents.journal.spool import Spool, Waiting
from incidents.journal.sqlite_file import default_file
from incidents.journal.store import Store, summary_of, unnumbered

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from uuid import UUID

    from core.message import Message
    from incidents.events.body import Body, Opened
    from incidents.events.event import Event
    from incidents.events.incident import Incident
    from incidents.journal.store import Summary
    from incidents.settings import JournalSettings

E = TypeVar("E", bound=JournalError)
LOG = logging.getLogger(__name__)


def utc_now() -> dt.datetime:
    """The machine's clock. It may be wrong or jump: order is by sequence, never by time."""
    return dt.datetime.now(dt.UTC)


def open_journal(
    settings: JournalSettings, *, read_only: bool = False, clock: Callable[[], dt.datetime] = utc_now
) -> Journal:
    """Open the journal, bringing its schema up to date; raises a `JournalError`.

    A team database that is away is no error: the journal then begins with its spool.
    """
    journal = Journal(settings, read_only=read_only, clock=clock)
    try:
        journal.merge()
    except JournalAway as error:
        if not is_shared(settings):
            raise
        LOG.warning("the journal is away: %s", error)
    return journal


class Journal:
    """A store, and the spool that stands in for it while it is away."""

    def __init__(
        self, settings: JournalSettings, *, read_only: bool, clock: Callable[[], dt.datetime]
    ) -> None:
        self._settings = settings
        self._asked_read_only = read_only
        self._clock = clock
        self._store: Store | None = None
        self._retry_at = 0.0
        self._away: Message | None = None
        self._lock = threading.RLock()
        self._numbers: dict[UUID, int] = {}
        self._copied: dict[UUID, int] = {}
        self._spoiled: tuple[str, ...] = ()
        spool_file = settings.spool_file or default_file().with_name("spool.db")
        self._spool = Spool(spool_file) if is_shared(settings) else None

    def close(self) -> None:
        """Give all connections back; what was appended is safe already."""
        if self._store is not None:
            self._store.close()

    @property
    def place(self) -> str:
        """Where events are kept, for people."""
        return journal_place(self._settings)

    @property
    def read_only(self) -> bool:
        """Whether nothing can be written here."""
        return self._asked_read_only or (self._store is not None and self._store.database.read_only)

    @property
    def away(self) -> Message | None:
        """Why the team's database is not used now; None while it is."""
        return self._away

    @property
    def retry_s(self) -> float:
        """How long a database that is away is left alone."""
        return self._settings.retry_s

    def spooled(self) -> int:
        """How many events wait for the team's database."""
        return len(self._waiting().events)

    def spoiled(self) -> tuple[str, ...]:
        """Ids of lines in the spool that were altered or can't be read: they stay there, and are not merged."""
        return self._waiting().spoiled

    def store(self) -> Store:
        """The database; raises `JournalAway` at once while it is left alone after a failure."""
        with self._lock:
            if time.monotonic() < self._retry_at and self._away is not None:
                raise JournalAway(self._away)
            if self._store is None:
                try:
                    self._store = Store(open_database(self._settings, read_only=self._asked_read_only))
                except JournalAway as error:
                    raise self.mark_away(error) from error
            return self._store

    def open_incident(self, actor: str, body: Opened) -> Event:
        """Open an incident; the event's `incident` is its id."""
        return self.append(new_id(), actor, body)

    def append(
        self, incident: UUID, actor: str, body: Body, *, expected_sequence: int | None = None
    ) -> Event:
        """Write one event; it is on a disk (the journal's or the spool's) when this returns.

        With `expected_sequence` (the one seen last) it is written only if nobody came after it, else `WriteConflict`
        is raised; since a spool can't know that, such an event is not spooled. Raises a `JournalError`.
        """
        draft = Draft(new_id(), incident, actor, body, self._clock())
        try:
            self.merge()
            store = self.store()
            event = store.append(draft, expected_sequence)
        except (NoSuchIncident, WriteConflict):
            raise
        except (
            JournalError
        ) as error:  # away, full, refused: whatever ails the team's database, nothing is lost
            self.mark_away(error)
            if self._spool is None or expected_sequence is not None or self.read_only:
                raise
            known = self._last_known(incident)
            return self._spool.append(draft, (known.sequence, known.digest) if known else None)
        self._copy(store, incident)
        return event

    def load(self, incident: UUID) -> Incident:
        """The incident now, with what still waits in the spool; raises `NoSuchIncident` or a `JournalError`."""
        known: Incident | None
        problem: JournalError | None = None
        try:
            store = self.store()
            known = store.load(incident)
            self._copy(store, incident)
        except (JournalAway, NoSuchIncident) as error:
            problem = error
            if isinstance(error, JournalAway):
                self.mark_away(error)
            known = self._last_known(incident)
        waiting = [event for event in self._waiting().events if event.incident == incident]
        if known is None:
            if not waiting:
                raise problem or NoSuchIncident(say("journal.no_such_incident", ref=str(incident)))
            return fold(waiting)
        merged = {event.id for event in known.events}
        for event in waiting:
            if event.id not in merged:
                known = apply(known, event)
        return known

    def history(
        self, search: str = "", statuses: Sequence[str] = (), limit: int | None = None
    ) -> list[Summary]:
        """Incidents, newest first; `search` looks in everything that was said. Raises a `JournalError`.

        While the team's database is away: those that were not resolved when last seen, by title.
        """
        try:
            return self.store().history(search, statuses, limit)
        except JournalAway as error:
            self.mark_away(error)
            if self._spool is None:
                raise
            numbers = {incident: number for incident, (number, _) in self._spool.copies().items()}
            numbers |= {
                event.incident: 0 for event in self._waiting().events if event.incident not in numbers
            }
            if not numbers:
                raise
        summaries = [
            summary
            for incident, number in numbers.items()
            if search.lower() in (summary := summary_of(self.load(incident), number)).title.lower()
            and (not statuses or summary.status in statuses)
        ]
        summaries.sort(key=lambda summary: (summary.number == 0, summary.number), reverse=True)
        return summaries[:limit]

    def find(self, ref: str) -> UUID:
        """The incident that a person calls `INC-42`, `42`, `INC-~1a2b3c` (not numbered yet) or by its whole id."""
        for event in self._waiting().events:
            if ref in (unnumbered(event.incident), str(event.incident)):
                return event.incident
        try:
            incident = self.store().find(ref)
        except JournalAway as error:
            self.mark_away(error)
            copies = self._spool.copies() if self._spool else {}
            labels = {f"INC-{number}": incident for incident, (number, _) in copies.items()}
            incident = labels.get(f"INC-{ref.upper().removeprefix('INC-')}")
            if incident is None:
                raise
        if incident is None:
            raise NoSuchIncident(say("journal.no_such_incident", ref=clean(ref, 80)))
        return incident

    def label(self, incident: UUID) -> str:
        """How people call it: `INC-42`, or `INC-~1a2b3c` until the team's database has given a number."""
        try:
            number = self.store().number(incident)
        except JournalAway:
            copies = self._spool.copies() if self._spool else {}
            number = copies[incident][0] if incident in copies else None
        return unnumbered(incident) if number is None else f"INC-{number}"

    def merge(self) -> int:
        """Give the store what the spool holds, in order; returns how many. Raises `JournalAway` if it is still away.

        An event of an incident that the store does not have (it was replaced by another) stays in the spool.
        """
        store = self.store()
        if self._away is not None:
            try:
                store.database.ping()
            except JournalAway as error:
                raise self.mark_away(error) from error
            self._away = None
        if self._spool is None or store.database.read_only or not self._waiting().events:
            return 0
        merged = 0
        with self._spool.merging() as waiting:
            for event in waiting:
                body = event.body
                if body.kind == "unreadable":
                    continue
                draft = Draft(event.id, event.incident, event.actor, body, event.at, event.digest)
                try:
                    store.append(draft)
                except NoSuchIncident as error:
                    LOG.warning("event %s stays in the spool: %s", event.id, error)
                    continue
                except JournalAway as error:
                    raise self.mark_away(error) from error
                self._spool.remove(event.id)
                merged += 1
        return merged

    def mark_away(self, error: E) -> E:
        """Leave the database alone for a while; returns `error`, to be raised."""
        with self._lock:
            if self._spool is not None and error.message is not self._away:
                self._away = error.message
                self._retry_at = time.monotonic() + self._settings.retry_s
        return error

    def _last_known(self, incident: UUID) -> Incident | None:
        """What this program, or an earlier one of this user, last saw of it."""
        known = self._store.cached(incident) if self._store else None
        if known is None and self._spool is not None:
            _, known = self._spool.copies().get(incident, (0, None))
        return known

    def _copy(self, store: Store, incident: UUID) -> None:
        """Keep what the team's database has, for the time when it is away; no reason to fail."""
        known = store.cached(incident)
        if self._spool is None or known is None or self._copied.get(incident) == known.sequence:
            return
        try:
            number = self._numbers.get(incident) or store.number(incident)
            if number is not None:
                self._numbers[incident] = number
                self._spool.save_copy(known, number)
                self._copied[incident] = known.sequence
        except JournalError as error:
            LOG.warning("no copy of incident %s was kept: %s", incident, error)

    def _waiting(self) -> Waiting:
        """What the spool holds. One that can't be read at all must not keep the team's database from being used."""
        if self._spool is None:
            return Waiting((), ())
        try:
            waiting = self._spool.waiting()
        except JournalError as error:
            LOG.warning("the spool can't be read: %s", error)
            return Waiting((), (clean(str(self._spool.file)),))
        if waiting.spoiled != self._spoiled:
            self._spoiled = waiting.spoiled
            LOG.warning("events in the spool were altered or can't be read: %s", ", ".join(waiting.spoiled))
        return waiting
