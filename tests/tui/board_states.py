"""A board of every kind of state, judged from fixed answers at a fixed moment: for pictures and for keys."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from core.errors import TimedOut
from core.message import say
from panels.enrich.queues import contribute as enrich_queues
from panels.enrich.workers import contribute as enrich_workers
from panels.fold import Contribution, unavailable
from panels.no_data.diagnosis import Cause, Diagnosis
from signals.alerts.model import Alert, Alerts, AlertState
from signals.celery.model import Fleet, Queue, Queues, Worker, WorkerState
from signals.metrics.model import NEVER_S
from signals.reading import Answer, Labels, Series
from tests.chimera import BOARD
from tests.panels.judged import judge_alerts, judge_panel

if TYPE_CHECKING:
    from panels.state import PanelState

NOW = 1_700_000_000.0
SPECS = {spec.id: spec for spec in BOARD}


def answer(*values: tuple[Labels, float], at: float = NOW - 2) -> Answer:
    series = tuple(Series(labels, (at,), (value,)) for labels, value in values)
    return Answer("q", "vector", series, "prometheus", NOW)


def past(labels: Labels, *ends: float) -> Answer:
    """Half an hour that bends from one value to the next."""
    times = tuple(NOW - 1800 + 30 * index for index in range(61))
    pieces = len(ends) - 1
    values = []
    for index in range(61):
        piece = min(pieces - 1, index * pieces // 60)
        share = index * pieces / 60 - piece
        values.append(ends[piece] + share * (ends[piece + 1] - ends[piece]))
    return Answer("q", "matrix", (Series(labels, times, tuple(values)),), "prometheus", NOW)


def judged(
    name: str,
    answers: dict[str, Answer],
    history: Answer | None = None,
    *,
    never_exported: dict[str, str] | None = None,
    trials: dict[str, Answer] | None = None,
    enriched: tuple[Contribution, ...] = (),
) -> PanelState:
    """`never_exported` are metric and nearest name of queries without one."""
    diagnoses = {
        query: Diagnosis(
            cause=Cause.NEVER_EXPORTED, metric=metric, known=frozenset((near,)), watched_s=NEVER_S
        )
        for query, names in (never_exported or {}).items()
        for metric, near in (names.split("|"),)
    }
    return judge_panel(
        SPECS[name], answers, NOW, history=history, diagnoses=diagnoses, trials=trials, enriched=enriched
    )


def states() -> dict[str, PanelState]:
    """All eight: burning, warning, unknown because silent, unknown because never exported, stale, and well."""
    return {
        state.id: state
        for state in (_slo(), _alerts(), _queues(), _riot(), _ban(), _llm(), _cost(), _release())
    }


def _slo() -> PanelState:
    """Well, but a minute and a half old: its source has stopped."""
    old = NOW - 95
    analyze = (("service", "analyze"),)
    return judged(
        "slo",
        {
            "errors 5m": answer(((), 0.0003), at=old),
            "P95": answer((analyze, 6.1), at=old),
            "requests": answer(((), 42.0), at=old),
        },
        past((), 0.0001, 0.0004, 0.0003),
    )


def _alerts() -> PanelState:
    alert = Alert(
        "ChimeraLatencyP95Breached",
        AlertState.FIRING,
        "page",
        {"service": "[bold]analyze"},
        {"summary": "P95 of 分析 is 16 s"},
        NOW - 700,
        16.2,
        "histogram_quantile(…) > 15",
        "prometheus",
    )
    return judge_alerts(SPECS["alerts"], Alerts((alert,), 8, (), NOW - 1, "prometheus"), NOW)


def _queues() -> PanelState:
    """The metric is missing; the broker tells."""
    times = tuple(NOW - 150 + 5 * index for index in range(31))
    rising = Series((), times, tuple(20.0 + 2 * index for index in range(31)))
    level = Series((), times, tuple(3.0 + index % 2 for index in range(31)))
    queues = (
        Queue(
            name="matches",
            waiting=80,
            unacked=4,
            by_priority={0: 80},
            oldest_s=61.0,
            oldest_is_floor=False,
            depths=rising,
        ),
        Queue(
            name="ai",
            waiting=3,
            unacked=2,
            by_priority={0: 3},
            oldest_s=4.0,
            oldest_is_floor=True,
            depths=level,
        ),
    )
    waiting = Queues(
        queues=queues,
        at=NOW - 1,
        source="redis",
        eviction_policy="allkeys-lru",
        used_bytes=10,
        limit_bytes=20,
    )
    finished = say("fleet.finished", count=20, seconds=60)
    over = say("fleet.over_limit", task="analyze", seconds=400, limit=300)
    workers = (
        Worker(
            name="fetch@a",
            state=WorkerState.WORKING,
            evidence=finished,
            last_seen=NOW,
            queues=("matches",),
            pool_size=4,
            active=4,
            reserved=4,
            oldest_active_s=3.0,
            rate_limits={},
        ),
        Worker(
            name="analyze@b",
            state=WorkerState.STUCK,
            evidence=over,
            last_seen=NOW,
            queues=("ai",),
            pool_size=2,
            active=2,
            reserved=2,
            oldest_active_s=400.0,
            rate_limits={},
        ),
    )
    return judged(
        "queues",
        {"waiting": answer()},
        never_exported={"waiting": "chimera_celery_queue_length|celery_queue_length"},
        enriched=(
            enrich_queues(SPECS["queues"], waiting, [answer()]),
            enrich_workers(Fleet(workers, NOW - 1, "celery")),
        ),
    )


def _riot() -> PanelState:
    app = (("endpoint", "match"), ("limit", "application"))
    method = (("endpoint", "timeline"), ("limit", "method"))
    return judged(
        "riot429",
        {
            "429": answer(((), 41.0)),
            "retry after": answer((app, 12.0)),
            "429 by limit": answer((app, 38.0), (method, 3.0)),
            "requests": answer(((), 180.0)),
        },
        past((), 0.0, 0.0, 5.0, 41.0),
    )


def _ban() -> PanelState:
    routes = answer(((("route", "channels"),), 5400.0), ((("route", "webhooks"),), 720.0))
    return judged(
        "ban",
        {
            "invalid in 10 min": answer(((), 6120.0)),
            "refused": answer(((), 0.87)),
            "by status": answer(((("status", "429"),), 6104.0), ((("status", "403"),), 12.0)),
            "top sources": routes,
            "requests": answer(((), 700.0)),
        },
        past((), 0.0, 200.0, 6120.0),
        trials={"refused": answer(((), 7000.0))},
    )


def _llm() -> PanelState:
    silent = {query.name: answer() for query in SPECS["llm"].queries}
    why = {
        query.name: "chimera_llm_latency_seconds_bucket|chimera_llm_duration_seconds_bucket"
        for query in SPECS["llm"].queries
    }
    return judged("llm", silent, never_exported=why)


def _cost() -> PanelState:
    return judged(
        "cost",
        {
            "per hour": answer(((), 0.084)),
            "per month at this rate": answer(((), 61.0)),
            "per analysis": answer(((), 0.011)),
            "cache hits": answer(((), math.nan)),
            "by model": answer(((("model", "m1"),), 0.084)),
        },
        past((), 40.0, 70.0, 61.0),
    )


def _release() -> PanelState:
    """What runs is known, the database is silent."""
    running = answer(((("version", "v2.2.1"),), 1.0))
    silent = unavailable(TimedOut(say("signals.timed_out", source="postgres", seconds=5.0)))
    return judged("release", {"running": running, "up for": answer(((), 660.0))}, enriched=(silent,))
