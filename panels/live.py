"""Keeps every panel up to date: each asks at its own interval, and a slow one delays itself alone."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from panels.alerts import judge_alerts
from panels.asking import Questions
from panels.axis import BOARD_AHEAD_S, BOARD_SPAN_S
from panels.broker import add_queues, add_schema
from panels.burn import WINDOWS
from panels.forecast import with_forecast
from panels.judge import crashed, judge_metric
from panels.slo import keep_s, with_objective
from signals.errors import SourceError
from signals.message import say
from signals.reading import Answer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from panels.settings import Objective, PanelSpec, QuerySpec
    from panels.slo import Asked
    from panels.state import PanelState
    from signals.message import Message
    from signals.source import Alerts
    from signals.sources import Sources

T = TypeVar("T")

SOON_S = 2.0
LONGEST_SHORT_WINDOW_S = 600.0
"""The ban forecast's ten minutes: from then on only the hour-long windows are not yet whole."""
CHART_POINTS = 60
"""Thirty minutes in steps of thirty seconds: the axis moves only that often."""


async def watch(
    specs: Iterable[PanelSpec],
    sources: Sources,
    tell: Callable[[PanelState], None],
    paused: Callable[[], bool],
) -> None:
    """Judge every panel again and again until cancelled."""
    questions = Questions(sources.metrics)
    async with asyncio.TaskGroup() as group:
        for spec in specs:
            group.create_task(_follow(spec, sources, questions, tell, paused))


async def once(specs: Iterable[PanelSpec], sources: Sources) -> tuple[PanelState, ...]:
    """Judge every panel one time."""
    questions = Questions(sources.metrics)
    return tuple(await asyncio.gather(*(look(spec, sources, questions) for spec in specs)))


async def look(spec: PanelSpec, sources: Sources, questions: Questions) -> PanelState:
    """Ask and judge one panel; whatever breaks in it becomes its state."""
    now = time.time()
    try:
        return await _look(spec, sources, questions, now)
    except Exception as error:  # one panel must not take the others down
        logging.getLogger("warroom.panels").exception("panel %s", spec.id)
        return crashed(spec, error, now)


async def chart(spec: PanelSpec, sources: Sources, now: float, span_s: float, points: int) -> Answer | None:
    """The history of the panel's charted query, on a grid that moves by whole steps."""
    return await _drawn(spec, Questions(sources.metrics), now, span_s, points)


async def _drawn(
    spec: PanelSpec, questions: Questions, now: float, span_s: float, points: int
) -> Answer | None:
    query = next((one for one in spec.queries if one.name == spec.chart), None)
    if query is None:
        return None
    step = span_s / points
    end = now // step * step
    answer = await questions.span(query.expr, end - span_s, end, step, keep_s=step)
    return answer if isinstance(answer, Answer) else None  # the instant query of the same expression says why


async def _look(spec: PanelSpec, sources: Sources, questions: Questions, now: float) -> PanelState:
    if spec.kind == "alerts":
        return judge_alerts(spec, await _alerts(sources), now)
    queries = spec.queries
    answers, buckets, trials, history = await asyncio.gather(
        _by_name({query.name: query.expr for query in queries}, questions),
        _by_name({query.name: query.buckets for query in queries if query.buckets}, questions),
        _by_name({query.name: query.trials for query in queries if query.trials}, questions),
        _drawn(spec, questions, now, BOARD_SPAN_S, CHART_POINTS),
    )
    silent = [q for q in queries if isinstance(one := answers[q.name], Answer) and not one.series]
    why = await _why(silent, questions, now) if silent else {}
    judged = judge_metric(spec, answers, why, history, now, buckets=buckets, trials=trials)
    charts = tuple(with_forecast(one, now, BOARD_AHEAD_S) for one in judged.charts)
    state = replace(judged, charts=charts, warnings=_young(sources, now))
    if spec.objectives:
        covered_s = await _history(sources, now)
        for objective in spec.objectives:
            counts = await _counts(questions, objective, covered_s)
            state = with_objective(state, objective, counts, covered_s)
    if spec.kind == "queues" and sources.queues is not None:
        return add_queues(state, await _or_error(sources.queues.queues()))
    if spec.kind == "release" and sources.schema is not None:
        return add_schema(state, await _or_error(sources.schema.schema()))
    return state


async def _why(silent: list[QuerySpec], questions: Questions, now: float) -> dict[str, Message]:
    from panels.inquiry import explain  # it reads PromQL: numpy and the grammar, which nothing else may need

    return {query.name: await explain(query.name, query.expr, questions, now) for query in silent}


async def _follow(
    spec: PanelSpec,
    sources: Sources,
    questions: Questions,
    tell: Callable[[PanelState], None],
    paused: Callable[[], bool],
) -> None:
    while True:
        if not paused():
            state = await look(spec, sources, questions)
            tell(state)
            incomplete = any(reading.value is None for reading in state.readings)
            # Something is missing: look again soon, so that what has just started shows as soon as it answers.
            pause_s = min(spec.interval_s, SOON_S) if incomplete else spec.interval_s
            await asyncio.sleep(pause_s * random.uniform(0.95, 1.05))  # noqa: S311  # jitter
        else:
            await asyncio.sleep(0.2)


def _young(sources: Sources, now: float) -> tuple[Message, ...]:
    """A direct scrape that has just begun knows less than its windows ask for: rates are then too low."""
    covered = _covered(sources, now)
    if covered is None or covered >= LONGEST_SHORT_WINDOW_S:
        return ()
    return (say("panels.young", seconds=round(covered)),)


def _covered(sources: Sources, now: float) -> float | None:
    """Seconds of history that a direct scrape has; None for a source that keeps its own (see `_history`)."""
    scrape = sources.scrape
    if scrape is None or sources.metrics.active != scrape.name or scrape.since is None:
        return None
    return now - scrape.since


async def _history(sources: Sources, now: float) -> float | None:
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


async def _by_name(exprs: dict[str, str], questions: Questions) -> dict[str, Answer | SourceError]:
    found = await asyncio.gather(*map(questions.instant, exprs.values()))
    return dict(zip(exprs, found, strict=True))


async def _or_error(asking: Awaitable[T]) -> T | SourceError:
    try:
        return await asking
    except SourceError as error:
        return error


async def _alerts(sources: Sources) -> Alerts | SourceError | None:
    return None if sources.alerts is None else await _or_error(sources.alerts.alerts())
