"""The sandbox's load generator at 200 tasks a second and more, and the board's keys meanwhile."""

from __future__ import annotations

import statistics
import subprocess
import tomllib
from pathlib import Path

from core.own_python import module_command
from tests.bench.board import SIZE, _keys
from tests.bench.measure import Measure
from tests.bench.stack import cpu_s, sandbox
from tests.terminal import PROGRAM, Terminal

RATE, SECONDS = 200, 30
MOST, MOST_S = 20_000, 2
SETTLE_S = 10.0


def measure() -> list[Measure]:
    """Keys of the board over a calm sandbox, then under load; and how much one generator can send at most."""
    with sandbox() as config:
        terminal = Terminal([PROGRAM, "--config", config], *SIZE)
        try:
            terminal.wait_for("quit", 60)
            terminal.read_for(SETTLE_S)
            calm = statistics.median(_keys(terminal))
            generator = _generator(config, RATE, SECONDS)
            terminal.read_for(3)
            busy = statistics.median(_keys(terminal))
            cpu = cpu_s(generator.pid)
            sent, took_s = _result(generator)
        finally:
            terminal.press("q")
            terminal.wait_end()
        most, most_s = _result(_generator(config, MOST, MOST_S))
    rate = sent / took_s
    return [
        Measure("tasks sent into the sandbox", f"{rate:.0f} /s", "", None, "≥ 200 /s", rate >= 0.99 * RATE),
        Measure("generator alone, as fast as it can", f"{most / most_s:.0f} /s", "", None, ""),
        Measure("generator at 200 /s, CPU until the keys were pressed", f"{cpu:.1f} s", "", None, ""),
        Measure(
            "key to paint meanwhile, median",
            f"{busy:.1f} ms",
            f"{calm:.1f} ms",
            busy / calm,
            "≤ 30 ms",
            busy <= 30,
        ),
    ]


def _generator(config: str, rate: int, seconds: int) -> subprocess.Popen[str]:
    file = Path(config)
    port = tomllib.loads(file.read_text())["signals"]["redis"]["url"].rpartition(":")[2].split("/")[0]
    command = module_command("sandbox.load", str(file.parent), port, str(rate), str(seconds))
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def _result(generator: subprocess.Popen[str]) -> tuple[int, float]:
    """How many were sent, in how many seconds."""
    output, _ = generator.communicate(timeout=120)
    sent, took_s = output.split()
    return int(sent), float(took_s)
