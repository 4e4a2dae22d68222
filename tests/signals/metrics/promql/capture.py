"""A capture with every trouble that series know: resets, gaps, a late start, NaN, infinities, missing buckets."""

from __future__ import annotations

import math
import random
from pathlib import Path

START = 1_700_000_000
STEP_S = 15
COUNT = 240
END = START + STEP_S * COUNT
QUERY_TIMES = (START + 1807.5, START + 3001.25, START + 3586.125)
"""Off the samples: at a sample the window's edge differs between Prometheus 2 and 3."""

BOUNDS = ("0.1", "0.5", "1", "2.5", "10", "+Inf")


def lines(seed: int = 7) -> list[str]:
    """The capture in OpenMetrics text."""
    chance = random.Random(seed)
    out: list[str] = ["# TYPE jobs counter"]
    for instance in ("a", "b", "c"):
        for code in ("200", "429", "500"):
            out += _counter(chance, f'jobs_total{{instance="{instance}",code="{code}"}}', instance, code)
    out.append("# TYPE depth gauge")
    for queue in ("matches", "ai", "default"):
        out += _gauge(chance, f'depth{{queue="{queue}"}}', queue)
    out.append("# TYPE quota gauge")
    out += [
        f'quota{{queue="{q}",tier="{t}"}} {v} {START + i * STEP_S}'
        for q, t, v in (("matches", "x", 10), ("ai", "y", 20))
        for i in range(COUNT)
    ]
    out.append("# TYPE took histogram")
    for instance in ("a", "b"):
        out += _histogram(chance, instance)
    return [*out, "# EOF"]


def write(path: Path) -> Path:
    """Write the capture for promtool."""
    path.write_text("\n".join(lines()) + "\n")
    return path


def _counter(chance: random.Random, name: str, instance: str, code: str) -> list[str]:
    value, out = (
        float(chance.randint(5000, 5050)),
        [],
    )  # far from zero: there Prometheus 2 and 3 differ (see test_edges)
    first = 100 if (instance, code) == ("b", "500") else 0
    for i in range(first, COUNT):
        value += chance.choice((0, 0, 1, 2, 3.5))
        if instance == "c" and i in (77, 78, 150):
            value = float(chance.randint(3000, 3003))
        if code == "429" and 120 <= i < 150:
            continue
        if chance.random() < 0.03:
            continue
        out.append(f"{name} {value} {START + i * STEP_S + chance.choice((0, 0.003, 0.911))}")
    return out


def _gauge(chance: random.Random, name: str, queue: str) -> list[str]:
    out = []
    for i in range(COUNT):
        value = 50 + 40 * math.sin(i / 20) + chance.gauss(0, 5)
        text = repr(value)
        if queue == "ai" and i % 37 == 5:
            text = "NaN"
        if queue == "default":
            text = "+Inf" if i % 60 == 30 else str(int(value))
        out.append(f"{name} {text} {START + i * STEP_S}")
    return out


def _histogram(chance: random.Random, instance: str) -> list[str]:
    counts, out = [0] * len(BOUNDS), []
    per_bound: dict[str, list[str]] = {bound: [] for bound in BOUNDS}
    for i in range(COUNT):
        for _ in range(chance.randint(0, 4)):
            took = chance.expovariate(1.2) * (12 if i > 180 else 1)
            for index, bound in enumerate(BOUNDS):
                counts[index] += took <= float(bound)
        for index, bound in enumerate(BOUNDS):
            if not (instance == "b" and bound == "2.5" and i > 100):
                per_bound[bound].append(
                    f'took_bucket{{instance="{instance}",le="{bound}"}} {counts[index]} {START + i * STEP_S}'
                )
    for rows in per_bound.values():
        out += rows
    return out
