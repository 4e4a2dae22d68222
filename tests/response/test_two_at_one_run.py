"""Two programs at one run, or at one resource: one of them does it, and what the other says changes nothing."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from actions.runner.execute import claim
from actions.runner.folder import RunFolder
from actions.runner.launch import launch
from actions.runner.unwritten import write_unwritten
from core.errors import WarroomError
from incidents.events import run_body as r
from incidents.journal import open_journal
from incidents.journal.verify import verify
from response import runs
from response.decision import Refused
from response.run_guard import Wish
from response.runs import Prepared, begin, cancel, prepare, undo_call
from tests.actions.runner.hold import Gate
from tests.postgres import Restartable
from tests.response.held import LASTING, held_at, is_back, ran, request, undone, written
from tests.response.test_runs import ME, YES, ended, kinds, planned, settings_with, started
from tests.response.test_runs_and_the_journal import with_journal
from tests.waiting import until


def test_a_cancel_at_the_moment_of_the_claim_reaches_the_runner(
    tmp_path: Path, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the run would be over in the journal, its resource free, and the work go on."""
    held, plain = held_at("claimed", tmp_path, gate)
    with closing(open_journal(plain.journal)) as journal:
        prepared = planned(plain)
        run = written(journal, plain, prepared)
        seen = journal.load_run(run)
        launch(request(held, prepared, run))
        assert gate.reached.wait(240)
        answers = iter([seen])
        load = journal.load_run
        monkeypatch.setattr(journal, "load_run", lambda chain: next(answers, None) or load(chain))
        assert cancel(journal, plain, run, ME) is None
        end = ended(journal, run)
        assert (end.state, end.was_begun, ran(tmp_path)) == ("cancelled", False, 0)
        assert kinds(end)[-2:] == ["run_cancel_asked", "run_cancelled"]


@pytest.mark.parametrize("by", ["spool", "file"])
def test_who_could_not_even_claim_ends_no_run_that_another_has(
    server: Restartable, tmp_path: Path, by: str
) -> None:
    """A message that came twice: while the second runner asks, the journal goes away."""
    settings = with_journal(settings_with(tmp_path), server.server.url, tmp_path)
    with closing(open_journal(settings.journal)) as journal:
        run = written(journal, settings, planned(settings))
        claim(journal, journal.load_run(run), "op1")
        refusal = r.RunFailed(unclaimed=True)
        if by == "spool":
            server.kill()
            journal.append(run, "op2", refusal)
            server.start()
            until(lambda: is_back(journal))
        else:
            folder = RunFolder.of(settings.actions, run)
            folder.create()
            from actions.runner.unwritten import keep

            keep(folder, "op2", refusal)
            assert write_unwritten(journal, settings.actions) == (run,)
        known = journal.load_run(run)
        assert (known.state, journal.holder("shop")) == ("claimed", run)
        assert kinds(known)[-1] == "run_failed", "it is kept, and changes nothing"
        journal.append(run, "op1", r.RunFinished(exit_code=0))
        assert journal.load_run(run).state == "finished"


def test_a_claim_from_the_spool_that_comes_late_keeps_nobody_from_writing(
    server: Restartable, tmp_path: Path
) -> None:
    """The server died as it took the claim, so the runner gave it to the spool as well; or somebody ended the run meanwhile."""
    settings = with_journal(
        settings_with(tmp_path, danger="observe", resource=""), server.server.url, tmp_path
    )
    with closing(open_journal(settings.journal)) as journal:
        run = written(journal, settings, planned(settings), approved=False)
        server.kill()
        claim(journal, journal.load_run(run), "op1")
        server.start()
        with closing(
            open_journal(with_journal(settings, server.server.url, tmp_path / "other").journal)
        ) as theirs:
            theirs.append(run, "op2", r.RunCancelled())
        until(lambda: is_back(journal))
        assert journal.load_run(run).state == "cancelled"
        assert journal.heartbeats() == {}
        journal.append(run, "op1", r.RunFinished(exit_code=0))
        assert verify(journal.store()).findings == ()


def test_where_no_runner_can_be_started_the_run_says_so_and_never_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_with(tmp_path)
    with closing(open_journal(settings.journal)) as journal:
        prepared = planned(settings)
        (tmp_path / "runs").write_text("no folder")
        with pytest.raises(WarroomError):
            begin(journal, settings, prepared, Wish(plan=prepared.plan, identity=ME), YES)
        ((_, run),) = journal.runs()
        assert (run.state, run.was_begun) == ("failed", False)
        assert run.said is not None
        assert run.said.key == "runs.not_started"


@pytest.mark.parametrize("unproven", [False, True])
def test_of_two_that_take_the_same_back_one_does_it(tmp_path: Path, *, unproven: bool) -> None:
    """Both saw it before either had begun. Where the first could not prove it, the second may try."""
    (tmp_path / "enough").touch()
    settings = settings_with(tmp_path, cwd=str(tmp_path), **LASTING)
    with closing(open_journal(settings.journal)) as journal:
        run = ended(journal, started(journal, settings)).id
        call = undo_call(journal.load_run(run))
        assert not isinstance(call, Refused)
        prepared = prepare(settings, call.id, call.params, ME.actor, lasts_s=0.0)
        assert isinstance(prepared, Prepared)
        (tmp_path / "enough").unlink()
        wish = Wish(plan=prepared.plan, identity=ME, undoes=run)
        late = journal.plan_run(ME.actor, runs._planned(journal, settings, prepared, wish)).chain
        journal.append(late, ME.actor, r.RunApproved(digest=prepared.plan.digest, identity=ME.proven))
        first = undone(journal, settings, run)
        until(lambda: ran(tmp_path) == 2)
        if unproven:
            (tmp_path / "runs" / str(first) / "cancel").write_text("ic1")
        else:
            (tmp_path / "enough").touch()
        ended(journal, first)
        (tmp_path / "enough").touch()
        launch(request(settings, prepared, late))
        end = ended(journal, late)
        assert (end.state, ran(tmp_path)) == (("finished", 3) if unproven else ("failed", 2))
        assert unproven or (end.said is not None and end.said.key == "runs.undone_already")
        assert journal.load_run(run).state == "undone"
