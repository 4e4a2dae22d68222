"""The journal on real databases: order, two writers, the schema, what is refused and how it is said."""

from __future__ import annotations

import datetime as dt
import os
import sqlite3
import stat
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from incidents.events.body import Marked, Noted, Opened, RoleTaken, Undone
from incidents.events.event import Draft, chain, new_id
from incidents.events.fold import fold
from incidents.journal import Journal, database, open_journal, store
from incidents.journal.database import SCRIPTS
from incidents.journal.errors import (
    JournalAway,
    JournalError,
    JournalTooNew,
    NoSuchIncident,
    ReadOnlyJournal,
    WriteConflict,
)
from incidents.journal.sqlite_file import REVISIONS
from incidents.settings import JournalSettings
from tests import waiting

if TYPE_CHECKING:
    from collections.abc import Iterator

OPENED = Opened(title="429 storm", severity="SEV2")
OPEN_ONE = """import sys
from incidents.events.body import Opened
from incidents.journal.journal import open_journal
from incidents.settings import JournalSettings
journal = open_journal(JournalSettings(url=sys.argv[1]))
journal.open_incident("two", Opened(title="at once", severity="SEV3"))"""


def settings(url: str, **more: object) -> JournalSettings:
    return JournalSettings.model_validate({"url": url, **more})


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/data/journal.db"
    found: str = request.getfixturevalue("postgres_url")
    return found


@pytest.fixture
def journal(url: str, tmp_path: Path) -> Iterator[Journal]:
    opened = open_journal(settings(url, spool_file=tmp_path / "spool.db"))
    yield opened
    opened.close()


def test_what_is_written_is_read_by_another_program(journal: Journal, url: str, tmp_path: Path) -> None:
    incident = journal.open_incident("ic1", OPENED).chain
    journal.append(incident, "ic1", RoleTaken(role="ic"))
    note = journal.append(incident, "op1", Noted(text='峰值 "v2.2.1" 之后'))
    other = open_journal(settings(url, spool_file=tmp_path / "spool.db"))
    found = other.load(other.find("inc-1"))
    assert found == journal.load(incident)
    assert [event.sequence for event in found.events] == [1, 2, 3]
    assert found.notes[0].text == '峰值 "v2.2.1" 之后'
    assert other.label(incident) == "INC-1"
    other.append(incident, "op2", Undone(event=note.id))
    assert journal.load(incident).notes == ()
    other.close()


def test_the_history_is_newest_first_and_searched(journal: Journal) -> None:
    first = journal.open_incident("ic1", OPENED).chain
    second = journal.open_incident("ic1", Opened(title="latency", severity="SEV3", drill=True)).chain
    journal.append(first, "op1", Noted(text="峰值 100% at v2.2.1"))
    journal.append(second, "op1", Marked(moment="resolved", at=dt.datetime(2026, 11, 24, 4, tzinfo=dt.UTC)))
    assert [each.number for each in journal.history()] == [2, 1]
    assert [each.id for each in journal.history("峰值")] == [first]
    assert [each.id for each in journal.history("0% AT")] == [first], "% is no wildcard, case does not matter"
    assert not journal.history("100_ at")
    assert [each.id for each in journal.history(statuses=["resolved"])] == [second]
    row = journal.history(statuses=["resolved"])[0]
    assert (row.drill, row.severity, row.times["resolved"].hour) == (True, "SEV3", 4)


def test_two_writers_on_one_incident_both_count_in_one_order(
    journal: Journal, url: str, tmp_path: Path
) -> None:
    incident = journal.open_incident("ic1", OPENED).chain
    other = open_journal(settings(url, spool_file=tmp_path / "spool.db"))
    other.load(incident)

    def write(who: tuple[str, Journal]) -> None:
        for index in range(25):
            who[1].append(incident, who[0], Noted(text=f"{who[0]} {index}"))

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(write, [("a", journal), ("b", other)]))
    found = journal.load(incident)
    assert found == other.load(incident)
    assert [event.sequence for event in found.events] == list(range(1, 52))
    for name in "ab":
        assert [note.text for note in found.notes if note.by == name] == [f"{name} {i}" for i in range(25)]
    assert {note.by for note in found.notes[:40]} == {"a", "b"}, "they wrote one after the other, not at once"
    other.close()


def test_who_asks_to_be_first_is_told_when_he_is_not(journal: Journal) -> None:
    incident = journal.open_incident("ic1", OPENED).chain
    seen = journal.load(incident).sequence
    journal.append(incident, "op1", Noted(text="claim"), expected_sequence=seen)
    with pytest.raises(WriteConflict):
        journal.append(incident, "op2", Noted(text="claim"), expected_sequence=seen)
    assert [note.by for note in journal.load(incident).notes] == ["op1"]


def test_an_unknown_incident_is_refused(journal: Journal) -> None:
    with pytest.raises(NoSuchIncident):
        journal.append(new_id(), "op1", Noted(text="where?"))
    for ref in ("INC-9", "9" * 30, "²", "'; DROP TABLE event", str(new_id())):
        with pytest.raises(NoSuchIncident):
            journal.find(ref)


def test_two_programs_that_start_at_once_make_one_schema(url: str) -> None:
    command = [sys.executable, "-c", OPEN_ONE, url]
    programs = [subprocess.Popen(command, stderr=subprocess.PIPE) for _ in range(3)]
    errors = [program.communicate(timeout=240)[1] for program in programs]
    assert [(program.returncode, error) for program, error in zip(programs, errors, strict=True)] == [
        (0, b"")
    ] * 3
    journal = open_journal(settings(url))
    assert [each.number for each in journal.history()] == [3, 2, 1]
    journal.close()


@pytest.mark.parametrize("key", ["_LOCK_KEY", "_NUMBER_LOCK"])
def test_only_one_program_at_a_time_upgrades_or_gives_a_number(
    postgres_url: str, tmp_path: Path, key: str
) -> None:
    """While somebody else holds the lock nothing happens; then all of it."""
    number = database._LOCK_KEY if key == "_LOCK_KEY" else store._NUMBER_LOCK
    patient = settings(postgres_url, spool_file=tmp_path / "spool.db", timeout_s=30)
    if key == "_NUMBER_LOCK":
        open_journal(patient).close()

    def work() -> int:
        journal = open_journal(patient)
        return journal.open_incident("ic1", OPENED).sequence

    with psycopg.connect(postgres_url, autocommit=True) as holder, ThreadPoolExecutor(1) as pool:
        holder.execute("SELECT pg_advisory_lock(%s)", (number,))
        writing = pool.submit(work)
        deadline = waiting.deadline(25)
        query = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        while holder.execute(query).fetchone() != (1,):
            assert not writing.done(), "it did not wait for the lock"
            assert time.monotonic() < deadline
            time.sleep(0.02)
        holder.execute("SELECT pg_advisory_unlock(%s)", (number,))
        assert writing.result(25) == 1


def test_a_commit_waits_for_the_disk(tmp_path: Path) -> None:
    journal = open_journal(settings(f"sqlite:///{tmp_path}/journal.db"))
    with journal.store().database.write() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2, "FULL"
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
    journal.close()


def test_what_is_remembered_gives_way_to_a_restored_backup(journal: Journal) -> None:
    incident = journal.open_incident("ic1", OPENED)
    other = chain(Draft(new_id(), incident.chain, "x", OPENED, incident.at), (0, "f" * 64))
    for index in range(3):
        journal.append(incident.chain, "op1", Noted(text=f"true {index}"))
    store_ = journal.store()
    store_._cache[incident.chain] = fold([other])  # as before the backup was restored
    assert [note.text for note in journal.load(incident.chain).notes] == ["true 0", "true 1", "true 2"]
    store_._cache[incident.chain] = fold([other])
    assert journal.append(incident.chain, "op1", Noted(text="true 3")).sequence == 5
    assert len(journal.load(incident.chain).notes) == 4


def execute(url: str, statement: str) -> None:
    """As somebody with the database's password could."""
    if url.startswith("sqlite"):
        with sqlite3.connect(url.removeprefix("sqlite:///")) as connection:
            connection.execute(statement)
    else:
        with psycopg.connect(url) as connection:
            connection.execute(statement.encode())


def test_a_newer_journal_is_refused(journal: Journal, url: str) -> None:
    execute(url, "UPDATE warroom_journal_version SET version_num = '9999'")
    with pytest.raises(JournalTooNew) as caught:
        open_journal(settings(url))
    assert caught.value.message.values["found"] == "9999"


@pytest.mark.parametrize("statement", ["UPDATE event SET actor = 'x'", "DELETE FROM event"])
def test_an_event_can_not_be_changed_by_accident(journal: Journal, url: str, statement: str) -> None:
    journal.open_incident("ic1", OPENED)
    with pytest.raises((sqlite3.Error, psycopg.Error), match="append-only"):
        execute(url, statement)


def test_the_newest_revision_is_the_one_in_the_code() -> None:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    scripts = ScriptDirectory.from_config(config)
    assert tuple(script.revision for script in scripts.walk_revisions())[::-1] == REVISIONS


def test_the_clock_may_be_set_back(url: str, tmp_path: Path) -> None:
    hours = iter([4, 3, 2, 5])
    journal = open_journal(settings(url), clock=lambda: dt.datetime(2026, 11, 24, next(hours), tzinfo=dt.UTC))
    incident = journal.open_incident("ic1", OPENED).chain
    for text in ("first", "second", "third"):
        journal.append(incident, "op1", Noted(text=text))
    journal.close()
    journal = open_journal(settings(url))
    assert [note.text for note in journal.load(incident).notes] == ["first", "second", "third"]
    assert [event.at.hour for event in journal.load(incident).events] == [4, 3, 2, 5]
    journal.close()


def test_the_file_is_private(tmp_path: Path) -> None:
    journal = open_journal(settings(f"sqlite:///{tmp_path}/data/journal.db"))
    journal.open_incident("ic1", OPENED)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "data").iterdir()}
    assert set(modes) == {"journal.db", "journal.db-wal", "journal.db-shm", "journal.db.turn"}
    assert set(modes.values()) == {0o600}
    assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700
    journal.close()


def test_a_read_only_journal_is_read_and_says_so(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/journal.db"
    writer = open_journal(settings(url))
    incident = writer.open_incident("ic1", OPENED).chain
    reader = open_journal(settings(url), read_only=True)
    writer.append(incident, "op1", Noted(text="new"))
    assert reader.read_only
    assert reader.load(incident).notes[0].text == "new"
    with pytest.raises(ReadOnlyJournal):
        reader.append(incident, "op1", Noted(text="no"))
    assert len(reader.load(incident).events) == 2


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to mount")
def test_a_journal_on_a_read_only_disk_is_read(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/disk/journal.db"
    (tmp_path / "disk").mkdir()
    mount = ["mount", "-t", "tmpfs", "none", str(tmp_path / "disk")]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("no mounts here")
    try:
        writer = open_journal(settings(url))
        incident = writer.open_incident("ic1", OPENED).chain
        writer.close()
        subprocess.run(["mount", "-o", "remount,ro", str(tmp_path / "disk")], check=True)
        reader = open_journal(settings(url))
        assert reader.read_only
        assert reader.load(incident).title == "429 storm"
        with pytest.raises(ReadOnlyJournal):
            reader.append(incident, "op1", Noted(text="no"))
        reader.close()
    finally:
        subprocess.run(["umount", "-l", str(tmp_path / "disk")], check=False)


def test_a_read_only_postgres_is_read(postgres_url: str, tmp_path: Path) -> None:
    first = open_journal(settings(postgres_url, spool_file=tmp_path / "spool.db"))
    incident = first.open_incident("ic1", OPENED).chain
    first.close()
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        name = postgres_url.rsplit("/", 1)[1]
        connection.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on'.encode())
    reader = open_journal(settings(postgres_url, spool_file=tmp_path / "spool.db"))
    assert reader.read_only
    assert reader.load(incident).title == "429 storm"
    with pytest.raises(ReadOnlyJournal):
        reader.append(incident, "op1", Noted(text="no"))
    assert reader.spooled() == 0
    reader.close()


def test_a_file_that_is_no_journal_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "journal.db").write_bytes(b"not a database at all" * 100)
    with pytest.raises(JournalError) as caught:
        open_journal(settings(f"sqlite:///{tmp_path}/journal.db"))
    assert caught.value.message.key == "journal.no_database"
    assert (tmp_path / "journal.db").read_bytes() == b"not a database at all" * 100


def test_a_database_of_something_else_is_said_and_left_alone(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "photos.db") as connection:
        connection.execute("CREATE TABLE photo (id INTEGER)")
    with pytest.raises(JournalError) as caught:
        open_journal(settings(f"sqlite:///{tmp_path}/photos.db"))
    assert caught.value.message.key == "journal.foreign"
    with sqlite3.connect(tmp_path / "photos.db") as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("photo",)]


def test_a_postgres_with_an_event_table_of_something_else_is_said_and_left_alone(
    postgres_url: str, tmp_path: Path
) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE event (id integer)")
    with pytest.raises(JournalError) as caught:
        open_journal(settings(postgres_url, spool_file=tmp_path / "spool.db"))
    assert caught.value.message.key == "journal.foreign"


def test_an_empty_file_becomes_a_journal_but_cannot_be_checked_as_one(tmp_path: Path) -> None:
    (tmp_path / "journal.db").touch()
    own = settings(f"sqlite:///{tmp_path}/journal.db")
    with pytest.raises(JournalError) as caught:
        open_journal(own, read_only=True)
    assert caught.value.message.key == "journal.empty"
    open_journal(own).close()
    open_journal(own, read_only=True).close()


def test_a_password_is_in_no_error(tmp_path: Path) -> None:
    url = "postgresql://me:hunter2@127.0.0.1:1/warroom"
    journal = open_journal(settings(url, spool_file=tmp_path / "spool.db"))
    with pytest.raises(JournalAway) as caught:
        journal.history()
    assert "hunter2" not in str(caught.value) + repr(caught.value.__cause__)


@pytest.mark.parametrize("kind", ["tmpfs", "limit"])
def test_a_full_disk_is_said_and_leaves_nothing_half_written(tmp_path: Path, kind: str) -> None:
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = kind == "tmpfs"
    if (
        mounted
        and subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=400k", "none", str(folder)], check=False, capture_output=True
        ).returncode
    ):
        pytest.skip("no mounts here")
    script = """import resource, sys
from incidents.events.body import Noted, Opened
from incidents.journal.errors import JournalFull
from incidents.journal.journal import open_journal
from incidents.settings import JournalSettings
journal = open_journal(JournalSettings(url=sys.argv[1]))
incident = journal.open_incident("ic1", Opened(title="full", severity="SEV2")).chain
if sys.argv[2] == "limit":
    resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))
for written in range(1000):
    try:
        journal.append(incident, "op1", Noted(text="x" * 5000))
    except JournalFull as error:
        print(written, error.message.key)
        break
print(len(journal.load(incident).notes))"""
    try:
        url = f"sqlite:///{folder}/journal.db"
        done = subprocess.run(
            [sys.executable, "-c", script, url, kind], capture_output=True, text=True, check=True, timeout=60
        )
        first, second = done.stdout.splitlines()
        written, key = first.split()
        assert key == "journal.full"
        assert int(written) == int(second) > 5
        reader = open_journal(settings(url), read_only=True)
        assert len(reader.load(reader.find("1")).notes) == int(written)
        reader.close()
    finally:
        if mounted:
            subprocess.run(["umount", "-l", str(folder)], check=False)
