"""A board that has followed its sources for a day: the memory it holds, and whether old samples went."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path

from tests.bench.measure import Measure
from tests.bench.stack import resident_mb, sandbox
from tests.terminal import PROGRAM, Terminal

SETTLE_S = 75.0


def measure() -> list[Measure]:
    """With as many series as the sandbox has, and with so many that the ring is full."""
    _compile()
    return [*_after_a_day(copies=1), *_after_a_day(copies=8)]


def _compile() -> None:
    """Let a first board write the bytecode of all that it imports: a program that compiles itself needs 8 MB more."""
    with sandbox() as config:
        terminal = Terminal([PROGRAM, "--config", config], 120, 40)
        terminal.wait_for("quit", 60)
        terminal.read_for(20)
        terminal.press("q")
        terminal.wait_end()


def _after_a_day(copies: int) -> list[Measure]:
    with sandbox() as config, tempfile.TemporaryDirectory(prefix="warroom-bench-") as folder:
        out = Path(folder) / "ring.json"
        command = [sys.executable, "-m", "tests.bench.day_board", str(out), str(copies), "--config", config]
        terminal = Terminal(command, 120, 40, PYTHONPATH=str(Path.cwd()))
        try:
            terminal.wait_for("quit", 60)
            deadline = time.monotonic() + 300
            while not out.exists():
                assert time.monotonic() < deadline, "the day did not end"
                terminal.read_for(1)
            terminal.read_for(SETTLE_S)  # live again: every panel asks over that day
            memory = resident_mb(terminal.pid)
        finally:
            terminal.press("q")
            terminal.wait_end()
        ring = json.loads(out.read_text())
    name = f"{ring['series']} series, {ring['samples']} samples"
    return [
        Measure(
            f"resident memory after 26 h, {name}", f"{memory:.0f} MB", "", None, "≤ 120 MB", memory <= 120
        ),
        Measure(
            "oldest sample of the 26 h", f"{ring['hours']:.1f} h", "", None, "≤ 24.6 h", ring["hours"] <= 24.6
        ),
    ]
