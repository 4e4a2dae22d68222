"""When a journal is at rest, so that a board need not open it: real files, and another process that writes."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from incidents.events.body import Marked, Opened
from incidents.events.event import new_id
from incidents.journal import JournalFile, open_journal
from incidents.journal.journal import utc_now
from incidents.settings import JournalSettings

if TYPE_CHECKING:
    from pathlib import Path


def settings(url: str) -> JournalSettings:
    return JournalSettings.model_validate({"url": url})


def test_it_is_at_rest_until_there_is_an_incident_and_again_once_that_is_resolved(tmp_path: Path) -> None:
    file = tmp_path / "team" / "journal.db"
    own = settings(f"sqlite:///{file}")
    watched = JournalFile(own)
    assert watched.place == str(file)
    assert watched.is_idle()
    assert not file.exists(), "looking makes nothing"
    journal = open_journal(own)
    assert watched.is_idle(), "no incident yet"
    incident = new_id()
    journal.append(incident, "ic1", Opened(title="429 storm", severity="SEV2"))
    assert not watched.is_idle()
    assert not JournalFile(own).is_idle()
    journal.append(incident, "ic1", Marked(moment="resolved", at=utc_now()))
    assert watched.is_idle()
    journal.close()
    assert watched.is_idle()


@pytest.mark.parametrize(
    "spoil",
    [
        "UPDATE warroom_journal_version SET version_num = '9999'",
        "DELETE FROM warroom_journal_version",
        "DROP TABLE warroom_journal_version",
    ],
)
def test_a_journal_of_another_release_is_opened_so_that_it_is_said(tmp_path: Path, spoil: str) -> None:
    own = settings(f"sqlite:///{tmp_path}/journal.db")
    open_journal(own).close()
    assert JournalFile(own).is_idle()
    with sqlite3.connect(tmp_path / "journal.db") as connection:
        connection.execute(spoil)
    assert not JournalFile(own).is_idle()


def test_in_every_doubt_it_is_opened(tmp_path: Path) -> None:
    (tmp_path / "journal.db").write_bytes(b"no database" * 1000)
    assert not JournalFile(settings(f"sqlite:///{tmp_path}/journal.db")).is_idle()
    (tmp_path / "file").touch()
    assert not JournalFile(settings(f"sqlite:///{tmp_path}/file/journal.db")).is_idle()
    assert not JournalFile(settings("postgresql://u@127.0.0.1:9/x")).is_idle()
    assert not JournalFile(settings(f"sqlite:///{tmp_path}/new.db?mode=ro")).is_idle()


def test_looking_imports_nothing_of_the_journal(tmp_path: Path) -> None:
    program = """
import sys
from incidents.journal import JournalFile
from incidents.settings import JournalSettings
assert JournalFile(JournalSettings(url=sys.argv[1])).is_idle()
heavy = {"sqlalchemy", "alembic", "psycopg", "incidents.journal.journal"} & set(sys.modules)
assert not heavy, heavy
"""
    own = settings(f"sqlite:///{tmp_path}/journal.db")
    open_journal(own).close()
    subprocess.run([sys.executable, "-c", program, f"sqlite:///{tmp_path}/journal.db"], check=True)
