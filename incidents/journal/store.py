"""One journal database: events in, incidents out. Knows nothing of spools and retries; `Journal` does.

Writers on one incident queue at its row: each reads the chain's head inside its own transaction, so that all events
are kept, in one order.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import asdict
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from sqlalchemy import func, insert, select, update
from sqlalchemy import text as sql

from core.message import say
from incidents.events.body import MOMENTS, Opened
from incidents.events.event import (
    GENESIS,
    Record,
    chain,
    read_time,
    record_from_row,
    to_event,
    to_record,
    write_time,
)
from incidents.events.fold import apply, fold
from incidents.journal.database import CHANNEL, EVENT, INCIDENT
from incidents.journal.errors import JournalError, NoSuchIncident, WriteConflict

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Connection, Row

    from incidents.events.body import Moment
    from incidents.events.event import Draft, Event
    from incidents.events.incident import Incident
    from incidents.journal.database import Database

LOG = logging.getLogger(__name__)
_LISTED_TEXTS = ("title", "severity", "status", "runbook", "commander")
_NUMBER_LOCK = 7_717_766_002
_FIELDS = tuple(EVENT.c[name] for name in Record.__dataclass_fields__)


class Summary(NamedTuple):
    """What a list of incidents shows."""

    id: UUID
    number: int
    sequence: int
    title: str
    severity: str
    status: str
    drill: bool
    runbook: str
    commander: str
    opened_at: dt.datetime
    times: dict[Moment, dt.datetime]

    @property
    def label(self) -> str:
        """How people call it; `number` is 0 until the team's database has given one."""
        return f"INC-{self.number}" if self.number else unnumbered(self.id)


def unnumbered(incident: UUID) -> str:
    """What an incident is called before it has its number."""
    return f"INC-~{incident.hex[-6:]}"


def summary_of(incident: Incident, number: int) -> Summary:
    """The same from a fold."""
    return Summary(
        id=incident.id,
        number=number,
        sequence=incident.sequence,
        title=incident.title,
        severity=incident.severity,
        status=incident.status,
        drill=incident.drill,
        runbook=incident.runbooks[0] if incident.runbooks else "",
        commander=incident.roles.get("ic", ""),
        opened_at=incident.opened_at,
        times=dict(incident.times),
    )


class Store:
    """Reads and writes one database; caches what it folded, so that one more event costs one step."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._cache: dict[UUID, Incident] = {}
        self._lock = threading.Lock()

    def close(self) -> None:
        """Give all connections back."""
        self.database.engine.dispose()

    def append(self, draft: Draft, expected_sequence: int | None = None) -> Event:
        """Write one event; it is on the disk when this returns. The same id twice is written once.

        `expected_sequence` is the one that the writer saw last: raises `WriteConflict` if others came after it. Raises
        `NoSuchIncident` and what `Database` raises.
        """
        with self.database.write() as connection:
            head = connection.execute(
                select(INCIDENT.c.sequence, INCIDENT.c.digest)
                .where(INCIDENT.c.id == str(draft.incident))
                .with_for_update()
            ).one_or_none()
            if head is None:
                event, incident = self._first(connection, draft)
            else:
                if draft.origin and (known := _by_id(connection, draft.id)):
                    return known
                if expected_sequence is not None and head.sequence != expected_sequence:
                    raise WriteConflict(say("journal.overtaken", seen=expected_sequence, now=head.sequence))
                event, incident = self._next(connection, draft, (head.sequence, head.digest))
            if self.database.is_postgres:
                payload = f"{event.incident}:{event.sequence}"
                connection.execute(
                    sql("SELECT pg_notify(:channel, :payload)"), {"channel": CHANNEL, "payload": payload}
                )
        self._keep(incident)
        return event

    def load(self, incident: UUID) -> Incident:
        """The incident as the database has it now; raises `NoSuchIncident`."""
        with self.database.read() as connection:
            head = connection.execute(
                select(INCIDENT.c.sequence, INCIDENT.c.digest).where(INCIDENT.c.id == str(incident))
            ).one_or_none()
            if head is None:
                raise NoSuchIncident(say("journal.no_such_incident", ref=str(incident)))
            folded = self._catch_up(connection, incident, (head.sequence, head.digest))
        self._keep(folded)
        return folded

    def cached(self, incident: UUID) -> Incident | None:
        """The incident as it was last folded, without asking the database."""
        with self._lock:
            return self._cache.get(incident)

    def _keep(self, incident: Incident) -> None:
        """Cache a fold, unless a later one is cached already."""
        with self._lock:
            known = self._cache.get(incident.id)
            if known is None or known.sequence <= incident.sequence:
                self._cache[incident.id] = incident

    def find(self, ref: str) -> UUID | None:
        """The incident that `INC-42`, `42` or its whole id names."""
        number = ref.upper().removeprefix("INC-")
        is_number = number.isascii() and number.isdigit() and len(number) < 10
        where = INCIDENT.c.number == int(number) if is_number else INCIDENT.c.id == ref.lower()
        with self.database.read() as connection:
            incident = connection.scalar(select(INCIDENT.c.id).where(where))
        return UUID(incident) if incident else None

    def number(self, incident: UUID) -> int | None:
        """The 42 of INC-42."""
        with self.database.read() as connection:
            return connection.scalar(select(INCIDENT.c.number).where(INCIDENT.c.id == str(incident)))

    def history(
        self, search: str = "", statuses: Sequence[str] = (), limit: int | None = None
    ) -> list[Summary]:
        """Incidents, newest first. `search` is looked for in titles and in everything that was said."""
        query = select(INCIDENT).order_by(INCIDENT.c.number.desc()).limit(limit)
        if statuses:
            query = query.where(INCIDENT.c.status.in_(statuses))
        if search:
            matching = select(EVENT.c.incident).where(EVENT.c.body.icontains(search, autoescape=True))
            query = query.where(
                INCIDENT.c.title.icontains(search, autoescape=True) | INCIDENT.c.id.in_(matching)
            )
        with self.database.read() as connection:
            rows = connection.execute(query).all()
        summaries = (_summary(row) or self._summary_from_events(row) for row in rows)
        return [summary for summary in summaries if summary is not None]

    def _summary_from_events(self, row: Row[tuple[object, ...]]) -> Summary | None:
        """Of an incident whose line in the list can't be read; None when it can't even be found by it."""
        columns = row._mapping  # noqa: SLF001  # SQLAlchemy's public name for a row as a mapping
        try:
            return summary_of(self.load(UUID(columns["id"])), int(columns["number"]))
        except (ValueError, TypeError, AttributeError, NoSuchIncident) as error:
            LOG.warning("a line in the list of incidents can't be read: %s", error)
            return None

    def last_sequences(self) -> dict[UUID, int]:
        """The last sequence of every incident."""
        with self.database.read() as connection:
            rows = connection.execute(select(INCIDENT.c.id, INCIDENT.c.sequence)).all()
        return {UUID(row.id): row.sequence for row in rows if _is_uuid(row.id)}

    def incident_rows(self) -> dict[str, tuple[int, dict[str, object]]]:
        """Number and columns of every incident, as they are stored."""
        with self.database.read() as connection:
            rows = [dict(row._mapping) for row in connection.execute(select(INCIDENT))]  # noqa: SLF001  # public in SQLAlchemy
        return {str(row.pop("id")): (int(row.pop("number")), row) for row in rows}

    def import_records(self, records: Sequence[Record]) -> int:
        """Import one incident's records with their chain as it is; returns how many were new.

        Raises `JournalError` when the journal has another event at the place of one of them.
        """
        events = [to_event(record) for record in records]
        with self.database.write() as connection:
            stored = _records_after(connection, events[0].incident, 0)
            pairs = zip(stored, records, strict=False)
            if fork := next((new for old, new in pairs if old.digest != new.digest), None):
                raise JournalError(say("journal.forked", ref=fork.incident, sequence=fork.sequence))
            if not stored:
                number = self._free_number(connection)
                columns = summary_columns(fold(events))
                connection.execute(
                    insert(INCIDENT).values(id=str(events[0].incident), number=number, **columns)
                )
            fresh = records[len(stored) :]
            if fresh:
                connection.execute(insert(EVENT), [asdict(record) for record in fresh])
                connection.execute(
                    update(INCIDENT)
                    .where(INCIDENT.c.id == str(events[0].incident))
                    .values(**summary_columns(fold(events)))
                )
        return len(fresh)

    def records(self, incident: UUID | None = None, kinds: Sequence[str] = ()) -> Iterator[Record]:
        """Stored events as they are, incident by incident in order of number, each in order of sequence."""
        query = select(*_FIELDS).join(INCIDENT, isouter=True).order_by(INCIDENT.c.number, EVENT.c.sequence)
        if incident is not None:
            query = query.where(EVENT.c.incident == str(incident))
        if kinds:
            query = query.where(EVENT.c.kind.in_(kinds))
        with self.database.read() as connection:
            for row in connection.execution_options(yield_per=1000).execute(query):
                yield record_from_row(row)

    def _first(self, connection: Connection, draft: Draft) -> tuple[Event, Incident]:
        if not isinstance(draft.body, Opened):
            raise NoSuchIncident(say("journal.no_such_incident", ref=str(draft.incident)))
        number = self._free_number(connection)
        event = chain(draft, (0, GENESIS))
        incident = fold([event])
        connection.execute(
            insert(INCIDENT).values(id=str(draft.incident), number=number, **summary_columns(incident))
        )
        connection.execute(insert(EVENT).values(**_columns(event)))
        return event, incident

    def _free_number(self, connection: Connection) -> int:
        """The next number; nobody else gets it, for on Postgres a lock is held until the transaction ends."""
        if self.database.is_postgres:
            connection.execute(sql("SELECT pg_advisory_xact_lock(:key)"), {"key": _NUMBER_LOCK})
        return (connection.scalar(select(func.max(INCIDENT.c.number))) or 0) + 1

    def _next(self, connection: Connection, draft: Draft, head: tuple[int, str]) -> tuple[Event, Incident]:
        before = self._catch_up(connection, draft.incident, head)
        event = chain(draft, head)
        incident = apply(before, event)
        connection.execute(insert(EVENT).values(**_columns(event)))
        connection.execute(
            update(INCIDENT).where(INCIDENT.c.id == str(draft.incident)).values(**summary_columns(incident))
        )
        return event, incident

    def _catch_up(self, connection: Connection, incident: UUID, head: tuple[int, str]) -> Incident:
        """What is cached plus what others wrote since; all anew when the two don't fit (a restored backup)."""
        known = self.cached(incident)
        if known is not None and known.sequence <= head[0]:
            for record in _records_after(connection, incident, known.sequence):
                event = to_event(record)
                if event.previous != known.digest:
                    break
                known = apply(known, event)
            if (known.sequence, known.digest) == head:
                return known
        with self._lock:
            self._cache.pop(incident, None)
        events = [to_event(record) for record in _records_after(connection, incident, 0)]
        if not events:
            raise NoSuchIncident(say("journal.no_events", ref=str(incident)))
        return fold(events)


def summary_columns(incident: Incident) -> dict[str, object]:
    """The row of an incident, from its fold."""
    return {
        "sequence": incident.sequence,
        "digest": incident.digest,
        "title": incident.title,
        "severity": incident.severity,
        "status": incident.status,
        "drill": incident.drill,
        "runbook": incident.runbooks[0] if incident.runbooks else "",
        "commander": incident.roles.get("ic", ""),
        "opened_at": write_time(incident.opened_at),
    } | {
        f"{moment}_at": write_time(incident.times[moment]) if moment in incident.times else None
        for moment in MOMENTS
    }


def _columns(event: Event) -> dict[str, object]:
    record = to_record(event)
    return {name: getattr(record, name) for name in Record.__dataclass_fields__}


def _by_id(connection: Connection, event: UUID) -> Event | None:
    row = connection.execute(select(*_FIELDS).where(EVENT.c.id == str(event))).one_or_none()
    return None if row is None else to_event(record_from_row(row))


def _records_after(connection: Connection, incident: UUID, sequence: int) -> list[Record]:
    query = select(*_FIELDS).where(EVENT.c.incident == str(incident), EVENT.c.sequence > sequence)
    return [record_from_row(row) for row in connection.execute(query.order_by(EVENT.c.sequence))]


def _is_uuid(value: object) -> bool:
    try:
        UUID(str(value))
    except ValueError:
        return False
    return True


def _summary(row: Row[tuple[object, ...]]) -> Summary | None:
    """None where the row can't be read."""
    columns = row._mapping  # noqa: SLF001  # SQLAlchemy's public name for a row as a mapping
    if not _is_uuid(columns["id"]) or not all(isinstance(columns[name], str) for name in _LISTED_TEXTS):
        return None
    try:
        times = {moment: read_time(at) for moment in MOMENTS if (at := columns[f"{moment}_at"])}
        opened_at = read_time(columns["opened_at"])
    except (ValueError, TypeError):
        return None
    return Summary(
        id=UUID(columns["id"]),
        number=columns["number"],
        sequence=columns["sequence"],
        title=columns["title"],
        severity=columns["severity"],
        status=columns["status"],
        drill=columns["drill"],
        runbook=columns["runbook"],
        commander=columns["commander"],
        opened_at=opened_at,
        times=times,
    )
