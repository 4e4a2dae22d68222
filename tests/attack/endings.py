"""Leaving at any moment, in any way, while every source hangs: back at the shell, the terminal as it was."""

from __future__ import annotations

import os
import signal
import socket
import threading
from pathlib import Path

from tests.attack.attack import Attack, Broken, Figures, Round
from tests.terminal import PROGRAM, Terminal

WAYS = {"q": 0, "INT": 130, "TERM": 143, "HUP": 129, "closed terminal": 129}
MAX_S = 8.0
"""Far from what is wanted (a second): this finds what hangs; how long the rest takes is among the figures."""
LATEST_S = 4.0


def run(this: Round) -> Figures:
    """One start and one end a case."""
    config = hanging_sources(this.folder)
    figures: Figures = {"ends": 0}
    for count in this.cases():
        way, moment = list(WAYS)[count % len(WAYS)], this.chance.uniform(0.02, LATEST_S)
        took = leave(way, moment, config)
        figures["ends"] = count
        known = figures.setdefault(way, [])
        if isinstance(known, list):
            known.append(took)
    return figures


def leave(way: str, moment: float, config: Path) -> float:
    """Start, wait for `moment` seconds, leave.

    Returns the seconds until the process was gone, without those that its main thread waited for a processor.
    """
    terminal = Terminal([PROGRAM, "--config", str(config)], WARROOM_LOG=str(config.parent / "log"))
    terminal.read_for(moment)
    began = terminal.clock()
    if way == "q":
        terminal.press("q")
    elif way == "closed terminal":
        terminal.hang_up()
    else:
        os.kill(terminal.pid, getattr(signal, f"SIG{way}"))
    try:
        code = terminal.wait_end(MAX_S)
    except AssertionError:
        raise Broken(f"{way} after {moment:.2f} s: still there after {MAX_S:.0f} s") from None
    took = terminal.clock() - began
    # A signal in the first moments meets Python's own defaults: the shell is told the same by the system.
    early = {-getattr(signal, f"SIG{way}", signal.SIGHUP)} if way != "q" else set()
    if terminal.ended_before_us:
        return took
    if code not in {WAYS[way], *early}:
        raise Broken(f"{way} after {moment:.2f} s: exit code {code}")
    if way != "closed terminal" and b"\x1b[?1049h" in terminal.raw:
        _, left, after = terminal.raw.rpartition(b"\x1b[?1049l")
        if not left or b"\x1b[?1049h" in after:
            raise Broken(f"{way} after {moment:.2f} s left the alternate screen")
        if b"\x1b[?25h" not in after:
            raise Broken(f"{way} after {moment:.2f} s: the cursor stays hidden")
    if b"Traceback" in terminal.raw:
        raise Broken(f"{way} after {moment:.2f} s: a traceback")
    return took


def hanging_sources(folder: Path) -> Path:
    """A configuration whose every source is one server that takes each connection and never says a word."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=500)
    port, accepted = listener.getsockname()[1], []

    def accept() -> None:
        while True:
            accepted.append(listener.accept()[0])

    threading.Thread(target=accept, daemon=True).start()
    path = folder / "warroom.toml"
    http = f'url = "http://127.0.0.1:{port}"\ntimeout_s = 20\n'
    path.write_text(
        f"[signals.prometheus]\n{http}[signals.alertmanager]\n{http}[[signals.scrape.targets]]\n{http}"
        f'[signals.redis]\nurl = "redis://127.0.0.1:{port}/0"\ntimeout_s = 20\n'
        f'[signals.postgres]\nurl = "postgresql://u@127.0.0.1:{port}/d"\ntimeout_s = 20\n'
        f'[journal]\nurl = "sqlite:///{folder}/journal.db"\n'
    )
    return path


ATTACK = Attack("leaving at any moment, every source hanging (seconds until the shell)", run, share=3)
