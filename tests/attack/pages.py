"""Hostile `/metrics` pages: every sample that can be read is, nothing raises, names and labels can't steer a terminal."""

from __future__ import annotations

import time

from signals.metrics.exposition import parse_exposition
from tests.attack.attack import Attack, Broken, Figures, Round, mutate
from tests.attack.texts import steers

MAX_S = 20.0
PAGE = b"".join(
    b'# HELP m%d of it\n# TYPE m%d counter\nm%d_total{a="b%d",c="d"} %d 1700000000000\n' % ((index,) * 5)
    for index in range(300)
)


def run(this: Round) -> Figures:
    """Mutations of a good page, in both formats."""
    count, slowest, samples = 0, 0.0, 0
    for number in this.cases():
        count = number
        page = mutate(this.chance, PAGE)
        kind = this.chance.choice(
            ("text/plain; version=0.0.4", "application/openmetrics-text; version=1.0.0")
        )
        began = time.process_time()
        parsed = parse_exposition(page, kind)
        took = time.process_time() - began
        slowest, samples = max(slowest, took), samples + len(parsed.samples)
        if took > MAX_S:
            raise Broken(f"{took:.1f} s for a page of {len(page)} bytes that begins with {page[:80]!a}")
        for sample in parsed.samples[:2000]:
            if any(steers(char) for pair in sample.labels for text in pair for char in text):
                raise Broken(f"labels that steer: {sample.labels!a}")
    return {"pages": count, "samples": samples, "slowest s": [slowest]}


ATTACK = Attack("mutations of a /metrics page", run)
