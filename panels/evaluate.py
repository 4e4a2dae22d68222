"""One look at one panel: asks its cache and lets them be judged."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from core.errors import SourceError
from core.message import say
from core.units import quantity
from panels.alerts import judge_alerts
from panels.burn_rate import WINDOWS
from panels.enrich import budget as money
from panels.enrich import release
from panels.enrich.broker import add_queues, add_schema
from panels.enrich.slo import max_age_s, with_objective
from panels.enrich.workers import add_workers
from panels.judge import crashed, judge_metric
from panels.naming import coarse_age, display_name
from panels.projection import chart, with_forecast
from panels.query_cache import history_s
from panels.state import AHEAD_SHARE, BOARD_SPAN_S
from signals.reading import Answer

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from core.message import Message
    from panels.enrich.slo import Asked
    from panels.query_cache import QueryCache
    from panels.spec import Budget, Objective, PanelSpec, QuerySpec
    from panels.state import Chart, PanelState
    from signals.alerts.model import Alerts
    from signals.sources import Sources

T = TypeVar("T")

LONGEST_SHORT_WINDOW_S = 600.0
"""The ban forecast's ten minutes: from then on only the hour-long windows are not yet whole."""
BESIDE_KEPT_S = 15.0
"""What only says how far a number may be believed need not be as fresh as the number."""
CHART_POINTS = 60
"""Thirty minutes in steps of thirty seconds: the axis moves only that often."""


async def evaluate(
    spec: PanelSpec, sources: Sources, cache: QueryCache, span_s: float = BOARD_SPAN_S
) -> PanelState:
    """Ask and judge one panel; whatever breaks in it becomes its state. `span_s` is how long a past is shown."""
    now = time.time()
    try:
        return await _look(spec, sources, cache, now, span_s)
    except Exception as error:  # one panel must not take the others down
        logging.getLogger("warroom.panels").exception("panel %s", spec.id)
        return crashed(spec, error, now)


async def _charted(
    spec: PanelSpec, cache: QueryCache, now: float, span_s: float = BOARD_SPAN_S
) -> Answer | None:
    """The past of the panel's charted query, on a grid that moves by whole steps."""
    query = spec.charted
    if query is None:
        return None
    step = span_s / CHART_POINTS
    end = now // step * step
    answer = await cache.query_range(query.expr, end - span_s, end, step, max_age_s=step)
    return answer if isinstance(answer, Answer) else None  # the instant query of the same expression says why


async def _longer(
    charts: tuple[Chart, ...], spec: PanelSpec, cache: QueryCache, now: float, span_s: float
) -> tuple[Chart, ...]:
    """The same charts over a longer past; what is ahead is told from the usual one, as the panel's words are."""
    past = await _charted(spec, cache, now, span_s)
    query = spec.charted
    return tuple(
        replace(one, span_s=span_s, forecast=with_forecast(short, now, span_s * AHEAD_SHARE).forecast)
        for one, short in zip(
            [chart(query, past)] if query is not None and past is not None and past.series else [],
            charts,
            strict=False,
        )
    )


async def _look(
    spec: PanelSpec, sources: Sources, cache: QueryCache, now: float, span_s: float
) -> PanelState:
    if spec.kind == "alerts":
        return judge_alerts(spec, await _alerts(sources), now)
    queries = spec.queries
    answers, buckets, trials, history, covered_s = await asyncio.gather(
        _by_name({query.name: query.expr for query in queries}, cache),
        _by_name({query.name: query.buckets for query in queries if query.buckets}, cache, BESIDE_KEPT_S),
        _by_name({query.name: query.trials for query in queries if query.trials}, cache, BESIDE_KEPT_S),
        _charted(spec, cache, now),
        history_s(sources, now),
    )
    silent = [q for q in queries if isinstance(one := answers[q.name], Answer) and not one.series]
    why = await _why(silent, cache, now) if silent else {}
    judged = judge_metric(spec, answers, why, history, now, buckets=buckets, trials=trials)
    charts = tuple(with_forecast(one, now, BOARD_SPAN_S * AHEAD_SHARE) for one in judged.charts)
    if span_s > BOARD_SPAN_S:
        charts += await _longer(judged.charts, spec, cache, now, span_s)
    state = replace(judged, charts=charts, warnings=_young(covered_s))
    for objective in spec.objectives:
        counts = await _counts(cache, objective, covered_s)
        state = with_objective(state, objective, counts, covered_s)
    if spec.budget is not None:
        state = await _budgeted(state, spec.budget, cache, covered_s)
    if spec.kind == "release" and queries and isinstance(current := answers[queries[0].name], Answer):
        state = await _released(state, queries[0], current, cache)
    if spec.kind == "queues" and sources.queues is not None:
        charted = next((one for one in queries if one.name == spec.chart), None)
        state = add_queues(state, await _or_error(sources.queues.queues()), charted)
    if spec.kind == "queues" and sources.fleet is not None:
        return add_workers(state, await _or_error(sources.fleet.fleet()))
    if spec.kind == "release" and sources.schema is not None:
        return add_schema(state, await _or_error(sources.schema.schema()))
    return state


async def _why(silent: list[QuerySpec], cache: QueryCache, now: float) -> dict[str, Message]:
    from panels.no_data.diagnosis import (
        explain,  # it reads PromQL: numpy and the grammar, which nothing else may need
    )

    return {query.name: await explain(display_name(query), query.expr, cache, now) for query in silent}


def _young(covered_s: float | None) -> tuple[Message, ...]:
    """A source that has just begun knows less than the windows ask for: rates are then too low."""
    if covered_s is None or not 0 < covered_s < LONGEST_SHORT_WINDOW_S:
        return ()
    return (say("panels.young", span=quantity(coarse_age(covered_s), "s")),)


async def _counts(cache: QueryCache, objective: Objective, covered_s: float | None) -> dict[str, Asked]:
    """Every window's counts; the long ones are asked for seldom, for they change slowly."""

    async def ask(window: str) -> Asked:
        exprs = (objective.buckets,) if objective.buckets else (objective.bad, objective.total)
        kept = max_age_s(window, covered_s)
        asking = (cache.query(expr.replace("$window", window), kept) for expr in exprs)
        return tuple(await asyncio.gather(*asking))

    return dict(zip(WINDOWS, await asyncio.gather(*map(ask, WINDOWS)), strict=True))


async def _budgeted(
    state: PanelState, budget: Budget, cache: QueryCache, covered_s: float | None
) -> PanelState:
    windows = [*money.RATES, money.month_window(state.at or 0.0)]
    asking = (cache.query(budget.spend.replace("$window", one), money.KEEP_S) for one in windows)
    *rates, month = await asyncio.gather(*asking)
    return money.with_budget(state, budget, dict(zip(money.RATES, rates, strict=True)), month, covered_s)


async def _released(state: PanelState, query: QuerySpec, current: Answer, cache: QueryCache) -> PanelState:
    past = await asyncio.gather(
        *(
            cache.query_range(query.expr, end - span_s, end, step, release.KEEP_S)
            for span_s in release.SPANS_S
            for step in (span_s / release.POINTS,)
            for end in (current.at // step * step,)
        )
    )
    return release.with_releases(state, query.by, current, past)


async def _by_name(
    exprs: dict[str, str], cache: QueryCache, max_age_s: float = 0.0
) -> dict[str, Answer | SourceError]:
    found = await asyncio.gather(*(cache.query(expr, max_age_s) for expr in exprs.values()))
    return dict(zip(exprs, found, strict=True))


async def _or_error(asking: Awaitable[T]) -> T | SourceError:
    try:
        return await asking
    except SourceError as error:
        return error


async def _alerts(sources: Sources) -> Alerts | SourceError | None:
    return None if sources.alerts is None else await _or_error(sources.alerts.alerts())
