"""News of the journal: which incidents, or runs, others have written to, at most two seconds later.

Postgres tells by LISTEN/NOTIFY, or is asked each second where a pooler stands between, which forgets who listens; of
SQLite `PRAGMA data_version` is asked, which costs no read of the file. After a lost connection the last sequences of
all of them are compared, so that nothing that came meanwhile is missed.
"""

from __future__ import annotations

import asyncio
import logging
import random
import threading
from typing import TYPE_CHECKING

from sqlalchemy import text as sql

from incidents.journal.database import CHANNEL
from incidents.journal.errors import JournalAway, JournalError, driver_errors, unavailable
from incidents.journal.kinds import INCIDENTS
from signals.connections.postgres import is_pooled

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from uuid import UUID

    from sqlalchemy import Connection

    from incidents.journal.database import Database
    from incidents.journal.journal import Journal
    from incidents.journal.kinds import AnyKind
    from incidents.journal.store import Store

POLL_S = 0.5
"""Between two looks at SQLite."""
JITTER_S = 0.3
"""At most this long news of Postgres wait; what comes meanwhile is one piece of news (debounce)."""
POOLED_POLL_S = 1.0
"""Between two looks at a Postgres behind a pooler: a whole connection each."""
KEEPALIVE_S = 10.0
"""After so long without news Postgres is asked whether it still lives."""
LOG = logging.getLogger(__name__)


async def watch(journal: Journal, kind: AnyKind = INCIDENTS) -> AsyncIterator[frozenset[UUID]]:
    """Yield the incidents (or, of the kind `RUNS`, the runs) that have new events, also one's own, until it is closed.

    While the team's database is away it waits, tries again, and merges the spool as soon as that is possible; an
    empty set says that the connection came (also the first time: what is read from now on misses nothing) or went
    (`Journal.away` and `Journal.spooled` say more).
    """
    known: dict[UUID, int] | None = None
    while True:
        try:
            store = await asyncio.to_thread(journal.store)
            await asyncio.to_thread(_merge, journal)
            if known is not None:
                yield frozenset()
            async for now in _follow(store, kind):
                before, known = known, now
                if before is None:
                    yield frozenset()
                elif changed := _changed(before, now):
                    yield changed
        except JournalAway as error:
            journal.mark_away(error)
            LOG.info("the watch waits: %s", error)
            known = known or {}
            yield frozenset()
            await asyncio.sleep(journal.retry_s)


def _merge(journal: Journal) -> None:
    """A database that answers but takes nothing can still be watched; its events stay in the spool."""
    try:
        journal.merge()
    except JournalAway:
        raise
    except JournalError as error:
        LOG.warning("the spool is not merged: %s", error)


def _changed(before: dict[UUID, int], now: dict[UUID, int]) -> frozenset[UUID]:
    return frozenset(chain for chain, sequence in now.items() if before.get(chain, 0) != sequence)


async def _follow(store: Store, kind: AnyKind) -> AsyncIterator[dict[UUID, int]]:
    """The last sequences of all of a kind, first as they are, then after each change."""
    follow = _postgres if store.database.is_postgres else _sqlite
    async for _ in follow(store.database):
        yield await asyncio.to_thread(store.last_sequences, kind)


async def _sqlite(database: Database) -> AsyncIterator[None]:
    with driver_errors(database.place):
        connection = await asyncio.to_thread(database.engine.connect)
        lock = threading.Lock()  # a thread goes on when its task is cancelled

        def look() -> int:
            with lock:
                return _data_version(connection)

        try:
            before = None
            while True:
                now = await asyncio.to_thread(look)
                if now != before:
                    yield
                before = now
                await asyncio.sleep(POLL_S)
        finally:
            with lock:  # closed under a thread that asks, it ends the process (CPython's sqlite3)
                connection.close()


def _data_version(connection: Connection) -> int:
    """Changes whenever another connection has written; asked outside a transaction, or it would stand still."""
    version: int = connection.execute(sql("PRAGMA data_version")).scalar_one()
    connection.rollback()
    return version


async def _postgres(database: Database) -> AsyncIterator[None]:
    import psycopg

    keywords = {} if database.address is None else {**database.address.keywords}
    try:
        async with await psycopg.AsyncConnection.connect(
            **{**keywords, "connect_timeout": 5, "application_name": "warroom watch"}, autocommit=True
        ) as connection:
            cursor = await connection.execute("SELECT pg_backend_pid()")
            session = await cursor.fetchone()
            pooled = is_pooled(connection.info.backend_pid, session[0] if session else None)
            if not pooled:
                await connection.execute(f"LISTEN {CHANNEL}".encode())
                yield
            while not pooled:
                notified = False
                async for _ in connection.notifies(timeout=KEEPALIVE_S, stop_after=1):
                    notified = True
                if notified:  # many are notified at once: they do not all ask at once
                    await asyncio.sleep(random.uniform(0, JITTER_S))  # noqa: S311  # jitter, no secret
                    async for _ in connection.notifies(timeout=0):
                        pass
                    yield
                else:
                    await asyncio.wait_for(connection.execute("SELECT 1"), KEEPALIVE_S)
    except (psycopg.OperationalError, TimeoutError) as error:
        raise unavailable(error, database.place) from None
    while True:  # the caller reads anew each time, and finds out itself that the database is away
        yield
        await asyncio.sleep(POOLED_POLL_S)
