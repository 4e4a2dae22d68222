"""A watch that is left in the middle of its look at SQLite."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

from sqlalchemy.pool import QueuePool

from incidents.journal import open_journal
from incidents.journal import watch as module
from incidents.settings import JournalSettings

if TYPE_CHECKING:
    from pathlib import Path

    import pytest
    from sqlalchemy import Connection


async def test_a_connection_is_given_back_when_its_look_is_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever quits cancels the watch. Python's sqlite3 crashes when a connection is closed under a thread that asks it."""
    journal = open_journal(JournalSettings.model_validate({"url": f"sqlite:///{tmp_path}/journal.db"}))
    pool = journal.store().database.engine.pool
    assert isinstance(pool, QueuePool)
    looks, may_end = threading.Event(), threading.Event()
    lent: list[int] = []
    look = module._data_version

    def slow_look(connection: Connection) -> int:
        looks.set()
        may_end.wait(60)
        lent.append(pool.checkedout())
        return look(connection)

    async def follow() -> None:
        async for _ in module.watch(journal):
            pass

    monkeypatch.setattr(module, "_data_version", slow_look)
    watching = asyncio.create_task(follow())
    await asyncio.to_thread(looks.wait, 60)
    threading.Timer(0.2, may_end.set).start()
    watching.cancel()
    await asyncio.wait([watching])
    await asyncio.to_thread(may_end.wait, 60)
    await asyncio.get_running_loop().shutdown_default_executor()
    assert lent == [1]
    assert pool.checkedout() == 0
    journal.close()
