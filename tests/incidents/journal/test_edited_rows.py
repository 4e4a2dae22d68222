"""A row of any table that was edited by hand costs that row: the journal is read, verified and goes on."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pytest

from incidents.events.body import Opened
from incidents.events.run_body import RunPlanned
from incidents.journal import export_lines, open_journal
from incidents.journal.anchor import anchor_of
from incidents.journal.tables import METADATA
from incidents.journal.verify import verify
from incidents.settings import JournalSettings

if TYPE_CHECKING:
    from pathlib import Path

VALUES = ("x'ff00'", "'zz'", "-3")


@pytest.mark.parametrize("table", ["run", "ledger", "ledger_end", "lease", "heartbeat"])
def test_every_column_may_hold_nonsense(tmp_path: Path, table: str) -> None:
    file = tmp_path / "journal.db"
    journal = open_journal(JournalSettings.model_validate({"url": f"sqlite:///{file}"}))
    run = journal.plan_run("op1", RunPlanned(action="x", danger="mitigate", resource="celery")).chain
    journal.claim_run(run, "op1", host="ops1", expected_sequence=1)
    with sqlite3.connect(file) as connection:
        for (trigger,) in connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall():
            connection.execute(f"DROP TRIGGER {trigger}")
    for column in METADATA.tables[table].columns:
        if column.primary_key and table.startswith("ledger"):
            continue  # SQLite itself takes nothing but numbers there
        for value in VALUES:
            with sqlite3.connect(file) as connection:
                (before,) = connection.execute(f"SELECT {column.name} FROM {table}").fetchone()
                connection.execute(f"UPDATE {table} SET {column.name} = {value} WHERE rowid = 1")
            findings = verify(journal.store(), anchor_of(journal.store())).findings
            assert findings or table in ("lease", "heartbeat") or column.name == "id", (column.name, value)
            assert list(export_lines(journal.store()))
            assert (len(journal.runs()), len(journal.heartbeats())) <= (1, 1)
            journal.holder("celery")
            with sqlite3.connect(file) as connection:
                connection.execute(
                    f"UPDATE {table} SET {column.name} = ? WHERE rowid IN (SELECT min(rowid) FROM {table})",
                    (before,),
                )
    assert verify(journal.store()).findings == ()
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE ledger_end SET position = 'zz'")
    journal.open_incident("ic1", Opened(title="work goes on", severity="SEV2"))
    assert len(journal.history()) == 1
    journal.close()
