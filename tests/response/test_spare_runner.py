"""A runner that was started while the plan was read: it runs at once, and ends when nobody holds it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from actions.runner import launch
from actions.runner.folder import RunFolder
from actions.runner.launch import Spare
from response.run_guard import Wish
from response.runs import Begun, Prepared, begin, prepare
from tests.response.test_runs import ME, YES, ended, journal, output, settings  # noqa: F401  # fixtures
from tests.waiting import until

if TYPE_CHECKING:
    from actions.runner.request import RunSettings
    from incidents.journal import Journal


@pytest.fixture(autouse=True)
def _started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch, "subprocess", subprocess)


def is_gone(group: int) -> bool:
    """Whether no process is left in a group."""
    with suppress(ProcessLookupError):
        os.killpg(group, 0)
        return False
    return True


def run_with(spare: Spare, journal: Journal, settings: RunSettings) -> Begun:  # noqa: F811  # a fixture's name
    prepared = prepare(settings, "shop.do", {}, ME.actor)
    assert isinstance(prepared, Prepared)
    prepared = Prepared(prepared.action, prepared.params, prepared.plan, spare)
    begun = begin(journal, settings, prepared, Wish(plan=prepared.plan, identity=ME), YES)
    assert isinstance(begun, Begun)
    return begun


def test_it_does_the_run_and_one_that_was_killed_is_replaced(journal: Journal, settings: RunSettings) -> None:  # noqa: F811
    spare = Spare()
    group = spare.group
    begun = run_with(spare, journal, settings)
    runner = ended(journal, begun.run)
    assert runner.state == "finished"
    assert runner.process is not None
    assert output(settings, begun.run).startswith("done\n")
    assert RunFolder.of(settings.actions, begun.run).log.stat().st_mode & 0o077 == 0
    until(lambda: is_gone(group))
    killed = Spare()
    os.killpg(killed.group, signal.SIGKILL)
    again = ended(journal, run_with(killed, journal, settings).run)
    assert again.state == "finished"


def test_it_ends_with_whoever_holds_it() -> None:
    dropped = Spare()
    group = dropped.group
    del dropped
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import time; from actions.runner.launch import Spare; spare = Spare(); "  # noqa: ISC004
            "print(spare.group, flush=True); time.sleep(60)",
        ],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path.cwd(),
    )
    assert holder.stdout is not None
    of_killed = int(holder.stdout.readline())
    holder.kill()
    holder.wait()
    holder.stdout.close()
    cut = Spare()
    assert not cut.hand_over(b'{"value": {"run": ')
    until(lambda: is_gone(group) and is_gone(of_killed) and is_gone(cut.group))
