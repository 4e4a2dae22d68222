"""One journal database: events in, incidents and runs out. Knows nothing of spools and retries; `Journal` does.

Writers on one chain queue at its row: each reads the chain's head inside its own transaction, so that all events are
kept, in one order. The last thing before the commit is the entry in the ledger.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import Integer, cast, func, insert, select, update
from sqlalchemy import text as sql

from core.message import say
from incidents.events.event import GENESIS, Record, chain, record_from_row, to_event, to_record
from incidents.events.run import Run
from incidents.events.run_body import RunClaimed
from incidents.journal import lease, ledger
from incidents.journal.database import CHANNEL
from incidents.journal.errors import JournalError, WriteConflict
from incidents.journal.kinds import INCIDENTS, RUNS, is_of_run
from incidents.journal.ledger import Head
from incidents.journal.snapshot import FIELDS, Snapshot
from incidents.journal.tables import EVENT, LEDGER

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Connection

    from incidents.events.event import Draft, Event
    from incidents.journal.database import Database
    from incidents.journal.kinds import AnyKind, ChainKind, S, State
    from incidents.journal.lease import Heartbeat

_NUMBER_LOCK = 7_717_766_002


class Store:
    """Reads and writes one database; caches what it folded, so that one more event costs one step."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._cache: dict[UUID, State] = {}
        self._lock = threading.Lock()

    def close(self) -> None:
        """Give all connections back."""
        self.database.engine.dispose()

    def append(self, draft: Draft, expected_sequence: int | None = None) -> Event:
        """Write one event; it is on the disk when this returns. The same id twice is written once.

        `expected_sequence` is the one that the writer saw last: raises `WriteConflict` if others came after it. With a
        `RunClaimed` the run's resource is taken, or `ResourceHeld` raised; the event then holds the fencing token. What
        ends a run gives its resource back. Raises `NoSuchChain` and what `Database` raises.
        """
        if is_of_run(draft.body):
            return self._append(RUNS, draft, expected_sequence)
        return self._append(INCIDENTS, draft, expected_sequence)

    def _append(self, kind: ChainKind[S], draft: Draft, expected_sequence: int | None) -> Event:
        with self.database.write() as connection:
            head = connection.execute(
                select(kind.table.c.number, kind.table.c.sequence, kind.table.c.digest)
                .where(kind.table.c.id == str(draft.chain))
                .with_for_update()
            ).one_or_none()
            if head is None:
                number = self._free_number(connection, kind)
                event, state = self._first(connection, kind, draft, number)
            else:
                if draft.origin and (known := _by_id(connection, draft.id)):
                    return known
                if expected_sequence is not None and head.sequence != expected_sequence:
                    raise WriteConflict(say("journal.overtaken", seen=expected_sequence, now=head.sequence))
                number = head.number
                event, state = self._next(connection, kind, draft, (head.sequence, head.digest))
            ledger.extend(connection, Head(kind.name, number, str(event.chain), event.sequence, event.digest))
            if self.database.is_postgres:
                payload = f"{event.chain}:{event.sequence}"
                connection.execute(
                    sql("SELECT pg_notify(:channel, :payload)"), {"channel": CHANNEL, "payload": payload}
                )
        self._keep(state)
        return event

    def load(self, kind: ChainKind[S], chain: UUID) -> S:
        """The incident or run as the database has it now; raises `NoSuchChain`."""
        with self.database.read() as connection:
            head = connection.execute(
                select(kind.table.c.sequence, kind.table.c.digest).where(kind.table.c.id == str(chain))
            ).one_or_none()
            if head is None:
                raise kind.missing(say(kind.no_such, ref=str(chain)))
            state = self._catch_up(connection, kind, chain, (head.sequence, head.digest))
        self._keep(state)
        return state

    def cached(self, kind: ChainKind[S], chain: UUID) -> S | None:
        """The incident or run as it was last folded, without asking the database."""
        with self._lock:
            state = self._cache.get(chain)
        return state if isinstance(state, kind.state) else None

    def _keep(self, state: State) -> None:
        """Cache a fold, unless a later one is cached already."""
        with self._lock:
            known = self._cache.get(state.id)
            if known is None or known.sequence <= state.sequence:
                self._cache[state.id] = state

    def find(self, kind: ChainKind[S], ref: str) -> UUID | None:
        """What `INC-42`, `42` or the whole id names."""
        number = ref.upper().removeprefix(f"{kind.prefix}-")
        is_number = number.isascii() and number.isdigit() and len(number) < 10
        where = kind.table.c.number == int(number) if is_number else kind.table.c.id == ref.lower()
        with self.database.read() as connection:
            chain = connection.scalar(select(kind.table.c.id).where(where))
        return UUID(chain) if chain else None

    def number(self, kind: ChainKind[S], chain: UUID) -> int | None:
        """The 42 of INC-42."""
        with self.database.read() as connection:
            return connection.scalar(select(kind.table.c.number).where(kind.table.c.id == str(chain)))

    def last_sequences(self, kind: AnyKind) -> dict[UUID, int]:
        """The last sequence of every incident, or of every run."""
        with self.database.read() as connection:
            rows = connection.execute(select(kind.table.c.id, kind.table.c.sequence)).all()
        return {UUID(row.id): row.sequence for row in rows if _is_uuid(row.id)}

    def import_records(self, records: Sequence[Record]) -> int:
        """Import one chain's records as they are; returns how many were new.

        Raises `JournalError` when the journal has another event at the place of one of them.
        """
        events = [to_event(record) for record in records]
        if is_of_run(events[0].body):
            return self._import(RUNS, records, RUNS.fold(events))
        return self._import(INCIDENTS, records, INCIDENTS.fold(events))

    def _import(self, kind: ChainKind[S], records: Sequence[Record], state: S) -> int:
        with self.database.write() as connection:
            stored = _records_after(connection, state.id, 0)
            pairs = zip(stored, records, strict=False)
            if fork := next((new for old, new in pairs if old.digest != new.digest), None):
                raise JournalError(say("journal.forked", ref=fork.chain, sequence=fork.sequence))
            fresh = records[len(stored) :]
            if not fresh:
                return 0
            if stored:
                row = connection.execute(select(kind.table.c.number).where(kind.table.c.id == str(state.id)))
                number = int(row.scalar_one())
                connection.execute(
                    update(kind.table).where(kind.table.c.id == str(state.id)).values(**kind.columns(state))
                )
            else:
                number = self._free_number(connection, kind)
                connection.execute(
                    insert(kind.table).values(id=str(state.id), number=number, **kind.columns(state))
                )
            connection.execute(insert(EVENT), [asdict(record) for record in fresh])
            ledger.extend(connection, Head(kind.name, number, str(state.id), state.sequence, state.digest))
        return len(fresh)

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        """The whole journal as it is at one moment, whoever writes meanwhile."""
        with self.database.read(repeatable=True) as connection:
            yield Snapshot(connection)

    def records(self, chain: UUID | None = None, kinds: Sequence[str] = ()) -> Iterator[Record]:
        """See `Snapshot.records`."""
        with self.snapshot() as snapshot:
            yield from snapshot.records(chain, kinds)

    def beat(self, run: UUID) -> bool:
        """A sign of life of a claimed run; False when it has ended or was taken from its runner, who must stop."""
        with self.database.write() as connection:
            return lease.beat(connection, run)

    def heartbeats(self) -> dict[UUID, Heartbeat]:
        """The last sign of life of every run that is claimed and has not ended."""
        with self.database.read() as connection:
            return lease.heartbeats(connection)

    def holder(self, resource: str) -> UUID | None:
        """The run that has `resource`."""
        with self.database.read() as connection:
            return lease.holder(connection, resource)

    def _first(
        self, connection: Connection, kind: ChainKind[S], draft: Draft, number: int
    ) -> tuple[Event, S]:
        if not isinstance(draft.body, kind.first):
            raise kind.missing(say(kind.no_such, ref=str(draft.chain)))
        event = chain(draft, (0, GENESIS))
        state = kind.fold([event])
        connection.execute(
            insert(kind.table).values(id=str(draft.chain), number=number, **kind.columns(state))
        )
        connection.execute(insert(EVENT).values(**_columns(event)))
        return event, state

    def _free_number(self, connection: Connection, kind: ChainKind[S]) -> int:
        """The next number, also where the last chain was removed by hand.

        Nobody else gets it, for on Postgres a lock is held until the transaction ends.
        """
        if self.database.is_postgres:
            connection.execute(sql("SELECT pg_advisory_xact_lock(:key)"), {"key": _NUMBER_LOCK})
        listed = connection.scalar(select(func.max(cast(kind.table.c.number, Integer)))) or 0
        known = (
            connection.scalar(
                select(func.max(cast(LEDGER.c.number, Integer))).where(LEDGER.c.kind == kind.name)
            )
            or 0
        )
        return max(listed, known) + 1

    def _next(
        self, connection: Connection, kind: ChainKind[S], draft: Draft, head: tuple[int, str]
    ) -> tuple[Event, S]:
        before = self._catch_up(connection, kind, draft.chain, head)
        if isinstance(draft.body, RunClaimed) and not _is_late(draft, before):
            draft = draft._replace(body=lease.take(connection, before, draft.body))
        event = chain(draft, head)
        state = kind.apply(before, event)
        if _is_ended_run(state):
            lease.give_back(connection, draft.chain)
        connection.execute(insert(EVENT).values(**_columns(event)))
        connection.execute(
            update(kind.table).where(kind.table.c.id == str(draft.chain)).values(**kind.columns(state))
        )
        return event, state

    def _catch_up(
        self, connection: Connection, kind: ChainKind[S], chain_id: UUID, head: tuple[int, str]
    ) -> S:
        """What is cached plus what others wrote since; all anew when the two don't fit (a restored backup)."""
        known = self.cached(kind, chain_id)
        if known is not None and known.sequence <= head[0]:
            for record in _records_after(connection, chain_id, known.sequence):
                event = to_event(record)
                if event.previous != known.digest:
                    break
                known = kind.apply(known, event)
            if (known.sequence, known.digest) == head:
                return known
        with self._lock:
            self._cache.pop(chain_id, None)
        events = [to_event(record) for record in _records_after(connection, chain_id, 0)]
        if not events:
            raise kind.missing(say("journal.no_events", ref=str(chain_id)))
        return kind.fold(events)


def _is_ended_run(state: State) -> bool:
    return isinstance(state, Run) and state.has_ended


def _is_late(claim: Draft, run: State) -> bool:
    """Whether a claim from a spool finds the run claimed or ended: it is kept and changes nothing, for nobody can refuse it now."""
    return bool(claim.origin) and isinstance(run, Run) and not run.is_unclaimed


def _columns(event: Event) -> dict[str, object]:
    record = to_record(event)
    return {name: getattr(record, name) for name in Record.__dataclass_fields__}


def _by_id(connection: Connection, event: UUID) -> Event | None:
    row = connection.execute(select(*FIELDS).where(EVENT.c.id == str(event))).one_or_none()
    return None if row is None else to_event(record_from_row(row))


def _records_after(connection: Connection, chain_id: UUID, sequence: int) -> list[Record]:
    query = select(*FIELDS).where(EVENT.c.chain == str(chain_id), EVENT.c.sequence > sequence)
    return [record_from_row(row) for row in connection.execute(query.order_by(EVENT.c.sequence))]


def _is_uuid(value: object) -> bool:
    try:
        UUID(str(value))
    except ValueError:
        return False
    return True
