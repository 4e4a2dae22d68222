"""How long `warroom --version` takes beside an empty Python."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

from tests.bench.measure import Measure

ROUNDS = 20


def measure() -> list[Measure]:
    """Median wall time of both, in turn, so that a drifting machine moves both."""
    program = [str(Path(sys.executable).with_name("warroom")), "--version"]
    empty = [sys.executable, "-c", "pass"]
    times: dict[str, list[float]] = {"program": [], "empty": []}
    for _ in range(ROUNDS):
        for name, command in (("program", program), ("empty", empty)):
            start = time.perf_counter()
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            times[name].append(time.perf_counter() - start)
    value, floor = (statistics.median(times[name]) * 1000 for name in ("program", "empty"))
    return [
        Measure(
            "warroom --version",
            f"{value:.0f} ms",
            f"{floor:.0f} ms",
            value / floor,
            "≤ 3 × python -c pass",
            value <= 3 * floor,
        )
    ]
