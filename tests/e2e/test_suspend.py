"""Ctrl+Z and SIGTSTP: the shell gets its terminal back; on return the board is there whole, and its numbers are new."""

from __future__ import annotations

import os
import signal
import termios
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests import waiting
from tests.exporter import depth_board, depth_exporter
from tests.terminal import PROGRAM, Terminal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client import Gauge

STOPPED_S = 6.0
"""Longer than two intervals: what stood there before is stale then."""


@pytest.fixture
def depth(tmp_path: Path) -> Iterator[tuple[Path, Gauge]]:
    """A configuration over a real exporter, and the gauge that it exports."""
    file = tmp_path / "warroom.toml"
    with depth_exporter(7) as (address, gauge):
        file.write_text(depth_board(address), encoding="utf-8")
        yield file, gauge


def state_of(pid: int) -> str:
    """A letter of /proc: T is stopped."""
    return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]


def wait_stopped(pid: int) -> None:
    deadline = waiting.deadline(10)
    while state_of(pid) != "T":
        assert time.monotonic() < deadline, "the program was not stopped"
        time.sleep(0.05)


def lines_are_edited(terminal: Terminal) -> bool:
    """Whether the terminal echoes and edits lines, as a shell wants it."""
    flags = termios.tcgetattr(terminal._fd)[3]
    return bool(flags & termios.ECHO and flags & termios.ICANON)


@pytest.mark.parametrize("how", ["Ctrl+Z", "SIGTSTP"])
def test_the_shell_gets_its_terminal_and_the_board_comes_back(
    tmp_path: Path, depth: tuple[Path, Gauge], how: str
) -> None:
    file, gauge = depth
    terminal = Terminal([PROGRAM, "--config", str(file)], 80, 24, WARROOM_LOG=str(tmp_path / "log"))
    terminal.wait_for("depth 7")
    assert not lines_are_edited(terminal)
    if how == "Ctrl+Z":
        terminal.press("\x1a")
    else:
        os.kill(terminal.pid, signal.SIGTSTP)
    wait_stopped(terminal.pid)
    terminal.read(0.3)
    assert lines_are_edited(terminal)
    terminal._stream.feed(b"\x1b[2J\x1b[H$ ls\r\nsomething else\r\n")  # what a shell leaves behind
    gauge.set(42)
    assert terminal.read_for(STOPPED_S) == 0, "a stopped program sent something"
    os.kill(terminal.pid, signal.SIGCONT)
    terminal.wait_for("Depth", 5)
    terminal.wait_for("depth 42", 5)
    terminal.wait_for("q quit", 5)
    assert "something else" not in terminal.screen
    assert "stale" not in terminal.screen
    assert not lines_are_edited(terminal)
    terminal.press("?")
    terminal.wait_for("depth = 42", 5)
    terminal.press("q")
    assert terminal.wait_end() == 0


def test_paused_and_suspended_it_comes_back_paused_with_its_true_age(
    tmp_path: Path, depth: tuple[Path, Gauge]
) -> None:
    terminal = Terminal([PROGRAM, "--config", str(depth[0])], 80, 24, WARROOM_LOG=str(tmp_path / "log"))
    terminal.wait_for("depth 7")
    terminal.press("p")
    terminal.wait_for("PAUSED")
    terminal.press("\x1a")
    wait_stopped(terminal.pid)
    terminal.read(0.3)
    terminal._stream.feed(b"\x1b[2J\x1b[H$ ")
    time.sleep(STOPPED_S)
    os.kill(terminal.pid, signal.SIGCONT)
    terminal.wait_for("PAUSED", 5)
    terminal.wait_for("stale", 5)
    terminal.press("p")
    terminal.wait_gone("stale", 10)
    terminal.press("q")
    assert terminal.wait_end() == 0
