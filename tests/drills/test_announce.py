"""A drill is announced to the boards over its sandbox as long as somebody conducts it, and not a moment longer."""

from __future__ import annotations

import fcntl
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from core.errors import WarroomError
from core.own_python import ROOT
from drills.announce import FILE, DrillConducted, announce, announced

if TYPE_CHECKING:
    from pathlib import Path

HOLD = """
import sys, pathlib
from drills.announce import announce
with announce(pathlib.Path(sys.argv[1])):
    print("on", flush=True)
    sys.stdin.read()
"""


def test_as_long_as_the_block_lasts(tmp_path: Path) -> None:
    assert not announced("sandbox", tmp_path)
    with announce(tmp_path):
        assert announced("sandbox", tmp_path)
        assert not announced("prod", tmp_path)
        assert not announced("sandbox", None)
        assert (tmp_path / "drill.lock").stat().st_mode & 0o777 == 0o600
    assert not announced("sandbox", tmp_path)


def test_a_killed_conductor_leaves_no_board_in_a_drill(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT) as conductor:
        assert conductor.stdout is not None
        assert conductor.stdout.readline() == b"on\n"
        assert announced("sandbox", tmp_path)
        with pytest.raises(DrillConducted), announce(tmp_path):
            pass
        conductor.kill()
        conductor.wait()
        assert not announced("sandbox", tmp_path)
        with announce(tmp_path):
            assert announced("sandbox", tmp_path)


def test_a_board_that_looks_keeps_no_drill_from_beginning(tmp_path: Path) -> None:
    (tmp_path / FILE).touch(0o600)
    with (tmp_path / FILE).open("rb") as board:
        fcntl.flock(board, fcntl.LOCK_SH)
        threading.Timer(0.1, fcntl.flock, (board, fcntl.LOCK_UN)).start()
        with announce(tmp_path):
            assert announced("sandbox", tmp_path)


def test_a_link_in_its_place_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "drill.lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(WarroomError) as refused, announce(tmp_path):
        pass
    assert refused.value.message.key == "drill.not_announced"
    assert not (tmp_path / "elsewhere").exists()
