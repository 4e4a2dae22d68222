"""How long a whole drill takes by a good autopilot with `--fast`, on a sandbox that is well."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time

from tests.bench.measure import Measure
from tests.e2e.stack import Stack, running
from tests.terminal import PROGRAM

LIMIT_S = 90.0
PLAYED = ("key-leak", "latency-llm", "blind")
"""Most actions, most waiting, most faults."""


def measure() -> list[Measure]:
    """From the program's start to its end, the look whether the target is well included."""
    return [_played(scenario) for scenario in PLAYED]


def _played(scenario: str) -> Measure:
    with running() as stack, tempfile.TemporaryDirectory() as home:
        stack.wait_for_metric('chimera_request_total{outcome="success"', "nobody was answered")
        began = time.monotonic()
        score = _score(stack, scenario, home)
        took = time.monotonic() - began
    name = f"drill {scenario} by a good autopilot, {score} points"
    return Measure(name, f"{took:.0f} s", "", None, f"≤ {LIMIT_S:g} s", score == 100 and took <= LIMIT_S)


def _score(stack: Stack, scenario: str, home: str) -> int:
    options = ("drill", "run", scenario, "--autopilot", "--fast", "--json")
    done = subprocess.run(
        [PROGRAM, "--config", stack.told["config"], *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"HOME": home, "XDG_STATE_HOME": home},
        check=False,
    )
    return int(json.loads(done.stdout)["score"]) if done.returncode == 0 else 0
