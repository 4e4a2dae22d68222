"""What somebody does to the spool who can write the file, but can't read the key of the user's state folder."""

from __future__ import annotations

import json
import shutil
import sqlite3
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from incidents.events.body import Noted, Opened
from incidents.events.event import Draft, canonical, digest_of, from_json, new_id, to_json
from incidents.journal import open_journal
from incidents.journal.errors import JournalError
from incidents.journal.spool import Spool
from incidents.settings import JournalSettings
from tests.incidents.build import START

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state" / "warroom" / "spool.key"


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    """One incident with two notes, all of it waiting."""
    spool = Spool(tmp_path / "spool.db")
    fill(spool)
    return spool


def fill(spool: Spool) -> None:
    opened = spool.append(
        Draft(new_id(), new_id(), "ic1", Opened(title="storm", severity="SEV2"), START), None
    )
    for text in ("first", "second"):
        spool.append(Draft(new_id(), opened.chain, "op1", Noted(text=text), START), None)


def rewrite(spool: Spool) -> None:
    """The note says something else, and its digest is that of what it says now."""
    with sqlite3.connect(spool.file) as connection:
        (line,) = connection.execute("SELECT event FROM waiting WHERE place = 2").fetchone()
        record = from_json(json.loads(line.replace("first", "fisrt")))
        record = replace(record, digest=digest_of(record))
        connection.execute("UPDATE waiting SET event = ? WHERE place = 2", (canonical(to_json(record)),))


def execute(statement: str) -> Callable[[Spool], None]:
    def change(spool: Spool) -> None:
        with sqlite3.connect(spool.file) as connection:
            connection.execute(statement)

    return change


OTHER_LINE = "SELECT event FROM waiting WHERE place = 3"
SPOILED = {
    "edited, its digest anew": (rewrite, 1),
    "seals are gone": (execute("UPDATE waiting SET seal = NULL"), 3),
    "a seal of another line": (
        execute("UPDATE waiting SET seal = (SELECT seal FROM waiting WHERE place = 1)"),
        2,
    ),
    "the same event once more": (execute(f"INSERT INTO waiting (id, event) VALUES ('x', ({OTHER_LINE}))"), 1),
}


@pytest.mark.parametrize("case", SPOILED)
def test_a_line_that_was_not_written_here_is_named(spool: Spool, case: str) -> None:
    change, count = SPOILED[case]
    change(spool)
    waiting = spool.waiting()
    assert (len(waiting.spoiled), len(waiting.events)) == (
        count,
        3 - count + (case == "the same event once more"),
    )


REMOVED = {
    "the last": "DELETE FROM waiting WHERE place = 3",
    "one in the middle": "DELETE FROM waiting WHERE place = 2",
    "all": "DELETE FROM waiting",
}


@pytest.mark.parametrize("statement", REMOVED.values(), ids=REMOVED)
def test_a_line_that_was_taken_out_is_named_and_stays_so(spool: Spool, statement: str) -> None:
    execute(statement)(spool)
    assert len(spool.waiting().removed) == 1
    fill(spool)
    waiting = spool.waiting()
    assert (len(waiting.removed), waiting.spoiled) == (1, ())
    for event in waiting.events:
        spool.remove(event.id)
    assert len(spool.waiting().removed) == 1


def test_what_is_written_merged_and_removed_by_us_is_whole(spool: Spool) -> None:
    fill(spool)
    for event in spool.waiting().events[:4]:
        spool.remove(event.id)
    fill(spool)
    assert (len(spool.waiting().events), spool.waiting()[1:]) == (5, ((), ()))


def test_a_foreign_spool_in_the_folder_is_not_merged(
    postgres_url: str, tmp_path: Path, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = JournalSettings.model_validate({"url": postgres_url, "spool_file": tmp_path / "spool.db"})
    open_journal(settings).close()  # it was never away: no spool, but a key
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("XDG_STATE_HOME", str(tmp_path / "theirs"))
        fill(Spool(tmp_path / "foreign.db"))
    shutil.copy(tmp_path / "foreign.db", tmp_path / "spool.db")
    journal = open_journal(settings)
    assert (journal.history(), len(journal.spoiled())) == ([], 3)
    journal.open_incident("ic1", Opened(title="ours", severity="SEV2"))
    assert [summary.title for summary in journal.history()] == ["ours"]
    journal.close()


def test_a_spool_of_the_release_before_is_sealed_once_and_merged(spool: Spool, state: Path) -> None:
    execute("ALTER TABLE waiting DROP COLUMN seal")(spool)
    execute("DROP TABLE sealed")(spool)
    state.unlink()
    assert (len(spool.waiting().events), spool.waiting()[1:]) == (3, ((), ()))
    rewrite(spool)
    assert len(spool.waiting().spoiled) == 1


def test_without_a_home_events_still_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))  # no folder can be made here
    spool = Spool(tmp_path / "spool.db")
    fill(spool)
    assert (len(spool.waiting().events), spool.waiting()[1:]) == (3, ((), ()))


def test_a_key_that_is_there_and_is_no_file_of_ours_is_said(
    spool: Spool, state: Path, tmp_path: Path
) -> None:
    state.rename(tmp_path / "moved")
    state.symlink_to(tmp_path / "moved")
    with pytest.raises(JournalError) as caught:
        fill(spool)
    assert caught.value.message.key == "journal.unreadable"


def test_a_database_that_comes_back_gets_what_waited_and_nothing_else(
    postgres_url: str, tmp_path: Path
) -> None:
    settings = JournalSettings.model_validate({"url": postgres_url, "spool_file": tmp_path / "spool.db"})
    journal = open_journal(settings)
    opened = journal.open_incident("ic1", Opened(title="storm", severity="SEV2"))
    spool = Spool(tmp_path / "spool.db")
    for text in ("zeroth", "first", "second"):
        spool.append(Draft(new_id(), opened.chain, "op1", Noted(text=text), START), (1, opened.digest))
    rewrite(spool)
    assert journal.merge() == 2
    assert [note.text for note in journal.load(opened.chain).notes] == ["zeroth", "second"]
    assert (len(journal.spoiled()), journal.spool_removed()) == (1, ())
    journal.close()
