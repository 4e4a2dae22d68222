"""Broken configurations: each is a list of problems with lines, or one line; never a traceback, never a wait."""

from __future__ import annotations

import time
from pathlib import Path

from core.errors import ConfigError
from tests.attack.attack import Attack, Broken, Figures, Round, mutate
from tui.config.load import check_config

MAX_S = 5.0
GOOD = b"""
[service]
name = "chimera"
profile = "chimera"
[signals]
metrics = ["prometheus", "scrape"]
[signals.prometheus]
url = "https://prometheus.internal"
headers = { X-Scope = "${HOME}" }
[[signals.scrape.targets]]
url = "http://bot.internal:3000/metrics"
labels = { a = "b" }
[signals.redis]
url = "${HOME}"
[signals.postgres]
url = "postgresql://u@h/d"
[panels]
show = ["slo", "own"]
limits.slo.P95 = { warn = 8, burning = 12 }
[[panels.add]]
id = "own"
title = "Own"
queries = [{ name = "a", expr = "up" }]
[journal]
url = "sqlite:///x.db"
[runbooks]
folders = ["ops"]
addresses = { "https://a" = "http://127.0.0.1:1" }
"""


def run(this: Round) -> Figures:
    """Mutations of a good file."""
    path, count, good, slowest = this.folder / "warroom.toml", 0, 0, 0.0
    for number in this.cases():
        count = number
        path.write_bytes(mutate(this.chance, GOOD))
        began = time.process_time()
        try:
            config, problems = check_config(path)
        except ConfigError:
            continue
        took = time.process_time() - began
        slowest = max(slowest, took)
        good += config is not None and not problems
        if took > MAX_S:
            kept = Path("/var/tmp") / f"warroom-attack-{time.time():.0f}.toml"  # noqa: S108  # to be looked at
            kept.write_bytes(path.read_bytes())
            raise Broken(f"{took:.1f} s for {kept}")
        if any(problem.line < 1 for problem in problems):
            raise Broken(f"a problem without a line: {problems[0]}")
    return {"files": count, "still good": good, "slowest s": [slowest]}


ATTACK = Attack("mutations of warroom.toml", run)
