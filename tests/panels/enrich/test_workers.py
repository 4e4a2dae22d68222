"""Workers on the queues' panel: a suspicion warns, silence is unknown, and a drain time is never made up."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from core.errors import Unreachable
from core.message import say
from panels.enrich.registry import PanelContext
from panels.enrich.workers import ENRICHER, contribute
from panels.fold import unavailable
from panels.query_cache import QueryCache
from signals.celery.model import Fleet, Queue, Queues, Worker, WorkerState
from signals.metrics.failover import MetricFailover
from signals.reading import Series, Verdict
from signals.settings import SignalsSettings
from signals.sources import Sources
from tests.panels.enrich.test_queues import SPEC, metric, panel
from tests.panels.judged import judge_panel
from tui.i18n import Language

SAY = Language("en").say


def one(state: WorkerState, name: str = "w@1") -> Worker:
    why = say("fleet.idle", waiting=0)
    return Worker(
        name=name,
        state=state,
        evidence=why,
        last_seen=100.0,
        queues=("matches",),
        pool_size=4,
        active=0,
        reserved=0,
        oldest_active_s=None,
        rate_limits={},
    )


@pytest.mark.parametrize(
    ("states", "verdict", "part"),
    [
        (("working", "idle", "busy"), Verdict.OK, "workers 3/3"),
        (("working", "stuck"), Verdict.WARN, "workers 2/2, 1 stuck?"),
        (("working", "unknown"), Verdict.WARN, "workers 1/2"),
        (("unknown",), Verdict.UNKNOWN, "workers 0/1"),
        ((), Verdict.UNKNOWN, "workers 0/0"),
    ],
)
def test_the_workers_move_the_panel(states: tuple[str, ...], verdict: Verdict, part: str) -> None:
    fleet = contribute(Fleet(tuple(one(WorkerState(name)) for name in states), 100.0, "celery"))
    state = judge_panel(SPEC, {"n": metric(1)}, 100.0, enriched=[fleet])
    assert state.verdict is verdict
    assert SAY(state.parts[-1].text) == part
    assert len(state.rows) == 1 + len(states)


class Silent:
    name = "celery"

    async def fleet(self) -> Fleet:
        raise Unreachable(say("signals.no_source"))


async def test_workers_that_can_not_be_asked_make_the_panel_unknown_and_say_why() -> None:
    metrics = MetricFailover([], SignalsSettings(), lambda _: None)
    context = PanelContext(
        spec=SPEC,
        sources=Sources(metrics=metrics, fleet=Silent()),
        cache=QueryCache(metrics),
        now=100.0,
        history=asyncio.get_running_loop().create_future(),
    )
    with pytest.raises(Unreachable) as caught:
        await ENRICHER.enrich(context)
    state = judge_panel(SPEC, {"n": metric(1)}, 100.0, enriched=[unavailable(caught.value)])
    assert panel(None, metric(1)).verdict is Verdict.OK
    assert (state.verdict, state.reason) == (Verdict.UNKNOWN, caught.value.message)


def test_a_worker_that_signed_off_is_gone_and_not_counted() -> None:
    goodbye = replace(one(WorkerState.UNKNOWN, "w@2"), signed_off=True)
    state = judge_panel(
        SPEC,
        {"n": metric(1)},
        100.0,
        enriched=[contribute(Fleet((one(WorkerState.IDLE), goodbye), 1.0, "celery"))],
    )
    assert state.verdict is Verdict.OK
    assert SAY(state.parts[-1].text) == "workers 1/1"
    assert [SAY(row.cells[1]) for row in state.rows[1:]] == ["idle", "gone"]


@pytest.mark.parametrize(
    ("depths", "text"),
    [
        (range(10, 90, 10), ["q 80 rising", "not draining"]),
        (range(8, 0, -1), ["q 1 falling", "empty in 5 s"]),
        ((5,) * 30, ["q 5 steady", "not draining"]),
        ((5,) * 8, ["q 5"]),  # of less than a minute
        ((*(0,) * 40, 20, 54), ["q 54 jumped from 0 in 10 s", "not draining"]),
        ((5,), ["q 5"]),
    ],
)
def test_a_queue_says_once_which_way_it_goes(depths: Sequence[float], text: list[str]) -> None:
    times = tuple(100.0 + 5 * index for index in range(len(depths)))
    queue = Queue(
        name="q",
        waiting=int(depths[-1]),
        unacked=0,
        by_priority={},
        oldest_s=None,
        oldest_is_floor=False,
        depths=Series((), times, tuple(map(float, depths))),
    )
    state = panel(
        Queues(
            queues=(queue,), at=135.0, source="redis", eviction_policy=None, used_bytes=None, limit_bytes=None
        ),
        None,
    )
    pieces = [" ".join(SAY(said) for said in (part.text, part.trend) if said) for part in state.parts]
    assert pieces == text
