"""The journal of a test begins with a schema that was made once: what Alembic makes of an empty file is always the same.

It takes 60 ms of CPU, and some 1 500 tests open a journal of their own. The first file of each worker is made as a user's is, and so
is each that another process opens, each on a server, and each whose test is about it (`tests/incidents/journal/test_upgrade.py`).
"""

from __future__ import annotations

import shutil
import sqlite3
import threading
from contextlib import closing
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from incidents.journal.database import Database


def make_schema_once(patch: pytest.MonkeyPatch, folder: Path) -> None:
    """From now on an empty file that this process opens as a journal gets a copy of the first one's schema."""
    from incidents.journal import database

    upgrade, first, copying = database._upgrade, folder / "schema.db", threading.Lock()

    def copy_or_upgrade(opened: Database) -> None:
        file = opened.turn_file.with_suffix("")
        with (
            copying
        ):  # of two threads that open one file the second must not copy over what the first has written
            is_new = not opened.is_postgres and not opened.read_only and file.stat().st_size == 0
            if is_new and first.exists():
                shutil.copyfile(first, file)
        upgrade(opened)
        if is_new and not first.exists():
            with closing(sqlite3.connect(file)) as made, closing(sqlite3.connect(first)) as kept:
                made.backup(kept)

    patch.setattr(database, "_upgrade", copy_or_upgrade)
