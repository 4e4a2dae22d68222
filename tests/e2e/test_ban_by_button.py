"""A storm of refusals played by keys alone: throttle, hold, and a staged return that outlives the terminal it was begun in."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.e2e.seat import Seat, configuration, journaled_runs
from tests.e2e.stack import running
from tests.terminal import PROGRAM

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.drill, pytest.mark.timeout(600)]  # minutes of a person, and of a return in stages

ACTIONS = [
    "queue.throttle",
    "queue.throttle",
    "queue.stop-consuming",
    "queue.stop-consuming",
    "queue.hold",
    "queue.release",
    "queue.staged-return",
]


def test_a_ban_by_button_and_the_return_ends_in_another_terminal(tmp_path: Path) -> None:
    with running() as stack:
        config = configuration(stack, tmp_path)
        command = (
            PROGRAM,
            "--config",
            stack.told["config"],
            "drill",
            "inject",
            "retry-storm",
            "--for",
            "40s",
        )
        with subprocess.Popen([*command, "--param", "per_s=20"], stdout=subprocess.DEVNULL) as storm:
            first = Seat(config)
            first.choose_panel("Ban forecast")
            first.open_runbook("cloudflare-ban")
            _stop(first)
            assert storm.wait(480) == 0  # lifted: its cause is mended
        _find_and_fix(first)
        first.stand("4.1")
        first.press("a", "looked just now")
        first.press("e", "queue.staged-return: ")
        first.terminal.press("\t\t\t\x15" + "10,25,50,100" + "\t\x15" + "8s" + "\r")
        first.see("25 %: rate_limit")  # the plan of these stages, not the one before
        first.carry_out(end="RUN-7")
        first.see("25 %")  # in its output: the plan is behind a pane here
        first.kill()
        second = Seat(config, (80, 24))
        second.press("R", "this incident")
        second.press("\r", "RUN-7")
        second.see("done and verified", seconds=240)
        second.press("\x1b", "this incident")
        second.terminal.read(1)  # behind Esc an `i` at once is Alt+i
        second.terminal.press("i")
        second.terminal.wait_gone("this incident")
        second.see("Phase 4")
        second.see("by RUN-7, verified")
        assert re.search(r"✔ 4\.1 .* RUN-7 ", second.terminal.screen)
        second.quit()
    runs = journaled_runs(tmp_path)
    assert [run.action for run in runs] == ACTIONS
    assert all(run.verified for run in runs)


def _stop(seat: Seat) -> None:
    """Phase 1: throttled (both tasks), both queues stopped, and the queue that the storm comes from set aside."""
    seat.tick("1.1")
    seat.stand("1.2")
    for _ in range(2):
        seat.press("a", "queue.throttle")
        seat.carry_out()
        seat.back()
    for step in ("1.3", "1.4"):
        seat.stand(step)
        seat.press("a", "queue.stop-consuming")
        seat.carry_out()
        seat.back()
    seat.run("queue.hold", given="default")
    seat.skip("1.5", "far from the ban")
    seat.tick("1.6", "1.7", "1.8")
    seat.pause("Stop the storm")


def _find_and_fix(seat: Seat) -> None:
    """Phases 2 and 3 are work outside of this program; then what was set aside comes back, in its order."""
    for phase in ("Find the source", "Fix it, with everything still held"):
        seat.skip_phase("done by its owner", phase)
        seat.pause(phase)
    seat.press("F", "In force: ")
    seat.press("u", "queue.release")
    seat.carry_out()
    seat.press("\x1b", "In force: ")
    seat.press("\x1b", "Phase ")
