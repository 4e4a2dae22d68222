"""The board over a sandbox, seen from outside: first paint, bytes a second, key to paint, against an empty Textual app."""

from __future__ import annotations

import json
import os
import signal
import statistics
import subprocess
import sys
import time

from tests.bench.measure import Measure
from tests.terminal import PROGRAM, Terminal

SIZE = (120, 40)
IDLE_S = 20.0
EMPTY = """
from textual.app import App
from textual.widgets import Footer, Header
class Empty(App):
    BINDINGS = [("q", "quit", "Quit")]
    def compose(self):
        yield Header()
        yield Footer()
Empty().run()
"""


def measure() -> list[Measure]:
    """Medians of three starts each, in turn; then one idle window and twenty keys."""
    stack = subprocess.Popen([PROGRAM, "sandbox", "--headless"], stdout=subprocess.PIPE)
    assert stack.stdout is not None
    config = json.loads(stack.stdout.readline())["config"]
    try:
        paints: dict[str, list[float]] = {"board": [], "empty": []}
        for _ in range(3):
            paints["empty"].append(_first_paint([sys.executable, "-c", EMPTY], "Quit"))
            paints["board"].append(_first_paint([PROGRAM, "--config", config], "quit"))
        board, empty = (statistics.median(paints[name]) for name in ("board", "empty"))
        terminal = Terminal([PROGRAM, "--config", config], *SIZE)
        terminal.wait_for("quit")
        terminal.read_for(8)
        sent = terminal.read_for(IDLE_S) / IDLE_S
        keys = []
        for _ in range(20):
            terminal.read_for(0.15)
            pressed = time.perf_counter()
            terminal.press("\x1b[B")
            terminal.read(1.0, first_only=True)
            keys.append((time.perf_counter() - pressed) * 1000)
        terminal.press("q")
        terminal.wait_end()
    finally:
        os.kill(stack.pid, signal.SIGTERM)
        stack.wait(30)
    return [
        Measure(
            "first paint", f"{board:.0f} ms", f"{empty:.0f} ms", board / empty, "≤ 1.3 × empty Textual app"
        ),
        Measure("terminal traffic, eight live panels", f"{sent:.0f} B/s", "", None, "≤ 2 000 B/s, aim 500"),
        Measure("key to paint, median", f"{statistics.median(keys):.1f} ms", "", None, "≤ 30 ms"),
    ]


def _first_paint(command: list[str], text: str) -> float:
    began = time.perf_counter()
    terminal = Terminal(command, *SIZE)
    terminal.wait_for(text)
    took = (time.perf_counter() - began) * 1000
    terminal.press("q")
    terminal.wait_end()
    return took
