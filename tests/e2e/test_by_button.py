"""Played by keys alone, in a real terminal over the sandbox's real servers: a migration there and back under load."""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING

import psycopg
import pytest

from tests.e2e.seat import LONG, Seat, configuration, journaled_runs
from tests.e2e.stack import running

pytestmark = [pytest.mark.drill, pytest.mark.timeout(500)]  # by `make drills`

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.e2e.stack import Stack

PROFILES = int(os.environ.get("WARROOM_TEST_PROFILES", "20000"))
"""Rows that are there before the writers begin; 100 000 by hand."""


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with running() as started:
        yield started


class Writers:
    """Two that insert profiles until the table is gone; `ids` are those whose transaction was committed."""

    def __init__(self, url: str) -> None:
        self.ids: list[str] = []
        self._threads = [threading.Thread(target=self._write, args=(url, name)) for name in "ab"]
        for thread in self._threads:
            thread.start()

    def _write(self, url: str, name: str) -> None:
        with psycopg.connect(url, autocommit=True) as connection:
            for number in range(1_000_000):
                row = f"{name}{number}"
                try:
                    connection.execute("INSERT INTO user_profiles VALUES (%s, 'p', '{}')", (row,))
                except psycopg.Error:
                    return
                self.ids.append(row)
                time.sleep(0.1)  # more than a twentieth of the rows, and the plan would be stale

    def join(self) -> None:
        """Until they have noticed."""
        for thread in self._threads:
            thread.join(LONG)


def test_a_migration_there_and_back_under_load_loses_no_row(stack: Stack, tmp_path: Path) -> None:
    url = stack.told["postgres_url"]
    with psycopg.connect(url, autocommit=True) as database:
        database.execute("DROP TABLE user_profiles")
        database.execute("DELETE FROM alembic_version")
        seat = Seat(configuration(stack, tmp_path))
        seat.run("migrate.upgrade", "postgres")
        seat.run("migrate.verify")
        columns = "(discord_user_id, puuid, profile_data)"
        database.execute(
            f"INSERT INTO user_profiles {columns} SELECT n::text, 'p', '{{}}' FROM generate_series(1, {PROFILES}) n"
        )
        writers = Writers(url)
        seat.run("migrate.downgrade", "postgres")
        writers.join()
        assert database.execute("SELECT to_regclass('user_profiles')").fetchone() == (None,)
        seat.run("migrate.upgrade", "postgres")
        seat.press("R", "migrate.downgrade")
        seat.terminal.press("\x1b[B")
        seat.terminal.read(0.5)
        seat.press("\r", "u take it back")
        seat.press("u", "migrate.restore")
        seat.carry_out(end="RUN-5")
        seat.see("done and verified")
        rows = {row for (row,) in database.execute("SELECT discord_user_id FROM user_profiles")}
        assert rows == {*map(str, range(1, PROFILES + 1)), *writers.ids}
        assert len(writers.ids) > 2, "they were at work while it was copied"
        seat.terminal.press("\x1b")
        seat.quit()
    runs = journaled_runs(tmp_path)
    assert [run.action for run in runs] == [
        "migrate.upgrade",
        "migrate.verify",
        "migrate.downgrade",
        "migrate.upgrade",
        "migrate.restore",
    ]
    assert all(run.verified for run in runs)
