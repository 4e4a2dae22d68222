"""What is kept of a source's answers: as long as anyone takes it, and no longer."""

from __future__ import annotations

import gc
import time
from typing import TYPE_CHECKING

from panels.query_cache import QueryCache
from signals.metrics.promql import evaluate, evaluate_range
from signals.reading import Answer
from signals.store.ring import Ring

if TYPE_CHECKING:
    import pytest

NAME = "counted"
"""A source of its own name, so that its answers can be counted among those of other tests."""


class Counted:
    """A source of metrics over a ring, which counts what it is asked."""

    name = NAME
    remote = False

    def __init__(self) -> None:
        self.asked = 0
        self.ring = Ring(7200)
        self.ring.append((("__name__", "depth"),), time.time() - 10, 1.0)

    async def query(self, expr: str, at: float | None = None) -> Answer:
        self.asked += 1
        return evaluate(expr, self.ring, time.time() if at is None else at, self.name)

    async def query_range(self, expr: str, start: float, end: float, step: float) -> Answer:
        self.asked += 1
        return evaluate_range(expr, self.ring, start, end, step, self.name)

    async def metric_names(self) -> frozenset[str]:
        return self.ring.metric_names()

    async def has_had(self, metric: str) -> bool:
        return metric in self.ring.metric_names()


class Clock:
    """Stands for the monotonic clock, so that an hour need not be waited for."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = time.monotonic()
        monkeypatch.setattr("panels.query_cache.time.monotonic", lambda: self.now)


def kept() -> int:
    """How many of the source's answers are in memory."""
    gc.collect()
    return sum(isinstance(thing, Answer) and thing.source == NAME for thing in gc.get_objects())


async def test_a_past_that_moves_on_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, source = Clock(monkeypatch), Counted()
    cache = QueryCache(source)
    end = time.time() // 10 * 10
    for grid in range(100):
        for _ in range(5):
            await cache.query_range("depth", end + grid * 10 - 600, end + grid * 10, 10, max_age_s=10)
            clock.now += 2.1
    assert source.asked == 100
    assert kept() <= 2


async def test_an_answer_is_kept_for_who_takes_the_oldest(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, source = Clock(monkeypatch), Counted()
    cache = QueryCache(source)
    await cache.query("depth", 3600)
    await cache.query("depth")
    for number in range(10):
        clock.now += 300
        await cache.query(f"depth + {number}", 60)
    assert source.asked == 11
    await cache.query("depth", 3600)
    assert source.asked == 11
    await cache.query("depth")
    assert source.asked == 12
    clock.now += 30
    await cache.query("depth + 11")
    await cache.query("depth", 3600)
    assert source.asked == 13
