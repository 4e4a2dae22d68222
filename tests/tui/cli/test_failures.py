"""What no command expected is one line on the terminal, exit 4, and a traceback in the log without secrets."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.terminal import Terminal
from tests.tui.config.test_config import warroom
from tui.cli.dispatch import command_names
from tui.runtime.exit import ExitCode

ROOT = Path(__file__).parents[3]
RUNS = {
    "cost": ["cost"],
    "doctor": ["doctor"],
    "query": ["query", "up"],
    "status": ["status", "--wait", "0"],
    "stress": ["stress", "plan"],
    "runbook": ["runbook", "lint"],
    "journal": ["journal", "stats"],
    "incident": ["incident", "list"],
    "config": ["config", "check"],
    "drill": ["drill", "list"],
    "actions": ["actions"],
    "run": ["run", "secrets.audit", "--param", "path=.", "--plan"],
    "runs": ["runs"],
    "keep": ["keep", "--once"],
    "secrets": ["secrets"],
    "worker": ["worker"],
}


def module(folder: Path, name: str, text: str) -> Path:
    """A module that is found before the real one."""
    place = folder / "first"
    place.mkdir(exist_ok=True)
    (place / f"{name}.py").write_text(text)
    return place


def test_a_library_that_cannot_be_imported_is_one_line_and_4(tmp_path: Path) -> None:
    place = module(tmp_path, "pydantic", 'raise ImportError("libssl.so.3: no such file")')
    done = warroom("status", folder=tmp_path, PYTHONPATH=str(place))
    assert done.returncode == ExitCode.CRASHED
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert "libssl.so.3" in done.stderr
    assert str(tmp_path / "log") in done.stderr
    log = (tmp_path / "log").read_text()
    assert "Traceback" in log
    assert "pydantic.py" in log


def test_a_library_that_breaks_in_another_way_is_one_line_and_4(tmp_path: Path) -> None:
    place = module(tmp_path, "textual", "1 / 0")
    done = warroom(folder=tmp_path, PYTHONPATH=str(place))
    assert done.returncode == ExitCode.CRASHED
    assert done.stderr.count("\n") == 1
    assert "ZeroDivisionError" in done.stderr
    assert "Traceback" in (tmp_path / "log").read_text()


@pytest.mark.parametrize("package", ["core", "signals", "panels"])
def test_a_foreign_package_of_our_name_is_named_with_its_place(tmp_path: Path, package: str) -> None:
    (tmp_path / package).mkdir()
    (tmp_path / package / "__init__.py").touch()
    program = f"import sys; sys.path[:0] = [{str(tmp_path)!r}, {str(ROOT)!r}]; from tui.cli.main import main; sys.exit(main())"
    done = subprocess.run(
        [sys.executable, "-c", program, "status"],
        cwd=tmp_path,
        env={**os.environ, "LANG": "C", "WARROOM_LOG": str(tmp_path / "log")},
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert done.returncode == ExitCode.CRASHED
    assert done.stderr.count("\n") == 1
    assert str(tmp_path / package) in done.stderr
    assert "Traceback" in (tmp_path / "log").read_text()


@pytest.mark.parametrize("command", sorted(RUNS))
def test_no_command_shows_a_traceback_or_a_secret(tmp_path: Path, command: str) -> None:
    """Whatever breaks: in the command, in a thread of it, in a library that only logs."""
    place = module(
        tmp_path,
        "sitecustomize",
        "import logging, threading\n"
        "def late(*_):\n"
        "    logging.getLogger('asyncio').error('library: redis://:hunter2@h')\n"
        "    thread = threading.Thread(target=lambda: 1 / 0)\n"
        "    thread.start(); thread.join()\n"
        "    raise RuntimeError('command: redis://:hunter2@h')\n"
        "import tui.cli.parser\n"
        "tui.cli.parser.Parser.parse_args = late\n",
    )
    done = warroom(*RUNS[command], folder=tmp_path, PYTHONPATH=f"{place}:{ROOT}")
    assert done.returncode == ExitCode.CRASHED
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1, done.stderr
    log = (tmp_path / "log").read_text()
    assert "library: redis" in log
    assert "ZeroDivisionError" in log
    assert "RuntimeError" in log
    assert "hunter2" not in log + done.stderr


def test_every_command_is_tried_or_opens_a_screen() -> None:
    assert set(command_names()) - set(RUNS) == {"board", "sandbox", "init", "eval"}


@pytest.mark.parametrize("command", [(), ("board",), ("sandbox",)])
def test_without_a_terminal_the_board_says_so_and_writes_no_escape_codes(
    tmp_path: Path, command: tuple[str, ...]
) -> None:
    """It used to run for ever at full speed, and filled the pipe."""
    done = subprocess.run(
        [sys.executable, "-m", "tui.cli.main", *command],
        cwd=ROOT,
        env={**os.environ, "LANG": "C", "WARROOM_LOG": str(tmp_path / "log")},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=80,
    )
    assert done.returncode == ExitCode.USAGE
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert "terminal" in done.stderr
    assert "\x1b" not in done.stderr


SCREEN_BREAKS = """
import sys
from tui.cli.main import main
from tui.screens.board import BoardScreen

def broken(self, step):
    secret = "redis://:hunter2@h"
    raise KeyError(secret)

BoardScreen.action_move = broken
sys.exit(main(sys.argv[1:]))
"""


def test_an_exception_on_the_screen_restores_the_terminal_and_is_one_line(tmp_path: Path) -> None:
    config = tmp_path / "warroom.toml"
    config.write_text('[signals.prometheus]\nurl = "http://127.0.0.1:9"\n')
    command = [sys.executable, "-c", SCREEN_BREAKS, "--config", str(config)]
    terminal = Terminal(command, 100, 30, WARROOM_LOG=str(tmp_path / "log"))
    terminal.wait_for("quit", 60)
    terminal.press("\x1b[B")
    assert terminal.wait_end() == ExitCode.CRASHED
    after = bytes(terminal.raw).decode().rpartition("\x1b[?1049l")[2]  # the shell's screen is back
    text = re.sub(r"\x1b\[[\d;?<>]*[a-zA-Z]", "", after).strip()
    assert text == f"warroom: internal error: KeyError. The traceback is in {tmp_path / 'log'}."
    log = (tmp_path / "log").read_text()
    assert "Traceback" in log
    assert "hunter2" not in log + text
