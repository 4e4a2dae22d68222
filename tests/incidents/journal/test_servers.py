"""A team's journal where Postgres is not one plain server: a schema of its own, several hosts, a pooler between."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from incidents.events.body import Noted, Opened
from incidents.journal import Journal, open_journal
from incidents.journal.errors import JournalError
from incidents.journal.verify import verify
from incidents.journal.watch import watch
from incidents.settings import JournalSettings
from sandbox.servers import free_port
from tests.pgbouncer import run_pgbouncer
from tests.postgres import Restartable, open_folder, stopped
from tests.waiting import SLOW


def journal_at(url: str, folder: Path, **more: object) -> Journal:
    values = {"url": url, "spool_file": folder / "spool.db", **more}
    return open_journal(JournalSettings.model_validate(values))


def schemas(url: str) -> set[str]:
    with psycopg.connect(url) as connection:
        rows = connection.execute("SELECT schemaname FROM pg_tables WHERE tablename = 'incident'").fetchall()
    return {row[0] for row in rows}


def with_schema(url: str) -> str:
    with psycopg.connect(url) as connection:
        connection.execute("CREATE SCHEMA team")
    return f"{url}?options=-csearch_path%3Dteam"


def test_the_search_path_of_the_address_says_where_the_tables_are(postgres_url: str, tmp_path: Path) -> None:
    url = with_schema(postgres_url)
    journal = journal_at(url, tmp_path)
    incident = journal.open_incident("ic", Opened(title="one", severity="SEV2")).chain
    journal.close()
    assert schemas(postgres_url) == {"team"}
    again = journal_at(url, tmp_path)
    assert again.load(incident).title == "one"
    again.close()


def test_two_teams_share_a_database(postgres_url: str, tmp_path: Path) -> None:
    """The default schema's journal is not taken for that of the team."""
    for url in (postgres_url, with_schema(postgres_url)):
        journal = journal_at(url, tmp_path)
        journal.open_incident("ic", Opened(title="first", severity="SEV2"))
        assert [row.label for row in journal.history()] == ["INC-1"]
        journal.close()
    assert schemas(postgres_url) == {"public", "team"}


def test_the_second_host_is_used_when_the_first_is_down(postgres_url: str, tmp_path: Path) -> None:
    parts = urlsplit(postgres_url)
    hosts = f"127.0.0.1:{free_port()},127.0.0.1:{parts.port}"
    url = parts._replace(netloc=f"postgres@{hosts}", query="target_session_attrs=read-write").geturl()
    journal = journal_at(url, tmp_path)
    journal.open_incident("ic", Opened(title="one", severity="SEV2"))
    assert (journal.away, journal.spooled(), journal.place) == (None, 0, f"{hosts}{parts.path}")
    journal.close()


def test_a_pooler_in_transaction_mode_keeps_and_verifies_a_journal(postgres_url: str, tmp_path: Path) -> None:
    url = with_schema(postgres_url)
    with run_pgbouncer(postgres_url) as pooled:
        journal = journal_at(f"{pooled}?{urlsplit(url).query}", tmp_path)
        incident = journal.open_incident("ic", Opened(title="one", severity="SEV2")).chain
        for number in range(12):
            journal.append(incident, "op", Noted(text=f"n{number}"))
        assert (journal.away, journal.spooled()) == (None, 0)
        assert verify(journal.store()).findings == ()
        journal.close()
    assert schemas(postgres_url) == {"team"}


def test_a_pooler_whose_server_hangs_keeps_no_writer(tmp_path: Path) -> None:
    """What is written then waits in the spool, and is kept once the server goes on."""
    with open_folder() as folder, ThreadPoolExecutor(1) as executor:
        server = Restartable(folder)
        try:
            with run_pgbouncer(server.server.url) as pooled:
                journal = journal_at(pooled, tmp_path, timeout_s=1, patience_s=1, retry_s=0.5)
                incident = journal.open_incident("ic", Opened(title="one", severity="SEV2")).chain
                with stopped(server.server.process.pid):
                    written = executor.submit(journal.append, incident, "ic", Noted(text="meanwhile"))
                    written.result(15 * SLOW)
                    assert journal.spooled() == 1
                time.sleep(journal.retry_s)  # so long it is left alone
                assert journal.merge() == 1
                assert verify(journal.store()).findings == ()
                journal.close()
        finally:
            server.close()


async def test_others_hear_of_an_event_through_a_pooler(postgres_url: str, tmp_path: Path) -> None:
    with run_pgbouncer(postgres_url) as pooled:
        journal = journal_at(pooled, tmp_path)
        other = journal_at(postgres_url, tmp_path / "other")
        news = watch(journal)
        assert await anext(news) == frozenset()
        incident = await asyncio.to_thread(
            lambda: other.open_incident("ic", Opened(title="one", severity="SEV2")).chain
        )
        async with asyncio.timeout(4):
            assert await anext(news) == {incident}
        await news.aclose()  # type: ignore[attr-defined]  # an async generator
        journal.close()
        other.close()


@pytest.mark.parametrize("url", ["postgresql://u:hunter2@[bad/db", "postgresql://u:hunter2@h/d?nothing=1"])
def test_a_bad_address_is_a_sentence_without_the_password(url: str, tmp_path: Path) -> None:
    with pytest.raises(JournalError) as caught:
        journal_at(url, tmp_path)
    assert "hunter2" not in str(caught.value)
