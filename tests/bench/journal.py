"""The journal: an append with full sync beside a raw fsync, the fold, the history, and fifty responders at once."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import insert

from incidents.events.body import Noted, Opened, RoleTaken, StepTicked
from incidents.events.event import GENESIS, Draft, chain, new_id, to_record
from incidents.events.fold import fold
from incidents.journal import Journal, open_journal
from incidents.journal.kinds import incident_columns
from incidents.journal.tables import EVENT, INCIDENT
from incidents.journal.watch import watch
from incidents.settings import JournalSettings
from sandbox.servers import run_postgres
from tests.bench.measure import Measure

if TYPE_CHECKING:
    from uuid import UUID

    from incidents.events.event import Event

APPENDS, EVENTS, INCIDENTS, RESPONDERS, NEWS = 1000, 10_000, 5000, 50, 10
START = dt.datetime(2026, 11, 24, 3, 0, tzinfo=dt.UTC)


def measure() -> list[Measure]:
    """Five figures; the folder is a private one of the machine's temporary folder."""
    with tempfile.TemporaryDirectory(prefix="warroom-bench-") as name:
        folder = Path(name)
        folder.chmod(0o711)  # Postgres runs as nobody where we are root
        return [
            append_and_fsync(folder),
            fold_time(),
            *history_time(folder),
            asyncio.run(responders(folder)),
        ]


def journal_at(url: str, folder: Path) -> Journal:
    """A journal with its spool in `folder`."""
    values = {"url": url, "spool_file": folder / f"{new_id()}.spool", "timeout_s": 10}
    return open_journal(JournalSettings.model_validate(values))


def p99(seconds: list[float]) -> float:
    """In milliseconds."""
    return statistics.quantiles(seconds, n=100)[98] * 1000


def append_and_fsync(folder: Path) -> Measure:
    """In turn, so that a drifting disk moves both."""
    journal = journal_at(f"sqlite:///{folder}/append.db", folder)
    incident = journal.open_incident("ic1", Opened(title="bench", severity="SEV2")).chain
    appends, syncs = [], []
    with (folder / "raw").open("wb", buffering=0) as raw:
        for index in range(APPENDS):
            start = time.perf_counter()
            journal.append(incident, "op1", Noted(text=f"note {index}"))
            middle = time.perf_counter()
            raw.write(b"x" * 4096)
            os.fsync(raw.fileno())
            appends.append(middle - start)
            syncs.append(time.perf_counter() - middle)
    journal.close()
    value, floor = p99(appends), p99(syncs)
    name = "append p99, SQLite full sync (floor: write + fsync p99)"
    return Measure(name, f"{value:.1f} ms", f"{floor:.1f} ms", value / floor, "≤ 10 ms on SSD", value <= 10)


def events_of(count: int) -> list[Event]:
    """A chain as a long incident would have it."""
    incident = new_id()
    events: list[Event] = []
    end = (0, GENESIS)
    for index in range(count):
        body = (
            Opened(title=f"incident {incident.hex[-4:]}", severity="SEV2", runbook="ban")
            if index == 0
            else RoleTaken(role="ic")
            if index == 1
            else StepTicked(step=f"{index % 50}")
            if index % 3
            else Noted(text=f"note {index}")
        )
        events.append(chain(Draft(new_id(), incident, "ic1", body, START + dt.timedelta(seconds=index)), end))
        end = (events[-1].sequence, events[-1].digest)
    return events


def fold_time() -> Measure:
    """The median of several."""
    events = events_of(EVENTS)
    times = []
    for _ in range(7):
        start = time.perf_counter()
        fold(events)
        times.append(time.perf_counter() - start)
    took = statistics.median(times) * 1000
    return Measure(f"fold of {EVENTS} events", f"{took:.0f} ms", "", None, "≤ 50 ms", took <= 50)


def history_time(folder: Path) -> list[Measure]:
    """Opening a journal of many incidents, as `incident list` does, and searching in it."""
    url = f"sqlite:///{folder}/history.db"
    journal = journal_at(url, folder)
    with journal.store().database.write() as connection:
        for number in range(1, INCIDENTS + 1):
            events = events_of(6)
            row = incident_columns(fold(events))
            connection.execute(insert(INCIDENT).values(id=str(events[0].chain), number=number, **row))
            names = [column.name for column in EVENT.columns]
            records = [to_record(event) for event in events]
            connection.execute(
                insert(EVENT), [{name: getattr(record, name) for name in names} for record in records]
            )
    journal.close()
    times, searches = [], []
    for _ in range(5):
        start = time.perf_counter()
        journal = journal_at(url, folder)
        assert len(journal.history()) == INCIDENTS  # a bench of nothing would be fast
        times.append(time.perf_counter() - start)
        start = time.perf_counter()
        journal.history("note 3")
        searches.append(time.perf_counter() - start)
        journal.close()
    opened, searched = (statistics.median(found) * 1000 for found in (times, searches))
    return [
        Measure(f"history of {INCIDENTS} incidents", f"{opened:.0f} ms", "", None, "≤ 300 ms", opened <= 300),
        Measure(f"history searched of {INCIDENTS} incidents", f"{searched:.0f} ms", "", None, ""),
    ]


async def responders(folder: Path) -> Measure:
    """From before the append until the last of fifty has folded the event."""
    with run_postgres(folder / "data") as server:
        journals = [journal_at(server.url, folder) for _ in range(RESPONDERS)]
        incident = journals[0].open_incident("ic1", Opened(title="bench", severity="SEV1")).chain
        seen = [0] * RESPONDERS
        tasks = [
            asyncio.create_task(follow(journal, incident, seen, i)) for i, journal in enumerate(journals)
        ]
        await asyncio.sleep(5)  # until all of them listen
        worst = 0.0
        for index in range(NEWS):
            start = time.perf_counter()
            note = Noted(text=f"news {index}")
            event = await asyncio.to_thread(journals[index].append, incident, f"r{index}", note)
            while min(seen) < event.sequence and time.perf_counter() - start < 30:  # noqa: ASYNC110  # fifty tasks move it, none of them last
                await asyncio.sleep(0.005)
            worst = max(worst, time.perf_counter() - start)
        for task in tasks:
            task.cancel()
        for journal in journals:
            journal.close()
    return Measure(
        f"{RESPONDERS} responders on Postgres, slowest", f"{worst:.2f} s", "", None, "≤ 2 s", worst <= 2
    )


async def follow(journal: Journal, incident: UUID, seen: list[int], place: int) -> None:
    """What a screen does with news."""
    async for changed in watch(journal):
        if incident in changed:
            seen[place] = (await asyncio.to_thread(journal.load, incident)).sequence
