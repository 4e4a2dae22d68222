"""A Postgres address as people write it: drivers, options, passwords in files."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from core.errors import BadAnswer
from signals.connections.postgres import connect, connection_arguments


def show(url: str, setting: str, **more: object) -> str:
    arguments = connection_arguments(SecretStr(url), timeout_s=5, source="test", **more)  # type: ignore[arg-type]  # by test
    with connect(arguments, timeout_s=5, source="test") as connection:
        row = connection.execute(f"SHOW {setting}".encode()).fetchone()
    assert row is not None
    return str(row[0])


def test_the_users_own_options_are_kept(postgres_url: str) -> None:
    url = f"{postgres_url}?options=-csearch_path%3Dteam"
    assert show(url, "search_path") == "team"
    assert show(url, "statement_timeout") == "5s"
    assert show(url, "default_transaction_read_only") == "on"
    assert show(url, "default_transaction_read_only", read_only=False) == "off"


def test_what_may_not_be_written_is_a_bad_answer(postgres_url: str) -> None:
    arguments = connection_arguments(SecretStr(postgres_url), timeout_s=5, source="test")
    with pytest.raises(BadAnswer), connect(arguments, timeout_s=5, source="test") as connection:
        connection.execute("CREATE TABLE t ()")


def test_a_password_file_wins_over_the_address(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("right\n")
    url = SecretStr("postgresql+psycopg://me:wrong@h/d")
    arguments = connection_arguments(url, file, timeout_s=0.2, source="test")
    assert (arguments["user"], arguments["password"], arguments["connect_timeout"]) == ("me", "right", 1)
