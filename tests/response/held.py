"""Runs that are held at a state, so that something can happen to them there."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from actions.planning import plan_to_json
from actions.runner.request import RunRequest
from incidents.events import run_body as r
from incidents.journal.errors import JournalError
from response import runs
from response.decision import Refused
from response.run_guard import Wish
from response.runs import Begun, Prepared, begin, prepare, undo_call
from tests.actions.runner.hold import Gate
from tests.response.test_runs import ME, YES, python, settings_with

if TYPE_CHECKING:
    from uuid import UUID

    from actions.runner.request import RunSettings
    from incidents.journal import Journal

WORK = python(
    "import os, time\nopen(f'ran-{os.getpid()}', 'w')\nwhile not os.path.exists('enough'): time.sleep(0.02)"
)
LASTING: dict[str, Any] = {"argv": WORK, "undo": WORK, "lasts_s": 3600}


def ran(tmp_path: Path) -> int:
    """How often the work was begun."""
    return len(list(tmp_path.glob("ran-*")))


def written(journal: Journal, settings: RunSettings, prepared: Prepared, *, approved: bool = True) -> UUID:
    """A run that was planned, and approved, by a program that died then."""
    wish = Wish(plan=prepared.plan, identity=ME)
    run = journal.plan_run(ME.actor, runs._planned(journal, settings, prepared, wish)).chain
    if approved:
        journal.append(run, ME.actor, r.RunApproved(digest=prepared.plan.digest, identity=ME.proven))
    return run


def request(settings: RunSettings, prepared: Prepared, run: UUID) -> RunRequest:
    return RunRequest(
        run=run,
        actor=ME.actor,
        action=prepared.action.id,
        params=prepared.params.revealed(),
        plan=plan_to_json(prepared.plan),
        settings=settings,
    )


def held_at(state: str, tmp_path: Path, gate: Gate) -> tuple[RunSettings, RunSettings]:
    """Settings by which a run stands still at a state, and those by which it is planned without that."""
    plain = settings_with(tmp_path, cwd=str(tmp_path), **LASTING)
    checks = {"claimed": "preflight", "verifying": "verify", "finishing": "verify"}
    own = {checks[state]: [gate.check()]} if state in checks else {}
    if state in ("verifying", "finishing"):
        (tmp_path / "enough").touch()
    return settings_with(tmp_path, cwd=str(tmp_path), **(LASTING | own)), plain


def undone(journal: Journal, settings: RunSettings, run: UUID) -> UUID:
    """The run that takes it back, begun."""
    call = undo_call(journal.load_run(run))
    assert not isinstance(call, Refused)
    prepared = prepare(settings, call.id, call.params, ME.actor, lasts_s=0.0)
    assert isinstance(prepared, Prepared)
    begun = begin(journal, settings, prepared, Wish(plan=prepared.plan, identity=ME, undoes=run), YES)
    assert isinstance(begun, Begun)
    return begun.run


def is_back(journal: Journal) -> bool:
    try:
        journal.merge()
    except JournalError:
        return False
    return not journal.spooled()
