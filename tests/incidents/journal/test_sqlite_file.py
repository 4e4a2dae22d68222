"""When a journal is at rest, so that a board need not open it: real files, and another process that writes."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from incidents.events.body import Marked, Opened
from incidents.events.event import new_id
from incidents.journal.journal import open_journal, utc_now
from incidents.journal.sqlite_file import Quiet
from incidents.settings import JournalSettings

if TYPE_CHECKING:
    from pathlib import Path


def settings(url: str) -> JournalSettings:
    return JournalSettings.model_validate({"url": url})


def test_it_is_at_rest_until_there_is_an_incident_and_again_once_that_is_resolved(tmp_path: Path) -> None:
    file = tmp_path / "team" / "journal.db"
    own = settings(f"sqlite:///{file}")
    quiet = Quiet(own)
    assert quiet.place == str(file)
    assert quiet.holds()
    assert not file.exists(), "looking makes nothing"
    journal = open_journal(own)
    assert quiet.holds(), "no incident yet"
    incident = new_id()
    journal.append(incident, "ic1", Opened(title="429 storm", severity="SEV2"))
    assert not quiet.holds()
    assert not Quiet(own).holds()
    journal.append(incident, "ic1", Marked(moment="resolved", at=utc_now()))
    assert quiet.holds()
    journal.close()
    assert quiet.holds()


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
    assert Quiet(own).holds()
    with sqlite3.connect(tmp_path / "journal.db") as connection:
        connection.execute(spoil)
    assert not Quiet(own).holds()


def test_in_every_doubt_it_is_opened(tmp_path: Path) -> None:
    (tmp_path / "journal.db").write_bytes(b"no database" * 1000)
    assert not Quiet(settings(f"sqlite:///{tmp_path}/journal.db")).holds()
    (tmp_path / "file").touch()
    assert not Quiet(settings(f"sqlite:///{tmp_path}/file/journal.db")).holds()
    assert not Quiet(settings("postgresql://u@127.0.0.1:9/x")).holds()
    assert not Quiet(settings(f"sqlite:///{tmp_path}/new.db?mode=ro")).holds()


def test_looking_imports_nothing_of_the_journal(tmp_path: Path) -> None:
    program = """
import sys
from incidents.journal.sqlite_file import Quiet
from incidents.settings import JournalSettings
assert Quiet(JournalSettings(url=sys.argv[1])).holds()
heavy = {"sqlalchemy", "alembic", "psycopg", "incidents.journal.journal"} & set(sys.modules)
assert not heavy, heavy
"""
    own = settings(f"sqlite:///{tmp_path}/journal.db")
    open_journal(own).close()
    subprocess.run([sys.executable, "-c", program, f"sqlite:///{tmp_path}/journal.db"], check=True)
