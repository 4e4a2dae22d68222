"""The first numbers wait for nobody: what takes long to ask comes with the second look, and is unknown until then."""

from __future__ import annotations

import asyncio
import time

from panels.poll import poll_panels
from panels.state import BOARD_SPAN_S, PanelState
from signals.celery.model import Fleet
from signals.database.model import Drift, Schema
from signals.metrics.failover import MetricFailover
from signals.metrics.promql import evaluate, evaluate_range
from signals.reading import Answer, Verdict
from signals.settings import SignalsSettings
from signals.sources import Sources
from signals.store.ring import Ring
from tests.chimera import BOARD


class Filled:
    """A source of metrics over a ring."""

    name = "ring"
    remote = False

    def __init__(self) -> None:
        self.ring = Ring(7200)
        labels = (("__name__", "chimera_build_info"), ("version", "v1"))
        self.ring.append(labels, time.time() - 10, 1.0)

    async def query(self, expr: str, at: float | None = None) -> Answer:
        return evaluate(expr, self.ring, time.time() if at is None else at, self.name)

    async def query_range(self, expr: str, start: float, end: float, step: float) -> Answer:
        return evaluate_range(expr, self.ring, start, end, step, self.name)

    async def metric_names(self) -> frozenset[str]:
        return self.ring.metric_names()

    async def has_had(self, metric: str) -> bool:
        return metric in self.ring.metric_names()


class Slow:
    """Workers and a database that answer only once they are allowed to."""

    name = "slow"

    def __init__(self) -> None:
        self.may = asyncio.Event()

    async def fleet(self) -> Fleet:
        await self.may.wait()
        return Fleet((), time.time(), self.name)

    async def schema(self) -> Schema:
        await self.may.wait()
        return Schema(
            revisions=("a",),
            heads=("a",),
            drift=Drift.CURRENT,
            missing=(),
            unexpected=(),
            invalid_indexes=(),
            blockers=(),
            connections=1,
            connection_limit=100,
            address="h/d",
            at=time.time(),
            source=self.name,
        )


async def test_a_slow_database_delays_no_number_and_is_unknown_until_it_answers() -> None:
    slow, told = Slow(), asyncio.Queue[PanelState]()
    sources = Sources(
        metrics=MetricFailover([Filled()], SignalsSettings(), lambda _: None), schema=slow, fleet=slow
    )
    specs = [spec for spec in BOARD if spec.id == "release"]
    watching = asyncio.create_task(
        poll_panels(specs, sources, told.put_nowait, lambda: False, lambda: BOARD_SPAN_S)
    )
    try:
        first = await asyncio.wait_for(told.get(), 40)
        assert any(reading.value == 1 for reading in first.readings)
        assert first.verdict is Verdict.UNKNOWN, "what was not asked is not ok"
        assert first.reason.key == "signals.unasked"
        slow.may.set()
        second = await asyncio.wait_for(told.get(), 40)
        assert second.verdict is Verdict.OK
        assert second.reason.key != "signals.unasked"
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
