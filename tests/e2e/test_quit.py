"""Quit means quit: at any moment, by any signal, with every source hanging, the shell is back within a second."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from redis import Redis

from tests import waiting
from tests.attack.endings import WAYS, hanging_sources, leave
from tests.own_python import printed_by
from tests.own_queues import bound
from tests.terminal import PROGRAM, Terminal
from tui.runtime.quit import EXIT_TIMEOUT_S

MOMENTS = int(os.environ.get("WARROOM_QUIT_MOMENTS", "6"))
"""Random moments for each way to leave."""
ALLOWED_S = EXIT_TIMEOUT_S + 1.2
"""A second on an idle machine. The tests of others run beside this one: what its main thread waited for a processor is
not counted, and the rest is for its other threads and for the end of the process."""


@pytest.mark.parametrize("way", WAYS)
def test_the_shell_is_back_at_once_and_the_terminal_as_it_was(way: str, tmp_path: Path) -> None:
    config, chance = hanging_sources(tmp_path), random.Random(way)
    for moment in sorted(chance.uniform(0.05, 3.0) for _ in range(MOMENTS)):
        took = leave(way, moment, config)
        assert took < ALLOWED_S, f"{way} after {moment:.2f} s took {took:.2f} s"


@pytest.mark.parametrize("way", ["q", "TERM", "HUP"])
def test_who_leaves_takes_the_queues_for_answers_off_the_broker(
    way: str, tmp_path: Path, redis_url: str
) -> None:
    """A Redis keeps what is left bound for ever, and each answer of a worker reads all of it."""
    config = tmp_path / "warroom.toml"
    config.write_text(f'[signals.redis]\nurl = "{redis_url}"\n')
    with Redis.from_url(redis_url) as broker:

        def is_clean_after_leaving() -> bool:
            before = bound(broker)
            terminal = Terminal([PROGRAM, "--config", str(config)], WARROOM_LOG=str(tmp_path / "log"))

            def is_bound() -> bool:
                terminal.read(0.1)
                return len(bound(broker) - before) == 2

            waiting.until(is_bound, "nothing was bound")
            if way == "q":
                terminal.press("q")
            else:
                os.kill(terminal.pid, getattr(signal, f"SIG{way}"))
            terminal.wait_end()
            return bound(broker) <= before

        # Who leaves waits half a second at most: on a busy machine that may be too short.
        assert any(is_clean_after_leaving() for _ in range(4))


def test_an_interrupt_while_the_program_is_imported_is_no_traceback(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import os, signal, sys\nclass Interrupting:\n def find_spec(self, name, *_):\n"
        "  if name == 'tui.i18n': os.kill(os.getpid(), signal.SIGINT)\nsys.meta_path.insert(0, Interrupting())\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        [PROGRAM, "config", "check"], env=environment, capture_output=True, check=False, timeout=60
    )
    assert (done.returncode, done.stderr) == (-signal.SIGINT, b"")


def test_an_interrupt_that_python_wraps_is_an_interrupt(tmp_path: Path) -> None:
    """In a `__set_name__`, which libraries have by the hundred, Python 3.11 makes a RuntimeError of it."""
    (tmp_path / "sitecustomize.py").write_text(
        "import os, signal, sys, time\n"
        "class Named:\n"
        " def __set_name__(self, *_): os.kill(os.getpid(), signal.SIGINT); time.sleep(1)\n"
        "class Interrupting:\n"
        " def find_spec(self, name, *_):\n"
        "  if name == 'tui.cli.dispatch': type('Owner', (), {'named': Named()})\n"
        "sys.meta_path.insert(0, Interrupting())\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "WARROOM_LOG": str(tmp_path / "log")}
    done = subprocess.run(
        [PROGRAM, "config", "check"], env=environment, capture_output=True, check=False, text=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (130, "warroom: interrupted\n")


def test_nothing_is_imported_before_an_interrupt_is_quiet() -> None:
    """What the interpreter has not read itself takes milliseconds in which an interrupt prints a traceback."""
    code = (
        "import sys; before = set(sys.modules); import warroom, _signal; "
        "print(sorted(set(sys.modules) - before), _signal.getsignal(_signal.SIGINT) == _signal.SIG_DFL)"
    )
    assert printed_by(code) == "['warroom'] True\n"


def test_a_screen_that_hangs_is_left_too(tmp_path: Path) -> None:
    program = tmp_path / "hanging.py"
    program.write_text(
        "import time\n"
        "from tui.app import Warroom\n"
        "from warroom import main\n"
        "Warroom.tick = lambda self: time.sleep(60)\n"
        "main()\n"
    )
    (tmp_path / "warroom.toml").write_text("")
    terminal = Terminal(
        [sys.executable, str(program), "--config", str(tmp_path / "warroom.toml")],
        PYTHONPATH=str(Path(__file__).parents[2]),
        WARROOM_LOG=str(tmp_path / "log"),
    )
    terminal.read_for(6)  # the first tick has come
    began = terminal.clock()
    os.kill(terminal.pid, signal.SIGTERM)
    assert terminal.wait_end(10) == 143
    assert terminal.clock() - began < ALLOWED_S
    assert b"\x1b[?1049l" in terminal.raw
