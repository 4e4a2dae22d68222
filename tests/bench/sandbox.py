"""How soon `warroom sandbox` shows its first live panel, all its parts started from nothing."""

from __future__ import annotations

import re
import statistics
import time

from tests.bench.measure import Measure
from tests.terminal import PROGRAM, Terminal

ROUNDS = 3
_KNOWN = re.compile(r"[✔▲✖]\d")


def measure() -> list[Measure]:
    """Median of three."""
    took = statistics.median(_first_live() for _ in range(ROUNDS))
    return [
        Measure("warroom sandbox, first live panel", f"{took:.1f} s", "", None, "≤ 6 s on 2 cores", took <= 6)
    ]


def _first_live() -> float:
    began = time.perf_counter()
    terminal = Terminal([PROGRAM, "sandbox"], 120, 40)
    try:
        while not _KNOWN.search(terminal.screen.split("\n", 1)[0]) and time.perf_counter() - began < 60:
            terminal.read(0.5, first_only=True)
        return time.perf_counter() - began
    finally:
        terminal.press("q")
        terminal.wait_end(40)
