"""A journal of revision 0001 with data is taken along as it is, whoever opens it first, and however it was damaged."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import psycopg
import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, text

from incidents.events.body import Noted, Opened
from incidents.events.event import GENESIS, Draft, chain, new_id, to_record
from incidents.events.fold import fold
from incidents.journal import Journal, open_journal
from incidents.journal.database import SCRIPTS
from incidents.journal.kinds import incident_columns
from incidents.journal.verify import verify
from incidents.settings import JournalSettings
from tests.incidents.build import START

if TYPE_CHECKING:
    from pathlib import Path


def open_at(url: str, folder: Path) -> Journal:
    values = {"url": url, "spool_file": folder / "spool.db", "timeout_s": 20}
    return open_journal(JournalSettings.model_validate(values))


def journal_of_0001(url: str) -> None:
    """As the release before made it: two incidents with three events each."""
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        for number in (1, 2):
            incident = new_id()
            events = [
                chain(
                    Draft(new_id(), incident, "ic1", Opened(title="x", severity="SEV2"), START), (0, GENESIS)
                )
            ]
            for index in range(2):
                draft = Draft(new_id(), incident, "op1", Noted(text=f"n{index}"), START)
                events.append(chain(draft, (events[-1].sequence, events[-1].digest)))
            row = {"id": str(incident), "number": number, **incident_columns(fold(events))}
            names = ", ".join(row)
            connection.execute(
                text(f"INSERT INTO incident ({names}) VALUES ({', '.join(f':{name}' for name in row)})"), row
            )
            for event in events:
                record = to_record(event)
                connection.execute(
                    text(
                        "INSERT INTO event (id, incident, sequence, at, actor, kind, body, previous, digest, origin)"
                        " VALUES (:id, :chain, :sequence, :at, :actor, :kind, :body, :previous, :digest, :origin)"
                    ),
                    {name: getattr(record, name) for name in record.__dataclass_fields__},
                )
    engine.dispose()


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_two_programs_at_once_bring_a_journal_with_data_up_to_date(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = f"sqlite:///{tmp_path}/journal.db"
    if kind == "postgres":
        url = request.getfixturevalue("postgres_url")
    journal_of_0001(url)
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(lambda index: open_at(url, tmp_path / str(index)), range(2))
    proof = verify(first.store())
    assert (proof.incidents, proof.events, proof.findings) == (2, 6, ())
    second.append(second.find("INC-2"), "op1", Noted(text="and on"))
    assert verify(first.store()).findings == ()
    assert first.load(first.find("INC-2")).sequence == 4
    first.close()
    second.close()


def test_what_was_damaged_before_is_taken_along_and_named(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/journal.db"
    journal_of_0001(url)
    with sqlite3.connect(tmp_path / "journal.db") as connection:
        connection.execute("DROP TRIGGER event_no_update")
        connection.execute("UPDATE event SET body = x'ff' WHERE sequence = 2")
        connection.execute("UPDATE incident SET title = x'ff' WHERE number = 2")
    journal = open_at(url, tmp_path)
    damages = [(finding.damage, finding.label) for finding in verify(journal.store()).findings]
    assert damages == [("altered", "INC-1"), ("altered", "INC-2")]
    journal.close()


def test_an_upgrade_that_is_cut_off_leaves_the_journal_as_it_was(tmp_path: Path) -> None:
    """On both databases the whole upgrade is one transaction."""
    file = tmp_path / "journal.db"
    journal_of_0001(f"sqlite:///{file}")
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE lease (stands, there)")  # what comes last can't be made
    with pytest.raises(Exception, match="lease"):
        open_at(f"sqlite:///{file}", tmp_path)
    with sqlite3.connect(file) as connection:
        assert connection.execute("SELECT count(*) FROM event WHERE incident <> ''").fetchone() == (6,)
        connection.execute("DROP TABLE lease")
    journal = open_at(f"sqlite:///{file}", tmp_path)
    assert verify(journal.store()).findings == ()
    journal.close()


def test_the_ledger_itself_is_guarded(postgres_url: str, tmp_path: Path) -> None:
    journal = open_at(postgres_url, tmp_path)
    journal.open_incident("ic1", Opened(title="x", severity="SEV2"))
    journal.open_incident("ic1", Opened(title="y", severity="SEV2"))
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        with pytest.raises(psycopg.Error, match="append-only"):
            connection.execute("DELETE FROM ledger")
        connection.execute("ALTER TABLE ledger DISABLE TRIGGER USER")
        connection.execute("UPDATE ledger SET number = 7 WHERE position = 1")
    assert ("ledger_altered", 1) in [
        (finding.damage, finding.sequence) for finding in verify(journal.store()).findings
    ]
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("DELETE FROM ledger WHERE position = 2")
    journal.append(journal.find("1"), "op1", Noted(text="work goes on"))
    assert verify(journal.store()).findings
    journal.close()
