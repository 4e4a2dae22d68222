"""Hostile PromQL: an answer or a refusal, in bounded time, over what was scraped."""

from __future__ import annotations

import time

from core.errors import SourceError
from signals.metrics.promql import evaluate, evaluate_range
from signals.store.ring import Ring
from tests.attack.attack import Attack, Broken, Figures, Round, mutate
from tests.signals.metrics.promql.expressions import generated

MAX_S = 10.0
NOW = 1_700_000_000.0


def run(this: Round) -> Figures:
    """Generated expressions, mutated, at strange times and over strange spans."""
    ring = Ring(1e9)
    for series in range(200):
        labels = (("__name__", f"m{series % 5}"), ("a", f"x{series}"), ("le", str(series)))
        for index in range(40):
            ring.append(labels, NOW - 600 + 15 * index, float(index * series))
    expressions = generated(300, seed=this.chance.randrange(1000))
    count = answers = 0
    slowest = 0.0
    for number in this.cases():
        count = number
        expr = this.chance.choice(expressions)
        if this.chance.random() < 0.7:
            expr = mutate(this.chance, expr.encode()).decode(errors="replace")[:20_000]
        began = time.process_time()
        try:
            if this.chance.random() < 0.5:
                evaluate(expr, ring, this.chance.choice((NOW, 0.0, -1e9, 1e11)))
            else:
                evaluate_range(
                    expr, ring, NOW - this.chance.choice((60, 86_400)), NOW, this.chance.choice((1, 60))
                )
            answers += 1
        except SourceError:
            pass
        took = time.process_time() - began
        slowest = max(slowest, took)
        if took > MAX_S:
            raise Broken(f"{took:.1f} s for {expr[:300]!a}")
    return {"queries": count, "answered": answers, "slowest s": [slowest]}


ATTACK = Attack("mutations of PromQL, evaluated in process", run)
