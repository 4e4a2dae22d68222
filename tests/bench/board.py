"""The board over a sandbox, seen from outside: first paint and first numbers, bytes, CPU, memory, key to paint."""

from __future__ import annotations

import re
import statistics
import sys
import time

from tests.bench.measure import Measure
from tests.bench.stack import cpu_s, resident_mb, sandbox
from tests.terminal import PROGRAM, Terminal

SIZE = (120, 40)
OTHER_SIZES = ((80, 24), (200, 60))
STARTS = 5
IDLE_S, PAUSED_S, SETTLE_S = 40.0, 10.0, 20.0
PANELS = 8
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
_JUDGED = re.compile(r"[✔▲✖?](\d)")
_KNOWN = re.compile(r"[✔▲✖]\d")


def measure() -> list[Measure]:
    """Starts in turn with an empty app, so that a drifting machine moves both; then windows of one running board."""
    with sandbox() as config:
        command = [PROGRAM, "--config", config]
        _starts(command)  # the first writes bytecode
        found = [_starts(command) for _ in range(STARTS)]
        empty, board, first, all_known = (statistics.median(column) for column in zip(*found, strict=True))
        windows = [_window(command, size) for size in OTHER_SIZES]
        terminal = Terminal(command, *SIZE)
        try:
            terminal.wait_for("quit", 60)
            terminal.read_for(SETTLE_S)
            sent, cpu = _idle(terminal)
            keys = _keys(terminal)
            memory = resident_mb(terminal.pid)
            terminal.press("p")
            terminal.read_for(3)
            paused = terminal.read_for(PAUSED_S)
        finally:
            terminal.press("q")
            terminal.wait_end()
    middle = statistics.median(keys)
    return [
        Measure(
            "first paint",
            f"{board:.0f} ms",
            f"{empty:.0f} ms",
            board / empty,
            "≤ 1.3 × empty Textual app",
            board <= 1.3 * empty,
        ),
        Measure("first live number after it", f"{first:.2f} s", "", None, "≤ 1 s", first <= 1),
        Measure("all eight panels after it", f"{all_known:.2f} s", "", None, ""),
        Measure(
            "traffic at 120x40, eight live panels",
            f"{sent:.0f} B/s",
            "",
            None,
            "≤ 2 000 B/s, aim 500",
            sent <= 2000,
        ),
        *(
            Measure(
                f"traffic at {columns}x{rows}",
                f"{rate:.0f} B/s",
                "",
                None,
                "≤ 2 000 B/s, aim 500",
                rate <= 2000,
            )
            for (columns, rows), rate in zip(OTHER_SIZES, windows, strict=True)
        ),
        Measure("traffic paused", f"{paused / PAUSED_S:.0f} B/s", "", None, "0 B/s", paused == 0),
        Measure("CPU", f"{cpu:.1f} %", "", None, "≤ 5 % of a core", cpu <= 5),
        Measure("key to paint, median", f"{middle:.1f} ms", "", None, "≤ 30 ms", middle <= 30),
        Measure("resident memory, all sources live", f"{memory:.0f} MB", "", None, "≤ 120 MB", memory <= 120),
    ]


def _starts(command: list[str]) -> tuple[float, float, float, float]:
    """First paint of an empty app and of the board (ms), then the first live number and the last panel (s after it)."""
    began = time.perf_counter()
    terminal = Terminal([sys.executable, "-c", EMPTY], *SIZE)
    terminal.wait_for("Quit", 60)
    empty = time.perf_counter() - began
    terminal.press("q")
    terminal.wait_end()
    began = time.perf_counter()
    terminal = Terminal(command, *SIZE)
    terminal.wait_for("quit", 60)
    painted = time.perf_counter()
    first = all_known = 0.0
    while not all_known and time.perf_counter() - painted < 30:
        terminal.read(1.0, first_only=True)
        head = terminal.screen.split("\n", 1)[0]
        since = time.perf_counter() - painted
        first = first or (since if _KNOWN.search(head) else 0.0)
        all_known = since if sum(map(int, _JUDGED.findall(head))) == PANELS else 0.0
    terminal.press("q")
    terminal.wait_end()
    return empty * 1000, (painted - began) * 1000, first or 30.0, all_known or 30.0


def _window(command: list[str], size: tuple[int, int]) -> float:
    terminal = Terminal(command, *size)
    terminal.wait_for("quit", 60)
    terminal.read_for(SETTLE_S)
    rate, _ = _idle(terminal)
    terminal.press("q")
    terminal.wait_end()
    return rate


def _idle(terminal: Terminal) -> tuple[float, float]:
    """Bytes a second, and per cent of a core."""
    began, used = time.perf_counter(), cpu_s(terminal.pid)
    sent = terminal.read_for(IDLE_S)
    took = time.perf_counter() - began
    return sent / took, 100 * (cpu_s(terminal.pid) - used) / took


def _keys(terminal: Terminal) -> list[float]:
    """From a key to the first byte of its answer (ms), while the board refreshes."""
    keys = []
    for _ in range(30):
        terminal.read_for(0.15)
        pressed = time.perf_counter()
        terminal.press("\x1b[B")
        terminal.read(1.0, first_only=True)
        keys.append((time.perf_counter() - pressed) * 1000)
    return keys
