"""Nothing that was acknowledged is lost: kills, a database that goes and comes, spools merged twice."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from incidents.events.body import Marked, Noted, Opened, StepTicked, Undone
from incidents.events.incident import StepKey
from incidents.journal import Journal, open_journal
from incidents.journal.errors import JournalAway, JournalError
from incidents.journal.verify import verify
from incidents.journal.watch import watch
from incidents.settings import JournalSettings
from sandbox.servers import free_port
from tests import waiting
from tests.postgres import Restartable
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from incidents.events.incident import Incident

OPENED = Opened(title="429 storm", severity="SEV2")
WRITER = """import os, sys
from incidents.events.body import Noted
from incidents.journal.journal import open_journal
from incidents.settings import JournalSettings
journal = open_journal(JournalSettings(url=sys.argv[1]))
incident = journal.find("INC-1")
number = int(sys.argv[2])
while True:
    if os.fork() == 0:
        journal = open_journal(JournalSettings(url=sys.argv[1]))
        while True:
            number += 1
            journal.append(incident, "op1", Noted(text=f"n{number}"))
            os.write(1, b"%d\\n" % number)
    os.wait()
    number = int(sys.stdin.readline())
"""
KILLS = 200


def settings(url: str, folder: Path, **more: object) -> JournalSettings:
    values = {"url": url, "spool_file": folder / "spool.db", "retry_s": 0.01, "timeout_s": 3, **more}
    return JournalSettings.model_validate(values)


def test_two_hundred_kills_lose_no_acknowledged_event(tmp_path: Path) -> None:
    """A child writes and says each number after `append` returned; it is killed at a random point, 200 times.

    One parent forks all children, so that a kill costs no start of Python.
    """
    url = f"sqlite:///{tmp_path}/journal.db"
    journal = open_journal(settings(url, tmp_path))
    journal.open_incident("ic1", OPENED)
    random.seed(4)
    command = [sys.executable, "-c", WRITER, url, "0"]
    acknowledged = 0
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        assert parent.stdin is not None
        os.set_blocking(parent.stdout.fileno(), False)
        try:
            for _ in range(KILLS):
                said = b""
                deadline = waiting.deadline(30)
                while b"\n" not in said and time.monotonic() < deadline:  # it is alive and writing
                    said += parent.stdout.read() or b""
                    time.sleep(0.001)
                time.sleep(random.random() * 0.012)
                os.kill(children_of(parent)[0], signal.SIGKILL)
                time.sleep(0.002)
                said += parent.stdout.read() or b""
                acknowledged = max(acknowledged, *map(int, said.split()))
                notes = journal.load(journal.find("INC-1")).notes
                written = [int(note.text[1:]) for note in notes]
                assert written == list(range(1, len(written) + 1))
                assert acknowledged <= len(written) <= acknowledged + 1, "one may be written and not yet said"
                parent.stdin.write(b"%d\n" % len(written))
                parent.stdin.flush()
                acknowledged = len(written)
        finally:
            parent.send_signal(signal.SIGSTOP)  # it must not fork while its last child is found
            for child in children_of(parent):
                os.kill(child, signal.SIGKILL)
            parent.kill()
    assert acknowledged >= KILLS
    assert verify(journal.store()).findings == ()
    journal.close()


def children_of(parent: subprocess.Popen[bytes]) -> list[int]:
    text = Path(f"/proc/{parent.pid}/task/{parent.pid}/children").read_text(encoding="ascii")
    return [int(word) for word in text.split()]


def texts(incident: Incident) -> list[str]:
    return [note.text for note in incident.notes]


def test_a_killed_database_loses_nothing_and_the_spool_merges_once_in_order(
    database: Restartable, tmp_path: Path
) -> None:
    url = database.server.url
    ours = open_journal(settings(url, tmp_path / "ours"))
    theirs = open_journal(settings(url, tmp_path / "theirs"))
    incident = ours.open_incident("ic1", OPENED).chain
    ours.append(incident, "ic1", Noted(text="before"))
    ours.load(incident)
    theirs.load(incident)
    database.kill()
    ours.append(incident, "ic1", Noted(text="ours 1"))
    tick = ours.append(incident, "ic1", StepTicked(step="1.1"))
    theirs.append(incident, "op1", Noted(text="theirs 1"))
    ours.append(incident, "ic1", Undone(event=tick.id))
    ours.append(incident, "ic1", Noted(text="ours 2"))
    assert ours.away is not None
    assert (ours.spooled(), theirs.spooled()) == (4, 1)
    seen = ours.load(incident)
    assert texts(seen) == ["before", "ours 1", "ours 2"]
    assert (seen.sequence, not seen.steps) == (6, True)
    own = ours.open_incident("ic1", Opened(title="meanwhile", severity="SEV3")).chain
    assert ours.find(ours.label(own)) == own
    with pytest.raises(JournalAway):
        ours.append(incident, "ic1", Noted(text="claim"), expected_sequence=6)
    twin = copy_of_spool(tmp_path)
    database.start()
    until(lambda: merged(theirs), seconds=45)
    until(lambda: merged(ours), seconds=45)
    assert ours.append(incident, "ic1", Noted(text="after")).sequence == 8
    both = open_journal(settings(url, twin))
    assert both.spooled() == 0, "the copy of the spool was merged a second time"
    found = both.load(incident)
    assert texts(found) == ["before", "theirs 1", "ours 1", "ours 2", "after"]
    assert not found.steps
    assert [event.origin for event in found.events[3:7]] == [event.digest for event in seen.events[2:]]
    assert ours.label(own) == "INC-2"
    assert both.load(own).title == "meanwhile"
    assert verify(both.store()).findings == ()
    for journal in (ours, theirs, both):
        journal.close()


def merged(journal: Journal) -> bool:
    try:
        journal.merge()
    except JournalError:
        return False
    return journal.spooled() == 0


def copy_of_spool(tmp_path: Path) -> Path:
    """As another program would read it while the first one merges."""
    shutil.copytree(tmp_path / "ours", tmp_path / "twin")
    return tmp_path / "twin"


def test_a_program_that_starts_without_its_database_works_from_the_spool(tmp_path: Path) -> None:
    url = f"postgresql://me@127.0.0.1:{free_port()}/none"
    journal = open_journal(settings(url, tmp_path))
    incident = journal.open_incident("ic1", OPENED).chain
    journal.append(incident, "ic1", Noted(text="alone"))
    again = open_journal(settings(url, tmp_path))
    assert texts(again.load(again.find(str(incident)))) == ["alone"]
    assert again.load(incident).title == "429 storm"


def test_a_program_started_without_its_database_goes_on_with_what_was_seen(
    database: Restartable, tmp_path: Path
) -> None:
    url = database.server.url
    first = open_journal(settings(url, tmp_path))
    incident = first.open_incident("ic1", OPENED).chain
    first.append(incident, "ic1", StepTicked(step="1.1"))
    over = first.open_incident("ic1", Opened(title="over", severity="SEV3")).chain
    first.append(over, "ic1", Marked(moment="resolved", at=dt.datetime(2026, 11, 24, tzinfo=dt.UTC)))
    first.close()
    database.kill()
    second = open_journal(settings(url, tmp_path))
    assert [(each.label, each.title) for each in second.history()] == [("INC-1", "429 storm")]
    assert second.find("INC-1") == incident
    assert second.label(incident) == "INC-1"
    second.append(incident, "op1", Noted(text="on my own"))
    own = second.open_incident("op1", Opened(title="new", severity="SEV4")).chain
    seen = second.load(incident)
    assert (seen.sequence, texts(seen), list(seen.steps)) == (3, ["on my own"], [StepKey("", "1.1")])
    assert [each.label for each in second.history()] == [second.label(own), "INC-1"]
    database.start()
    until(lambda: merged(second), seconds=45)
    assert second.load(incident).events[2].previous == seen.events[1].digest
    assert [each.label for each in second.history()] == ["INC-3", "INC-2", "INC-1"]
    assert verify(second.store()).findings == ()
    second.close()


def test_a_database_that_refuses_to_write_loses_nothing(postgres_url: str, tmp_path: Path) -> None:
    """A standby after a failover, a full disk, a right that was taken away: the server answers, but with no."""
    journal = open_journal(settings(postgres_url, tmp_path))
    incident = journal.open_incident("ic1", OPENED).chain
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        name = postgres_url.rsplit("/", 1)[1]
        connection.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on'.encode())
        journal.append(incident, "op1", Noted(text="kept"))
        assert journal.spooled() == 1
        assert journal.away is not None
        assert texts(journal.load(incident)) == ["kept"]
        connection.execute("SET default_transaction_read_only = off")
        connection.execute(f'ALTER DATABASE "{name}" RESET default_transaction_read_only'.encode())
    until(lambda: merged(journal), seconds=45)
    assert texts(journal.load(incident)) == ["kept"]
    journal.close()


def test_writers_go_on_while_the_database_is_killed_again_and_again(
    database: Restartable, tmp_path: Path
) -> None:
    journal = open_journal(settings(database.server.url, tmp_path))
    incident = journal.open_incident("ic1", OPENED).chain
    for round_ in range(2):
        for index in range(10):
            if index == 5:
                database.kill()
            journal.append(incident, "op1", Noted(text=f"{round_}.{index}"))
        database.start()
        until(lambda: merged(journal), seconds=45)
    assert texts(journal.load(incident)) == [f"{r}.{i}" for r in range(2) for i in range(10)]
    assert verify(journal.store()).findings == ()
    journal.close()


async def news(journal: Journal, found: list[tuple[float, frozenset[UUID]]]) -> None:
    async for changed in watch(journal):
        found.append((time.monotonic(), changed))  # noqa: PERF401  # the test looks on while it grows


async def until_in_loop(condition: Callable[[], bool], seconds: float = 45) -> None:
    deadline = waiting.deadline(seconds)
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        await asyncio.sleep(0.02)


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
async def test_others_see_an_event_within_two_seconds(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = f"sqlite:///{tmp_path}/journal.db"
    if kind == "postgres":
        url = request.getfixturevalue("postgres_url")
    writer, reader = (open_journal(settings(url, tmp_path / name)) for name in ("writer", "reader"))
    first = writer.open_incident("ic1", OPENED).chain
    found: list[tuple[float, frozenset[UUID]]] = []
    task = asyncio.create_task(news(reader, found))
    await asyncio.sleep(1.5)
    assert [changed for _, changed in found] == [frozenset()], "what was there before is no news"
    for text in ("a", "b"):
        seen = len(found)
        at = time.monotonic()
        await asyncio.to_thread(writer.append, first, "op1", Noted(text=text))
        await until_in_loop(lambda seen=seen: len(found) > seen)  # type: ignore[misc]  # mypy can't infer a lambda's default
        assert found[-1][1] == {first}
        assert found[-1][0] - at < 2
        assert texts(await asyncio.to_thread(reader.load, first))[-1] == text
    task.cancel()
    for journal in (writer, reader):
        journal.close()


async def test_the_watch_survives_the_database_and_misses_nothing(
    database: Restartable, tmp_path: Path
) -> None:
    url = database.server.url
    writer, reader = (open_journal(settings(url, tmp_path / name)) for name in ("writer", "reader"))
    incident = writer.open_incident("ic1", OPENED).chain
    found: list[tuple[float, frozenset[UUID]]] = []
    task = asyncio.create_task(news(reader, found))
    await until_in_loop(lambda: bool(found))
    found.clear()  # it told that it is connected
    await asyncio.to_thread(database.kill)
    await until_in_loop(lambda: bool(found))
    assert found[0][1] == frozenset(), "the screen is told that the database went"
    assert reader.away is not None
    await asyncio.to_thread(reader.append, incident, "op1", Noted(text="into the spool"))
    assert reader.spooled() == 1
    await asyncio.to_thread(database.start)
    await until_in_loop(lambda: any(incident in changed for _, changed in found))
    await until_in_loop(lambda: reader.away is None)
    assert reader.spooled() == 0
    task.cancel()
    assert texts(writer.load(incident)) == ["into the spool"]
    for journal in (writer, reader):
        journal.close()
