"""A runner that lives is never taken for dead because a clock jumped, nor a dead one for alive."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import threading
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from actions.runner.execute import claim, host_name
from incidents.events.run_body import RunPlanned
from incidents.journal import open_journal
from incidents.settings import JournalSettings
from response import orphans
from response.decision import Reason, Refused
from response.identity import Identity
from response.orphans import declare_orphaned, lost

if TYPE_CHECKING:
    from pathlib import Path

ME = Identity("op1", "op1")


@pytest.mark.parametrize("jump_s", [-3600, 3600])
@pytest.mark.parametrize("lives", [True, False])
def test_a_jump_of_the_clock_decides_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jump_s: float, *, lives: bool
) -> None:
    monkeypatch.setattr(orphans, "SECOND_LOOK_S", 0.6)
    file = tmp_path / "journal.db"
    with closing(open_journal(JournalSettings.model_validate({"url": f"sqlite:///{file}"}))) as journal:
        run = journal.plan_run("op1", RunPlanned(action="shop.do", danger="mitigate", resource="shop")).chain
        claim(journal, journal.load_run(run), "op1")
        with closing(sqlite3.connect(file, isolation_level=None)) as other:
            other.execute("UPDATE heartbeat SET at = at - ?", [jump_s])
        assert lost(journal.load_run(run), journal.heartbeats()[run], 0.0) is not None
        beats = threading.Timer(0.2, lambda: journal.beat(run))
        if lives:
            beats.start()
        refused = declare_orphaned(journal, run, ME)
        beats.cancel()
        if lives:
            beats.join()
            assert isinstance(refused, Refused)
            assert refused.reason is Reason.RUN_NOT_LOST
        assert journal.load_run(run).state == ("claimed" if lives else "orphaned")


def test_a_process_that_is_gone_from_this_host_is_not_waited_for(tmp_path: Path) -> None:
    settings = JournalSettings.model_validate({"url": f"sqlite:///{tmp_path / 'journal.db'}"})
    with subprocess.Popen(["true"]) as gone:
        child = gone.pid
    with closing(open_journal(settings)) as journal:
        for host, runner, dead in (
            (host_name(), f"pid {child}", True),
            (host_name(), f"pid {os.getpid()}", False),
            ("elsewhere", f"pid {child}", False),
        ):
            run = journal.plan_run("op1", RunPlanned(action="shop.look", danger="observe")).chain
            journal.claim_run(run, "op1", host=host, runner=runner, expected_sequence=1)
            assert orphans.is_dead_here(journal.load_run(run)) is dead
