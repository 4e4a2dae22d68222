"""A drill in the middle of which somebody dies: nothing stays broken, nothing stays running, and the next drill can begin."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from drills.records import DrillRecord, load_all
from sandbox.breakages.control import ask
from tests.drills.faults.test_injector import until, watchdogs_of
from tests.drills.faults.world import broker
from tests.e2e.stack import Stack, processes_in, running
from tests.terminal import PROGRAM

SCENARIO = "latency-queue"
"""Whether its target is well shows at once."""


class Drill:
    """`warroom drill run` in a process of its own, and what it has said."""

    def __init__(self, stack: Stack, home: Path, *options: str) -> None:
        self.home, self.output = home, ""
        self.process = subprocess.Popen(
            [PROGRAM, "--config", stack.told["config"], "drill", "run", SCENARIO, *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=os.environ | {"HOME": str(home), "XDG_STATE_HOME": str(home)},
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.output += line

    def wait_for(self, text: str) -> None:
        until(lambda: text in self.output, f"{text} was not said", 120)

    def end(self) -> int:
        code = self.process.wait(480)
        self._reader.join(10)
        return code

    @property
    def record(self) -> DrillRecord:
        (record,) = load_all(self.home / "warroom" / "drills").records
        return record


@contextlib.contextmanager
def drill(stack: Stack, home: Path, *options: str) -> Iterator[Drill]:
    """Broken already."""
    home.mkdir()
    begun = Drill(stack, home, *options)
    try:
        begun.wait_for("fault injected")
        yield begun
    finally:
        begun.process.kill()
        begun.end()
        assert begun.process.stdout is not None
        begun.process.stdout.close()


def is_flooded(stack: Stack) -> bool:
    return int(str(broker(stack).llen("matches"))) > 50


def watchdogs(stack: Stack) -> list[int]:
    return watchdogs_of(Path(stack.folder))


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with running() as started:
        yield started


def test_a_killed_program_leaves_a_target_on_which_the_next_drill_begins(
    stack: Stack, tmp_path: Path
) -> None:
    with drill(stack, tmp_path / "first") as first:
        assert is_flooded(stack)
        assert watchdogs(stack)
        first.process.send_signal(signal.SIGKILL)
        first.end()
        until(lambda: not watchdogs(stack), "the watchdog stayed")
    assert ask(Path(stack.folder), "list")["broken"] == []
    assert not is_flooded(stack)
    assert (first.record.ending, first.record.score, first.record.is_result) == ("aborted", None, False)
    with drill(stack, tmp_path / "next") as following:
        following.process.send_signal(signal.SIGTERM)
        assert following.end() == 128 + signal.SIGTERM, following.output
    assert following.record.ending == "aborted"
    assert not watchdogs(stack)
    assert not is_flooded(stack)


def test_a_drill_goes_on_without_its_watchdog_and_lifts_everything(stack: Stack, tmp_path: Path) -> None:
    with drill(stack, tmp_path / "home", "--autopilot=idle", "--fast") as begun:
        (watchdog,) = watchdogs(stack)
        os.kill(watchdog, signal.SIGKILL)
        assert begun.end() == 0, begun.output
    assert begun.record.ending == "timed_out"
    assert [each.state for each in begun.record.injections] == ["lifted"]
    assert not watchdogs(stack)
    assert ask(Path(stack.folder), "list")["broken"] == []


def test_a_drill_whose_sandbox_dies_ends_and_says_why(tmp_path: Path) -> None:
    with running() as own, drill(own, tmp_path / "home") as begun:
        own.supervisor().kill()
        assert begun.end() == 1, begun.output
        assert "the sandbox has ended" in begun.output
        assert "Traceback" not in begun.output
        until(lambda: not Path(own.folder).exists(), "the sandbox stayed", 30)
        assert not processes_in(own.folder)
        assert not watchdogs(own)
    assert begun.record.ending == "aborted"
    assert [each.fault for each in begun.record.injections] == ["queue-flood"], "it is known what was broken"
