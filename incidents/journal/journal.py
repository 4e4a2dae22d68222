"""The journal: append an event, load an incident or a run, list them, watch what others write.

    journal = open_journal(settings)
    opened = journal.open_incident("ic1", Opened(title="429 storm", severity="SEV2"))
    journal.append(opened.chain, "op1", Noted(text="spike starts with v2.2.1"))
    incident = journal.load(opened.chain)

    planned = journal.plan_run("op1", RunPlanned(action="queue.throttle", danger="mitigate", resource="celery"))
    claimed = journal.claim_run(planned.chain, "op1", host="ops1", expected_sequence=1)
    journal.append(planned.chain, "op1", RunFinished(exit_code=0))
    run = journal.load_run(planned.chain)

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
from incidents.events.run_body import RunClaimed, RunStarted
from incidents.journal.database import is_shared, journal_place, open_database
from incidents.journal.errors import JournalAway, JournalError, NoSuchChain, ResourceHeld, WriteConflict
from incidents.journal.fallback import Fallback
from incidents.journal.history import list_incidents, list_runs, summary_of
from incidents.journal.kinds import INCIDENTS, RUNS, is_of_run
from incidents.journal.spool import Spool
from incidents.journal.sqlite_file import default_file
from incidents.journal.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from uuid import UUID

    from core.message import Message
    from incidents.events.body import Body, Opened
    from incidents.events.event import Event
    from incidents.events.incident import Incident
    from incidents.events.run import Run
    from incidents.events.run_body import RunBody, RunPlanned
    from incidents.journal.history import Summary
    from incidents.journal.kinds import ChainKind, S
    from incidents.journal.lease import Heartbeat
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
        spool = None
        if is_shared(settings):
            spool = Spool(settings.spool_file or default_file().with_name("spool.db"))
        self._spool = spool
        self._fallback = Fallback(spool)

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
        return len(self._fallback.waiting().events)

    def spoiled(self) -> tuple[str, ...]:
        """Ids of lines in the spool that were altered or can't be read: they stay there, and are not merged."""
        return self._fallback.waiting().spoiled

    def spool_removed(self) -> tuple[str, ...]:
        """Before when (UTC) events that waited in the spool were taken out by somebody else."""
        return self._fallback.waiting().removed

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
        """Open an incident; the event's `chain` is its id."""
        return self.append(new_id(), actor, body)

    def plan_run(self, actor: str, body: RunPlanned) -> Event:
        """Begin a run; the event's `chain` is its id."""
        return self.append(new_id(), actor, body)

    def claim_run(
        self, run: UUID, actor: str, *, host: str, runner: str = "", expected_sequence: int
    ) -> Event:
        """Take a run and its resource for one runner; the event's body holds the fencing token.

        Raises `WriteConflict` when somebody else was first, `ResourceHeld` while another run has the resource, and
        `JournalAway` while the team's database is: who else holds it can't be known then.
        """
        body = RunClaimed(host=host, runner=runner)
        return self.append(run, actor, body, expected_sequence=expected_sequence)

    def append(
        self, chain: UUID, actor: str, body: Body | RunBody, *, expected_sequence: int | None = None
    ) -> Event:
        """Write one event; it is on a disk (the journal's or the spool's) when this returns.

        With `expected_sequence` (the one seen last) it is written only if nobody came after it, else `WriteConflict`
        is raised; since a spool can't know that, such an event is not spooled, and neither is the start of a run that
        needs a resource. Raises a `JournalError`.
        """
        draft = Draft(new_id(), chain, actor, body, self._clock())
        try:
            self.merge()
            store = self.store()
            event = store.append(draft, expected_sequence)
        except (NoSuchChain, WriteConflict, ResourceHeld):
            raise
        except (
            JournalError
        ) as error:  # away, full, refused: whatever ails the team's database, nothing is lost
            self.mark_away(error)
            if self._spool is None or expected_sequence is not None or self.read_only:
                raise
            return self._append_to_spool(self._spool, draft)
        if is_of_run(body):
            self._fallback.keep(RUNS, chain, store)
        else:
            self._fallback.keep(INCIDENTS, chain, store)
        return event

    def _append_to_spool(self, spool: Spool, draft: Draft) -> Event:
        if is_of_run(draft.body):
            known: Run | Incident | None = self._fallback.last_known(RUNS, draft.chain, self._store)
            if (
                isinstance(draft.body, RunClaimed | RunStarted)
                and (run := self.load_run(draft.chain)).resource
            ):
                raise JournalAway(say("journal.away_no_claim", resource=run.resource, place=self.place))
        else:
            known = self._fallback.last_known(INCIDENTS, draft.chain, self._store)
        return spool.append(draft, (known.sequence, known.digest) if known else None)

    def load(self, incident: UUID) -> Incident:
        """The incident now, with what still waits in the spool; raises `NoSuchIncident` or a `JournalError`."""
        return self._load(INCIDENTS, incident)

    def load_run(self, run: UUID) -> Run:
        """The run now, with what still waits in the spool; raises `NoSuchRun` or a `JournalError`."""
        return self._load(RUNS, run)

    def _load(self, kind: ChainKind[S], chain: UUID) -> S:
        known: S | None
        problem: JournalError | None = None
        try:
            store = self.store()
            known = store.load(kind, chain)
            self._fallback.keep(kind, chain, store)
        except (JournalAway, NoSuchChain) as error:
            problem = error
            if isinstance(error, JournalAway):
                self.mark_away(error)
            known = self._fallback.last_known(kind, chain, self._store)
        waiting = [event for event in self._fallback.waiting().events if event.chain == chain]
        if known is None:
            if not waiting:
                raise problem or kind.missing(say(kind.no_such, ref=str(chain)))
            return kind.fold(waiting)
        merged = {event.id for event in known.events}
        for event in waiting:
            if event.id not in merged:
                known = kind.apply(known, event)
        return known

    def runs(
        self, *, incident: UUID | None = None, active: bool = False, limit: int | None = None
    ) -> list[tuple[str, Run]]:
        """Runs with their labels, newest first: those of one incident, those that have not ended, or all.

        While the team's database is away: those that wait in the spool. Raises a `JournalError`.
        """
        waiting = {event.chain: None for event in self._fallback.waiting().events if is_of_run(event.body)}
        try:
            listed = list_runs(self.store(), incident=incident, active=active, limit=limit)
        except JournalAway as error:
            self.mark_away(error)
            if not waiting:
                raise
            listed = []
        numbers = {run.id: number for number, run in listed}
        runs = [(RUNS.unnumbered(run), self.load_run(run)) for run in waiting if run not in numbers]
        runs = [
            (label, run)
            for label, run in reversed(runs)
            if (incident is None or run.planned.incident == incident) and not (active and run.has_ended)
        ]
        runs += [(RUNS.label(number), run) for number, run in listed]
        return runs[:limit]

    def history(
        self, search: str = "", statuses: Sequence[str] = (), limit: int | None = None
    ) -> list[Summary]:
        """Incidents, newest first; `search` looks in everything that was said. Raises a `JournalError`.

        While the team's database is away: those that were not resolved when last seen, by title.
        """
        try:
            return list_incidents(self.store(), search, statuses, limit)
        except JournalAway as error:
            self.mark_away(error)
            if self._spool is None:
                raise
            numbers = {incident: number for incident, (number, _) in self._fallback.copies(INCIDENTS).items()}
            numbers |= {
                event.chain: 0
                for event in self._fallback.waiting().events
                if event.chain not in numbers and not is_of_run(event.body)
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
        return self._find(INCIDENTS, ref)

    def find_run(self, ref: str) -> UUID:
        """The run that a person calls `RUN-7`, `7`, `RUN-~1a2b3c` or by its whole id."""
        return self._find(RUNS, ref)

    def _find(self, kind: ChainKind[S], ref: str) -> UUID:
        for event in self._fallback.waiting().events:
            is_run = is_of_run(event.body)
            if is_run == (kind.name == "run") and ref in (kind.unnumbered(event.chain), str(event.chain)):
                return event.chain
        try:
            chain = self.store().find(kind, ref)
        except JournalAway as error:
            self.mark_away(error)
            copies = self._fallback.copies(kind)
            labels = {kind.label(number): known for known, (number, _) in copies.items()}
            chain = labels.get(f"{kind.prefix}-{ref.upper().removeprefix(f'{kind.prefix}-')}")
            if chain is None:
                raise
        if chain is None:
            raise kind.missing(say(kind.no_such, ref=clean(ref, 80)))
        return chain

    def label(self, incident: UUID) -> str:
        """How people call it: `INC-42`, or `INC-~1a2b3c` until the team's database has given a number."""
        return self._label(INCIDENTS, incident)

    def run_label(self, run: UUID) -> str:
        """How people call a run: `RUN-7`, or `RUN-~1a2b3c`."""
        return self._label(RUNS, run)

    def _label(self, kind: ChainKind[S], chain: UUID) -> str:
        try:
            number = self.store().number(kind, chain)
        except JournalAway:
            copies = self._fallback.copies(kind)
            number = copies[chain][0] if chain in copies else None
        return kind.unnumbered(chain) if number is None else kind.label(number)

    def role(self) -> str | None:
        """The role with which this program got into the team's database; None where the journal is a file.

        Raises `JournalAway`: then nobody can say it.
        """
        return self.store().database.role() if is_shared(self._settings) else None

    def beat(self, run: UUID) -> bool:
        """A sign of life of a claimed run; False when it was ended by others: its runner must stop.

        Raises a `JournalError`, `JournalAway` first of all: nobody knows then.
        """
        return self.store().beat(run)

    def heartbeats(self) -> dict[UUID, Heartbeat]:
        """The last sign of life of every run that is claimed and has not ended; raises a `JournalError`."""
        return self.store().heartbeats()

    def holder(self, resource: str) -> UUID | None:
        """The run that has `resource` for itself; raises a `JournalError`."""
        return self.store().holder(resource)

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
        if self._spool is None or store.database.read_only or not self._fallback.waiting().events:
            return 0
        merged = 0
        with self._spool.merging() as waiting:
            for event in waiting:
                body = event.body
                if body.kind == "unreadable":
                    continue
                draft = Draft(event.id, event.chain, event.actor, body, event.at, event.digest)
                try:
                    store.append(draft)
                except NoSuchChain as error:
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
