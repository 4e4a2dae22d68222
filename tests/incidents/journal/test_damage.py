"""What can't be read costs itself alone: it is named, and the rest of the journal works. Real files and servers."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
from typing import TYPE_CHECKING

import psycopg
import pytest
from pydantic import SecretStr

from incidents.events.body import Noted, Opened
from incidents.events.event import Draft, new_id
from incidents.journal import Journal, export_lines, open_journal
from incidents.journal.errors import JournalError
from incidents.journal.spool import Spool
from incidents.journal.verify import verify
from incidents.settings import JournalSettings
from tests.incidents.build import START
from tests.program import run_program

if TYPE_CHECKING:
    from pathlib import Path

TWO = "(SELECT id FROM incident WHERE number = 2)"
EVENTS = {
    "a body that is a blob": "body = x'fffe7b'",
    "a body that is no JSON": "body = '{'",
    "a body that is no UTF-8": "body = CAST(x'7bff7d' AS TEXT)",
    "a kind that is a blob": "kind = x'ff'",
    "an actor that is a blob": "actor = x'00ff'",
    "a time that is none": "at = x'ff'",
    "an id that is none": "id = x'ff'",
    "a body that is no object": "body = '[1]'",
    "a body that is nested too deep": f"body = '{'[' * 100_000}'",
}
LISTED = {"a time that is none": "opened_at = x'ff'", "a title that is a blob": "title = x'ff'"}


def fill(journal: Journal) -> None:
    for title in ("one", "two", "three"):
        incident = journal.open_incident("ic1", Opened(title=title, severity="SEV2")).chain
        for index in range(4):
            journal.append(incident, "op1", Noted(text=f"note {index} of {title}"))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "journal.db"
    journal = open_journal(JournalSettings.model_validate({"url": f"sqlite:///{path}"}))
    fill(journal)
    journal.close()
    return path


def damage(path: Path, statement: str) -> Journal:
    with sqlite3.connect(path) as connection:
        connection.execute("DROP TRIGGER event_no_update")
        connection.execute(statement)
    return open_journal(JournalSettings.model_validate({"url": f"sqlite:///{path}"}))


def journal_command(config: Path, verb: str) -> subprocess.CompletedProcess[str]:
    return run_program("journal", verb, "--config", str(config), env=os.environ, cwd=config.parent)


def must_work_but_for_one_event(journal: Journal) -> None:
    (finding,) = verify(journal.store()).findings
    assert (finding.damage, finding.number, finding.sequence) == ("altered", 2, 3)
    exported = [json.loads(line) for line in export_lines(journal.store())]
    assert [event["sequence"] for event in exported] == [1, 2, 3, 4, 5] * 3
    assert [summary.title for summary in journal.history()] == ["three", "two", "one"]
    incident = journal.load(journal.find("INC-2"))
    assert [note.text for note in incident.notes][-1] == "note 3 of two"
    journal.append(incident.id, "op1", Noted(text="it goes on"))
    assert journal.load(incident.id).notes[-1].text == "it goes on"
    journal.close()


@pytest.mark.parametrize("column", EVENTS.values(), ids=EVENTS)
def test_an_event_that_cannot_be_read_costs_itself_alone(file: Path, column: str) -> None:
    must_work_but_for_one_event(
        damage(file, f"UPDATE event SET {column} WHERE chain = {TWO} AND sequence = 3")
    )


def test_an_event_that_cannot_be_read_costs_itself_alone_on_postgres(
    postgres_url: str, tmp_path: Path
) -> None:
    settings = JournalSettings.model_validate({"url": postgres_url, "spool_file": tmp_path / "spool.db"})
    fill(open_journal(settings))
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("ALTER TABLE event DISABLE TRIGGER USER")
        connection.execute(f"UPDATE event SET body = '{{' WHERE chain = {TWO} AND sequence = 3".encode())
    must_work_but_for_one_event(open_journal(settings))


@pytest.mark.parametrize("column", LISTED.values(), ids=LISTED)
def test_a_line_of_the_list_that_cannot_be_read_is_made_of_its_events(file: Path, column: str) -> None:
    journal = damage(file, f"UPDATE incident SET {column} WHERE number = 2")
    assert [summary.title for summary in journal.history()] == ["three", "two", "one"]
    (finding,) = verify(journal.store()).findings
    assert (finding.damage, finding.number) == ("list_differs", 2)
    journal.close()


def test_the_command_line_names_what_it_could_not_read_and_exports_the_rest(file: Path) -> None:
    damage(file, f"UPDATE event SET body = x'ff' WHERE chain = {TWO} AND sequence = 3").close()
    config = file.with_name("warroom.toml")
    config.write_text(f'[journal]\nurl = "sqlite:///{file}"\n')
    proof, copy = (journal_command(config, verb) for verb in ("verify", "export"))
    assert (proof.returncode, proof.stdout) == (1, "INC-2: event 3 was altered\n")
    assert copy.returncode == 1
    assert len(copy.stdout.splitlines()) == 15
    assert "INC-2: event 3 can't be read" in copy.stderr


@pytest.fixture
def team(postgres_url: str, tmp_path: Path) -> JournalSettings:
    """A team's database with an incident, and two notes in the spool that were written while it was away."""
    settings = JournalSettings.model_validate({"url": postgres_url, "spool_file": tmp_path / "spool.db"})
    journal = open_journal(settings)
    opened = journal.open_incident("ic1", Opened(title="429 storm", severity="SEV2"))
    spool = Spool(tmp_path / "spool.db")
    for text in ("first", "second"):
        body = Noted(text=text)
        spool.append(Draft(new_id(), opened.chain, "op1", body, opened.at), (1, opened.digest))
    journal.close()
    return settings


def change_spool(settings: JournalSettings, statement: str) -> None:
    assert settings.spool_file is not None
    with sqlite3.connect(settings.spool_file) as connection:
        assert connection.execute(statement).rowcount == 1


SPOILED = {
    "cut": "UPDATE waiting SET event = substr(event, 1, 40) WHERE place = 1",
    "a blob": "UPDATE waiting SET event = x'fffe' WHERE place = 1",
    "no event": "UPDATE waiting SET event = '{}' WHERE place = 1",
    "edited": "UPDATE waiting SET event = replace(event, 'first', 'fisrt') WHERE place = 1",
}


@pytest.mark.parametrize("statement", SPOILED.values(), ids=SPOILED)
def test_a_spoiled_line_of_the_spool_stays_there_and_is_named_while_the_team_goes_on(
    team: JournalSettings, statement: str
) -> None:
    change_spool(team, statement)
    journal = open_journal(team)
    incident = journal.find("INC-1")
    journal.append(incident, "op1", Noted(text="third"))
    assert journal.away is None
    assert [note.text for note in journal.load(incident).notes] == ["second", "third"]
    assert verify(journal.store()).findings == ()
    assert (journal.spooled(), len(journal.spoiled())) == (0, 1)
    journal.close()


def test_verify_names_what_is_spoiled_in_the_spool(team: JournalSettings, tmp_path: Path) -> None:
    change_spool(team, SPOILED["edited"])
    config = tmp_path / "warroom.toml"
    assert team.url is not None
    config.write_text(
        f'[journal]\nurl = "{team.url.get_secret_value()}"\nspool_file = "{tmp_path}/spool.db"\n'
    )
    proof = journal_command(config, "verify")
    assert proof.returncode == 1
    assert "in the spool was altered, came from elsewhere or can't be read" in proof.stdout


def test_a_spool_that_is_no_database_does_not_keep_the_team_from_writing(
    team: JournalSettings, caplog: pytest.LogCaptureFixture
) -> None:
    assert team.spool_file is not None
    for suffix in ("", "-wal", "-shm"):
        team.spool_file.with_name(team.spool_file.name + suffix).unlink(missing_ok=True)
    team.spool_file.write_bytes(b"this is no database" * 100)
    journal = open_journal(team)
    incident = journal.find("INC-1")
    journal.append(incident, "op1", Noted(text="third"))
    assert journal.away is None
    assert [note.text for note in journal.load(incident).notes] == ["third"]
    assert "spool" in caplog.text
    journal.close()


def test_a_link_in_the_place_of_a_file_of_ours_is_refused(tmp_path: Path) -> None:
    for name in ("journal.db", "spool.db"):
        (tmp_path / name).symlink_to(tmp_path / "elsewhere.db")
    draft = Draft(new_id(), new_id(), "op1", Opened(title="x", severity="SEV2"), START)
    with pytest.raises(JournalError, match="unwritable"):
        open_journal(JournalSettings(url=SecretStr(f"sqlite:///{tmp_path}/journal.db")))
    with pytest.raises(JournalError, match="unwritable"):
        Spool(tmp_path / "spool.db").append(draft, None)
    assert not (tmp_path / "elsewhere.db").exists()


def test_files_are_private_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        journal = open_journal(JournalSettings(url=SecretStr(f"sqlite:///{tmp_path}/new/journal.db")))
        journal.open_incident("ic1", Opened(title="x", severity="SEV2"))
        Spool(tmp_path / "new" / "spool.db").append(
            Draft(new_id(), new_id(), "op1", Opened(title="x", severity="SEV2"), START), None
        )
    finally:
        os.umask(before)
    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "new").iterdir()}
    assert set(modes.values()) == {0o600}, modes
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700
    journal.close()
