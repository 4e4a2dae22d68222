"""A board without Prometheus that has scraped for a day: the memory and the time it takes, and how far back it knows."""

from __future__ import annotations

import json
import re
import sys
import tempfile
import time
from pathlib import Path

from tests.bench.measure import Measure
from tests.bench.stack import cpu_s, resident_mb, sandbox
from tests.terminal import PROGRAM, Terminal

SETTLE_S, WINDOW_S = 75.0, 40.0
COPIES = 3
"""Of the sandbox's page of 47 series: a service of the size of Chimera, some 130 to 150 of them."""
_PROMETHEUS = re.compile(
    r"^metrics = .*\n|^\[signals\.prometheus\]\n(?:[^\[\n].*\n)*|, interval_s = \d+", re.MULTILINE
)


def measure() -> list[Measure]:
    """With values as a service has them, and with noise that nothing can make smaller: the ring is full."""
    _compile()
    return [*_after_a_day("lifelike"), *_after_a_day("noise")]


def without_prometheus(config: str, folder: Path) -> str:
    """The sandbox's configuration with direct scrape alone, at its usual interval."""
    text, count = _PROMETHEUS.subn("", Path(config).read_text(encoding="utf-8"))
    assert count == 3, text
    alone = folder / "scrape.toml"
    alone.write_text(text, encoding="utf-8")
    return str(alone)


def _compile() -> None:
    """Let a first board write the bytecode of all that it imports: a program that compiles itself needs 8 MB more.

    Also where the caller's environment says that nobody writes any.
    """
    with sandbox() as config, tempfile.TemporaryDirectory(prefix="warroom-bench-") as folder:
        command = [PROGRAM, "--config", without_prometheus(config, Path(folder))]
        terminal = Terminal(command, 120, 40, PYTHONDONTWRITEBYTECODE="")
        terminal.wait_for("quit", 60)
        terminal.read_for(20)
        terminal.press("q")
        terminal.wait_end()


def _after_a_day(values: str) -> list[Measure]:
    with sandbox() as config, tempfile.TemporaryDirectory(prefix="warroom-bench-") as folder:
        out = Path(folder) / "ring.json"
        alone = without_prometheus(config, Path(folder))
        command = [
            sys.executable,
            "-m",
            "tests.bench.day_board",
            str(out),
            str(COPIES),
            values,
            "--config",
            alone,
        ]
        terminal = Terminal(command, 120, 40, PYTHONPATH=str(Path.cwd()))
        try:
            terminal.wait_for("quit", 60)
            deadline = time.monotonic() + 300
            while not out.exists():
                assert time.monotonic() < deadline, "the day did not end"
                terminal.read_for(1)
            terminal.read_for(SETTLE_S)  # live again: every panel asks over that day
            began, used = time.monotonic(), cpu_s(terminal.pid)
            terminal.read_for(WINDOW_S)
            cpu = 100 * (cpu_s(terminal.pid) - used) / (time.monotonic() - began)
            memory = resident_mb(terminal.pid)
        finally:
            terminal.press("q")
            terminal.wait_end()
        ring = json.loads(out.read_text())
    name = f"{ring['series']} series of {values} values"
    kept = f"{ring['hours']:.1f} h, {ring['samples']} samples in {ring['bytes'] / 2**20:.1f} MB"
    return [
        Measure(
            f"resident memory after 26 h, {name}", f"{memory:.0f} MB", "", None, "≤ 120 MB", memory <= 120
        ),
        Measure("CPU then", f"{cpu:.1f} %", "", None, "≤ 5 % of a core", cpu <= 5),
        Measure(
            "kept of the 26 h",
            kept,
            "",
            None,
            "24 h" if values == "lifelike" else "",
            ring["hours"] >= 24 if values == "lifelike" else None,
        ),
    ]
