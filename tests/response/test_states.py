"""Whoever dies at whichever state of a run: its record is true, it runs once, and its resource is free or held by a name.

Each test is a victim, its cases are the states. A runner that dies at claimed, started or verifying: `test_runs_and_the_journal`
and `test_runs`; whoever started it: `test_runs`; the worker of an ops host and the broker: `test_remote`; the service's own
database, at any moment: `tests/attack/runs.py`.
"""

from __future__ import annotations

import os
import signal
import sqlite3
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from actions.runner.folder import RunFolder
from actions.runner.launch import launch
from incidents.events import run_body as r
from incidents.journal import open_journal
from incidents.journal.errors import JournalAway
from incidents.journal.turn import turn
from incidents.journal.verify import verify
from response.in_force import in_force
from response.orphans import declare_orphaned, lost
from response.run_guard import Wish
from response.runs import Begun, begin, cancel, start
from tests.actions.runner.hold import Gate
from tests.postgres import Restartable
from tests.response.held import LASTING, held_at, is_back, ran, request, undone, written
from tests.response.test_in_force import now
from tests.response.test_runs import ME, YES, ended, kinds, planned, settings_with, started
from tests.response.test_runs_and_the_journal import with_journal
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    from actions.runner.request import RunSettings
    from incidents.events.run import Run


def runner_of(run: Run) -> int:
    return int(run.runner.removeprefix("pid "))


@contextmanager
def written_by_others(tmp_path: Path) -> Iterator[None]:
    """Everybody else waits for the journal's file."""
    with closing(sqlite3.connect(tmp_path / "journal.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


# --- the team's database ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "outcome"),
    [
        ("planned", ("cancelled", 0)),
        ("approved", ("failed", 0)),
        ("claimed", ("failed", 0)),
        ("started", ("finished", 1)),
        ("verifying", ("finished", 1)),
        ("undoing", ("finished", 2)),
    ],
)
def test_the_journal_is_killed(
    server: Restartable, tmp_path: Path, gate: Gate, state: str, outcome: tuple[str, int]
) -> None:
    becomes, times = outcome
    held, plain = (with_journal(each, server.server.url, tmp_path) for each in held_at(state, tmp_path, gate))
    with closing(open_journal(plain.journal)) as journal:
        prepared = planned(plain)
        if state in ("planned", "approved"):
            run = written(journal, plain, prepared, approved=state == "approved")
            server.kill()
            if state == "approved":
                launch(request(held, prepared, run))
            else:
                with pytest.raises(JournalAway):
                    cancel(journal, plain, run, ME)
        else:
            begun = begin(journal, held, prepared, Wish(plan=prepared.plan, identity=ME), YES)
            assert isinstance(begun, Begun)
            run = begun.run
            if state == "undoing":
                until(lambda: ran(tmp_path) == 1)
                (tmp_path / "enough").touch()
                original = ended(journal, run).id
                (tmp_path / "enough").unlink()
                run = undone(journal, plain, original)
            until(
                lambda: gate.reached.is_set() if state in ("claimed", "verifying") else ran(tmp_path) == times
            )
            server.kill()
        gate.open()
        (tmp_path / "enough").touch()
        if state != "planned":
            runner_ends(plain, run)
        server.start()
        until(lambda: is_back(journal))
        if state == "planned":
            assert lost(journal.load_run(run), None, 3600) is not None
            assert cancel(journal, plain, run, ME) is None
        end = ended(journal, run)
        assert end.state == becomes, end.said
        assert ran(tmp_path) == times
        assert sum(kind in ("run_finished", "run_failed", "run_cancelled") for kind in kinds(end)) == 1
        assert (end.was_begun, journal.holder("shop")) == (times > 0, None)
        if becomes == "failed":
            assert end.said is not None
            assert end.said.key in ("journal.away", "journal.away_no_claim")
        if state == "undoing":
            assert journal.load_run(original).state == "undone"
            assert original not in [effect.run.id for effect in in_force(journal, plain, now())]
        assert verify(journal.store()).findings == ()
        assert ended(journal, started(journal, plain)).state == "finished", "the resource is free"


def runner_ends(settings: RunSettings, run: UUID) -> None:
    """Nobody writes to its files any more."""
    until(lambda: not holders(RunFolder.of(settings.actions, run)))


def holders(folder: RunFolder) -> list[int]:
    """The processes that have the run's words open."""

    def is_open(process: Path) -> bool:
        try:
            return any(each.readlink() == folder.log for each in (process / "fd").iterdir())
        except OSError:
            return False

    return [int(each.name) for each in Path("/proc").iterdir() if each.name.isdigit() and is_open(each)]


# --- the runner -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "outcome"),
    [("approved", ("approved", 0)), ("finishing", ("started", 1)), ("undoing", ("started", 2))],
)
def test_the_runner_is_killed(
    tmp_path: Path, gate: Gate, monkeypatch: pytest.MonkeyPatch, state: str, outcome: tuple[str, int]
) -> None:
    is_known_as, times = outcome
    held, plain = held_at(state, tmp_path, gate)
    with closing(open_journal(plain.journal)) as journal:
        prepared = planned(plain)
        if state == "approved":
            run = written(journal, plain, prepared)
            with written_by_others(tmp_path):  # it has the request, and can't claim
                launch(request(held, prepared, run))
                kill_runner(plain, run)
        else:
            begun = begin(journal, held, prepared, Wish(plan=prepared.plan, identity=ME), YES)
            assert isinstance(begun, Begun)
            run = begun.run
        if state == "finishing":
            assert gate.reached.wait(240)
            with written_by_others(tmp_path):  # it can't write what came of it
                gate.open()
                kill_runner(plain, run)
        elif state == "undoing":
            until(lambda: ran(tmp_path) == 1)
            (tmp_path / "enough").touch()
            original = ended(journal, run).id
            (tmp_path / "enough").unlink()
            run = undone(journal, plain, original)
            until(lambda: ran(tmp_path) == 2)
            kill_runner(plain, run)
        known = journal.load_run(run)
        assert (known.state, ran(tmp_path)) == (is_known_as, times)
        if state == "approved":
            text = lost(known, journal.heartbeats().get(run), 16)
            assert text is not None
            assert text.key == "run.never_claimed"
            (tmp_path / "enough").touch()
            assert isinstance(start(journal, plain, run, ME, {}), Begun), "a person may begin it again"
            assert (ended(journal, run).state, ran(tmp_path)) == ("finished", 1)
            return
        assert journal.holder("shop") == run
        monkeypatch.setattr("response.orphans.ORPHANED_S", -1.0)  # the time is over
        assert declare_orphaned(journal, run, ME) is None
        (effect,) = in_force(journal, plain, now())
        if state == "finishing":
            assert (effect.run.id, effect.is_certain) == (run, False), "it may be in force, and that is said"
        else:
            assert (effect.run.id, journal.load_run(original).state) == (original, "finished")
        (tmp_path / "enough").touch()
        assert ended(journal, undone(journal, plain, effect.run.id)).state == "finished"
        assert in_force(journal, plain, now()) == ()


def kill_runner(settings: RunSettings, run: UUID) -> None:
    """Whoever has its words open: the runner, and the guardian with it."""
    folder = RunFolder.of(settings.actions, run)
    for process in holders(folder):
        os.kill(process, signal.SIGKILL)
    until(lambda: not holders(folder))


def test_a_runner_that_was_stopped_until_others_took_its_resource_does_nothing(
    tmp_path: Path, gate: Gate
) -> None:
    """Suspended, or in a machine that was: what it had confirmed is not begun beside the run that came after it."""
    held, plain = held_at("claimed", tmp_path, gate)
    with closing(open_journal(plain.journal)) as journal:
        prepared = planned(plain)
        begun = begin(journal, held, prepared, Wish(plan=prepared.plan, identity=ME), YES)
        assert isinstance(begun, Begun)
        assert gate.reached.wait(240)
        runner = runner_of(journal.load_run(begun.run))
        with turn(tmp_path / "journal.db.turn", 60):  # not amid a write: others would wait for that for ever
            os.kill(runner, signal.SIGSTOP)
        try:
            journal.append(begun.run, "ic1", r.RunOrphaned())
            (tmp_path / "enough").touch()
            assert ended(journal, started(journal, plain)).state == "finished"
        finally:
            gate.open()
            os.kill(runner, signal.SIGCONT)
        until(lambda: not Path(f"/proc/{runner}").exists())
        end = journal.load_run(begun.run)
        assert ran(tmp_path) == 1, "only the one that came after it"
        assert (end.state, end.was_begun) == ("failed", False)
        assert end.said is not None
        assert end.said.key in ("runs.ended_by_others", "actions.cancelled")


# --- the one who looks whether it holds -------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["cancelled", "late", "broken"])
def test_work_that_is_done_stays_done_when_its_check_is_stopped(tmp_path: Path, gate: Gate, how: str) -> None:
    """It is in force with its undo; nobody knows whether it holds, and that is said."""
    (tmp_path / "enough").touch()
    limit = {"timeout_s": 3.0} if how == "late" else {}
    settings = settings_with(tmp_path, cwd=str(tmp_path), verify=[gate.check()], **(LASTING | limit))
    with closing(open_journal(settings.journal)) as journal:
        run = started(journal, settings)
        assert gate.reached.wait(240)
        if how == "cancelled":
            assert cancel(journal, settings, run, ME) is None
        elif how == "broken":
            os.kill(runner_of(journal.load_run(run)), signal.SIGTERM)
        end = ended(journal, run)
        assert (end.state, end.verified, end.is_unknown, end.exit_code) == ("finished", None, True, 0)
        assert [check.key for check in end.checks] == ["runs.check_stopped"]
        (effect,) = in_force(journal, settings, now())
        assert (effect.is_certain, effect.undo is not None) == (False, True)
