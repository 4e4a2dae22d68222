"""One look at one panel: asks its questions and lets them be judged."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from core.errors import SourceError
from core.message import say
from panels.alerts import coarse, judge_alerts
from panels.draw.axis import AHEAD, BOARD_SPAN_S
from panels.enrich import budget as money
from panels.enrich import release
from panels.enrich.broker import add_queues, add_schema
from panels.enrich.burn import WINDOWS
from panels.enrich.slo import keep_s, with_objective
from panels.enrich.workers import add_workers
from panels.forecast import with_forecast
from panels.judge import crashed, judge_metric, series_called
from panels.naming import called, quantity
from panels.projection import charts as charts_of
from signals.reading import Answer

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from core.message import Message
    from panels.enrich.slo import Asked
    from panels.query_cache import Questions
    from panels.settings import Budget, Objective, PanelSpec, QuerySpec
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


async def look(
    spec: PanelSpec, sources: Sources, questions: Questions, span_s: float = BOARD_SPAN_S
) -> PanelState:
    """Ask and judge one panel; whatever breaks in it becomes its state. `span_s` is how long a past is shown."""
    now = time.time()
    try:
        return await _look(spec, sources, questions, now, span_s)
    except Exception as error:  # one panel must not take the others down
        logging.getLogger("warroom.panels").exception("panel %s", spec.id)
        return crashed(spec, error, now)


async def _charted(
    spec: PanelSpec, questions: Questions, now: float, span_s: float = BOARD_SPAN_S
) -> Answer | None:
    """The past of the panel's charted query, on a grid that moves by whole steps."""
    query = next((one for one in spec.queries if one.name == spec.chart), None)
    if query is None:
        return None
    step = span_s / CHART_POINTS
    end = now // step * step
    answer = await questions.span(query.expr, end - span_s, end, step, keep_s=step)
    return answer if isinstance(answer, Answer) else None  # the instant query of the same expression says why


async def _longer(
    charts: tuple[Chart, ...], spec: PanelSpec, questions: Questions, now: float, span_s: float
) -> tuple[Chart, ...]:
    """The same charts over a longer past; what is ahead is told from the usual one, as the panel's words are."""
    past = await _charted(spec, questions, now, span_s)
    return tuple(
        replace(one, span_s=span_s, forecast=with_forecast(short, now, span_s * AHEAD).forecast)
        for one, short in zip(charts_of(spec, past, series_called), charts, strict=False)
    )


async def _look(
    spec: PanelSpec, sources: Sources, questions: Questions, now: float, span_s: float
) -> PanelState:
    if spec.kind == "alerts":
        return judge_alerts(spec, await _alerts(sources), now)
    queries = spec.queries
    answers, buckets, trials, history, covered_s = await asyncio.gather(
        _by_name({query.name: query.expr for query in queries}, questions),
        _by_name({query.name: query.buckets for query in queries if query.buckets}, questions, BESIDE_KEPT_S),
        _by_name({query.name: query.trials for query in queries if query.trials}, questions, BESIDE_KEPT_S),
        _charted(spec, questions, now),
        history_s(sources, now),
    )
    silent = [q for q in queries if isinstance(one := answers[q.name], Answer) and not one.series]
    why = await _why(silent, questions, now) if silent else {}
    judged = judge_metric(spec, answers, why, history, now, buckets=buckets, trials=trials)
    charts = tuple(with_forecast(one, now, BOARD_SPAN_S * AHEAD) for one in judged.charts)
    if span_s > BOARD_SPAN_S:
        charts += await _longer(judged.charts, spec, questions, now, span_s)
    state = replace(judged, charts=charts, warnings=_young(covered_s))
    for objective in spec.objectives:
        counts = await _counts(questions, objective, covered_s)
        state = with_objective(state, objective, counts, covered_s)
    if spec.budget is not None:
        state = await _budgeted(state, spec.budget, questions, covered_s)
    if spec.kind == "release" and queries and isinstance(current := answers[queries[0].name], Answer):
        state = await _released(state, queries[0], current, questions)
    if spec.kind == "queues" and sources.queues is not None:
        charted = next((one for one in queries if one.name == spec.chart), None)
        state = add_queues(state, await _or_error(sources.queues.queues()), charted)
    if spec.kind == "queues" and sources.fleet is not None:
        return add_workers(state, await _or_error(sources.fleet.fleet()))
    if spec.kind == "release" and sources.schema is not None:
        return add_schema(state, await _or_error(sources.schema.schema()))
    return state


async def _why(silent: list[QuerySpec], questions: Questions, now: float) -> dict[str, Message]:
    from panels.no_data.diagnosis import (
        explain,  # it reads PromQL: numpy and the grammar, which nothing else may need
    )

    return {query.name: await explain(called(query), query.expr, questions, now) for query in silent}


def _young(covered_s: float | None) -> tuple[Message, ...]:
    """A source that has just begun knows less than the windows ask for: rates are then too low."""
    if covered_s is None or not 0 < covered_s < LONGEST_SHORT_WINDOW_S:
        return ()
    return (say("panels.young", span=quantity(coarse(covered_s), "s")),)


def _covered(sources: Sources, now: float) -> float | None:
    """Seconds of history that a direct scrape has; None for a source that keeps its own (see `history_s`)."""
    scrape = sources.scrape
    if scrape is None or sources.metrics.active != scrape.name or scrape.since is None:
        return None
    return now - scrape.since


async def history_s(sources: Sources, now: float) -> float | None:
    """Seconds of history behind the answers; unknown counts as none, never as all."""
    covered = _covered(sources, now)
    if covered is not None:
        return covered
    try:
        return await sources.metrics.history_s(now)
    except SourceError:
        return 0.0


async def _counts(questions: Questions, objective: Objective, covered_s: float | None) -> dict[str, Asked]:
    """Every window's counts; the long ones are asked for seldom, for they change slowly."""

    async def ask(window: str) -> Asked:
        exprs = (objective.buckets,) if objective.buckets else (objective.bad, objective.total)
        kept = keep_s(window, covered_s)
        asking = (questions.instant(expr.replace("$window", window), kept) for expr in exprs)
        return tuple(await asyncio.gather(*asking))

    return dict(zip(WINDOWS, await asyncio.gather(*map(ask, WINDOWS)), strict=True))


async def _budgeted(
    state: PanelState, budget: Budget, questions: Questions, covered_s: float | None
) -> PanelState:
    windows = [*money.RATES, money.month_window(state.at or 0.0)]
    asking = (questions.instant(budget.spend.replace("$window", one), money.KEEP_S) for one in windows)
    *rates, month = await asyncio.gather(*asking)
    return money.with_budget(state, budget, dict(zip(money.RATES, rates, strict=True)), month, covered_s)


async def _released(state: PanelState, query: QuerySpec, current: Answer, questions: Questions) -> PanelState:
    past = await asyncio.gather(
        *(
            questions.span(query.expr, end - span_s, end, step, release.KEEP_S)
            for span_s in release.SPANS_S
            for step in (span_s / release.POINTS,)
            for end in (current.at // step * step,)
        )
    )
    return release.with_releases(state, query.by, current, past)


async def _by_name(
    exprs: dict[str, str], questions: Questions, keep_s: float = 0.0
) -> dict[str, Answer | SourceError]:
    found = await asyncio.gather(*(questions.instant(expr, keep_s) for expr in exprs.values()))
    return dict(zip(exprs, found, strict=True))


async def _or_error(asking: Awaitable[T]) -> T | SourceError:
    try:
        return await asking
    except SourceError as error:
        return error


async def _alerts(sources: Sources) -> Alerts | SourceError | None:
    return None if sources.alerts is None else await _or_error(sources.alerts.alerts())
