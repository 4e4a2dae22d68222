"""Quit means quit: at any moment, by any signal, with every source hanging, the shell is back within a second."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.terminal import PROGRAM, Terminal
from tui.runtime.quit import EXIT_TIMEOUT_S

MOMENTS = int(os.environ.get("WARROOM_QUIT_MOMENTS", "6"))
"""Random moments for each way to leave."""
ALLOWED_S = EXIT_TIMEOUT_S + 1.2
"""A second on an idle machine; the tests of others run beside this one."""
WAYS = {"q": 0, "INT": 130, "TERM": 143, "HUP": 129, "closed terminal": 129}


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Every source is one server that takes each connection and never says a word."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=500)
    port, accepted = listener.getsockname()[1], []

    def accept() -> None:
        while True:
            try:
                accepted.append(listener.accept()[0])
            except OSError:
                return

    threading.Thread(target=accept, daemon=True).start()
    path = tmp_path_factory.mktemp("quit") / "warroom.toml"
    http = f'url = "http://127.0.0.1:{port}"\ntimeout_s = 20\n'
    path.write_text(
        f"[signals.prometheus]\n{http}[signals.alertmanager]\n{http}[[signals.scrape.targets]]\n{http}"
        f'[signals.redis]\nurl = "redis://127.0.0.1:{port}/0"\ntimeout_s = 20\n'
        f'[signals.postgres]\nurl = "postgresql://u@127.0.0.1:{port}/d"\ntimeout_s = 20\n'
        f'[journal]\nurl = "sqlite:///{path.parent}/journal.db"\n'
    )
    yield path
    listener.close()


@pytest.mark.parametrize("way", WAYS)
def test_the_shell_is_back_at_once_and_the_terminal_as_it_was(way: str, config: Path) -> None:
    chance = random.Random(way)
    for moment in sorted(chance.uniform(0.05, 3.0) for _ in range(MOMENTS)):
        terminal = Terminal([PROGRAM, "--config", str(config)], WARROOM_LOG=str(config.parent / "log"))
        terminal.read_for(moment)
        began = time.monotonic()
        if way == "q":
            terminal.press("q")
        elif way == "closed terminal":
            terminal.hang_up()
        else:
            os.kill(terminal.pid, getattr(signal, f"SIG{way}"))
        code = terminal.wait_end(10)
        took = time.monotonic() - began
        # A signal in the first moments meets Python's own defaults: the shell is told the same by the system.
        early = {-getattr(signal, f"SIG{way}", signal.SIGHUP)} if way != "q" else set()
        assert code in {WAYS[way], *early}, f"{way} after {moment:.2f} s: exit code {code}"
        assert took < ALLOWED_S, f"{way} after {moment:.2f} s took {took:.2f} s"
        if way != "closed terminal" and b"\x1b[?1049h" in terminal.raw:
            assert b"\x1b[?1049l" in terminal.raw, f"{way} after {moment:.2f} s left the alternate screen"
            assert b"\x1b[?25h" in terminal.raw.rpartition(b"\x1b[?1049l")[2], "the cursor stays hidden"
        assert b"Traceback" not in terminal.raw


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
    began = time.monotonic()
    os.kill(terminal.pid, signal.SIGTERM)
    assert terminal.wait_end(10) == 143
    assert time.monotonic() - began < ALLOWED_S
    assert b"\x1b[?1049l" in terminal.raw
