"""A Postgres address as people write it: drivers, options, several hosts, passwords in files, a pooler between."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import psycopg.conninfo
import pytest
from pydantic import SecretStr

from core.errors import BadAnswer, SourceError, TimedOut
from sandbox.servers import free_port
from signals.connections.postgres import connect, is_pooled, read_address
from tests.pgbouncer import run_pgbouncer
from tests.postgres import Restartable, open_folder, stopped
from tests.waiting import SLOW


def show(url: str, setting: str, *, read_only: bool = True) -> str:
    address = read_address(SecretStr(url), timeout_s=5, source="test")
    with connect(address, timeout_s=5, source="test", read_only=read_only) as connection:
        row = connection.execute(f"SHOW {setting}".encode()).fetchone()
    assert row is not None
    return str(row[0])


def test_the_users_own_options_are_kept(postgres_url: str) -> None:
    url = f"{postgres_url}?options=-csearch_path%3Dteam"
    assert show(url, "search_path") == "team"
    assert show(url, "statement_timeout") == "5s"
    assert show(url, "transaction_read_only") == "on"
    assert show(url, "transaction_read_only", read_only=False) == "off"


@pytest.mark.parametrize(
    ("options", "setting", "value"),
    [
        ("-c search_path=a,b", "search_path", "a,b"),
        (r"-csearch_path=a,\ b -c work_mem=1MB", "search_path", "a, b"),
        ("--search-path=a --work-mem=2MB", "work_mem", "2MB"),
        ("-c default_transaction_read_only=on", "transaction_read_only", "on"),
        ("-c default_transaction_isolation=serializable", "transaction_isolation", "serializable"),
        ("-e -c search_path=x", "search_path", "x"),
        ("-c search_path=it's%", "search_path", "it's%"),
    ],
)
def test_options_mean_what_they_mean_to_the_server(
    postgres_url: str, options: str, setting: str, value: str
) -> None:
    url = psycopg.conninfo.make_conninfo(postgres_url, options=options)
    with psycopg.connect(url) as connection:
        assert connection.execute(f"SHOW {setting}".encode()).fetchone() == (value,)
    assert show(url, setting, read_only=False) == value


def test_what_may_not_be_written_is_a_bad_answer(postgres_url: str) -> None:
    address = read_address(SecretStr(postgres_url), timeout_s=5, source="test")
    with pytest.raises(BadAnswer), connect(address, timeout_s=5, source="test") as connection:
        connection.execute("CREATE TABLE t ()")


def test_a_statement_without_end_is_ended(postgres_url: str) -> None:
    address = read_address(SecretStr(postgres_url), timeout_s=1, source="test")
    with pytest.raises(TimedOut), connect(address, timeout_s=1, source="test") as connection:
        connection.execute("SELECT pg_sleep(60)")


def test_a_password_file_wins_over_the_address(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("right\n")
    url = SecretStr("postgresql+psycopg://me:wrong@h/d")
    address = read_address(url, file, timeout_s=0.2, source="test")
    keywords = address.keywords
    assert (keywords["user"], keywords["password"], keywords["connect_timeout"]) == ("me", "right", 1)
    assert "right" not in repr(address)


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("postgresql://u:p@a:1,b:2/d?target_session_attrs=read-write", "a:1,b:2/d"),
        ("postgresql://u:p@a,b/d", "a:5432,b:5432/d"),
        ("postgresql+psycopg://u:p@/d?host=a:1&host=b:2", "a:1,b:2/d"),
        ("postgresql+psycopg2://u:p@/d?host=a:1&sslmode=require", "a:1/d"),
        ("postgresql://u@/d?host=/var/run/postgresql", "/var/run/postgresql:5432/d"),
        ("postgresql+asyncpg://u:p%40@h/d?ssl=require", "h:5432/d"),
        ("host=a,b port=1,2 dbname=d", "a:1,b:2/d"),
        ("postgresql://u@[::1]:7/d", "::1:7/d"),
    ],
)
def test_every_way_to_write_hosts(url: str, place: str) -> None:
    assert read_address(SecretStr(url), timeout_s=1, source="test").place == place


def test_the_next_host_is_asked_when_one_is_down(postgres_url: str) -> None:
    parts = urlsplit(postgres_url)
    for url in (
        parts._replace(netloc=f"postgres@127.0.0.1:{free_port()},127.0.0.1:{parts.port}").geturl(),
        parts._replace(
            scheme="postgresql+psycopg",
            netloc="postgres@",
            query=f"host=127.0.0.1:{free_port()}&host=127.0.0.1:{parts.port}",
        ).geturl(),
    ):
        assert show(url, "transaction_read_only") == "on"


def test_an_option_that_libpq_lacks_is_named_without_the_password() -> None:
    url = "postgresql+asyncpg://u:hunter2@h/d?statement_cache_size=0"
    with pytest.raises(SourceError) as caught:
        read_address(SecretStr(url), timeout_s=1, source="test")
    assert caught.value.message.key == "schema.bad_option"
    assert "statement_cache_size" in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_a_pooler_in_transaction_mode_is_no_hindrance(postgres_url: str) -> None:
    with run_pgbouncer(postgres_url) as pooled:
        url = f"{pooled}?options=-csearch_path%3Dteam"
        assert show(url, "search_path") == "team"
        assert show(url, "statement_timeout") == "5s"
        address = read_address(SecretStr(url), timeout_s=5, source="test")
        for _ in range(4):  # a prepared statement would be missing in the other session, or be there already
            with connect(address, timeout_s=5, source="test") as connection:
                for number in range(8):
                    assert connection.execute("SELECT %s", [number]).fetchone() == (number,)
        assert show(pooled, "search_path") == '"$user", public', "nothing is left behind"
        for place, expected in ((pooled, True), (postgres_url, False)):
            with psycopg.connect(place) as connection:
                row = connection.execute("SELECT pg_backend_pid()").fetchone()
                assert is_pooled(connection.info.backend_pid, row[0] if row else None) is expected


def test_a_pooler_whose_server_hangs_holds_nobody() -> None:
    """It lets clients in by itself, and no server is there that would end their statements."""
    with open_folder() as folder, ThreadPoolExecutor(1) as executor:
        server = Restartable(folder)
        try:
            with run_pgbouncer(server.server.url) as pooled:
                assert show(pooled, "statement_timeout") == "5s"
                address = read_address(SecretStr(pooled), timeout_s=1, source="test")

                def ask() -> None:
                    with connect(address, timeout_s=1, source="test"):
                        pytest.fail("nobody answers")

                with stopped(server.server.process.pid), pytest.raises(TimedOut):
                    executor.submit(ask).result(5 * SLOW)
                assert show(pooled, "statement_timeout") == "5s"
        finally:
            server.close()


def test_options_that_a_pooler_refuses_say_what_to_write(postgres_url: str) -> None:
    with run_pgbouncer(postgres_url) as pooled, pytest.raises(SourceError) as caught:
        show(f"{pooled}?options=-e", "search_path")
    assert caught.value.message.key == "schema.pooler_options"
