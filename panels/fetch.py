"""Asks everything that a panel's own queries need, all at once; what is empty is asked about until it is clear why."""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from panels.state import BOARD_SPAN_S
from signals.reading import Answer, Series

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from core.errors import SourceError
    from panels.no_data.diagnosis import Diagnosis
    from panels.query_cache import QueryCache
    from panels.spec import PanelSpec, QuerySpec

BESIDE_MAX_AGE_S = 15.0
"""What only says how far a number may be believed need not be as fresh as the number."""
CHART_POINTS = 60
"""Thirty minutes in steps of thirty seconds: the axis moves only that often."""
JOINED = 2.0
"""So many usual distances after the last sample of a past the value of now is joined to it; later there was a gap."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What the source said to a panel's queries, by their names.

    `buckets` are those of quantiles, `trials` count what ratios are of, `diagnoses` tell of queries without series.
    `histories` are queries over the board's half hour up to now, `long_histories` over more where there is room for it.
    """

    by_query: Mapping[str, Answer | SourceError]
    buckets: Mapping[str, Answer | SourceError] = field(default_factory=dict)
    trials: Mapping[str, Answer | SourceError] = field(default_factory=dict)
    diagnoses: Mapping[str, Diagnosis | SourceError] = field(default_factory=dict)
    histories: Mapping[str, Answer] = field(default_factory=dict)
    long_histories: Mapping[str, Answer] = field(default_factory=dict)


async def fetch(spec: PanelSpec, cache: QueryCache, now: float) -> Answers:
    """The answers to all queries of the panel, without their past."""
    queries = spec.queries
    by_query, buckets, trials = await asyncio.gather(
        _by_name({query.name: query.expr for query in queries}, cache),
        _by_name({query.name: query.buckets for query in queries if query.buckets}, cache, BESIDE_MAX_AGE_S),
        _by_name({query.name: query.trials for query in queries if query.trials}, cache, BESIDE_MAX_AGE_S),
    )
    empty = [q for q in queries if isinstance(answer := by_query[q.name], Answer) and not answer.series]
    return Answers(
        by_query=by_query,
        buckets=buckets,
        trials=trials,
        diagnoses=await _diagnoses(empty, cache, now) if empty else {},
    )


async def with_histories(
    answers: Answers, queries: Iterable[QuerySpec], cache: QueryCache, now: float, span_s: float
) -> Answers:
    """The same answers, with the past of these queries; `span_s` is how long a past is drawn."""
    queries = list(queries)
    spans = (BOARD_SPAN_S, span_s) if span_s > BOARD_SPAN_S else (BOARD_SPAN_S,)
    pasts = await asyncio.gather(
        *(
            history(query, answers.by_query.get(query.name), cache, now, span)
            for span in spans
            for query in queries
        )
    )
    short, long = pasts[: len(queries)], pasts[len(queries) :]
    return replace(
        answers,
        histories={query.name: past for query, past in zip(queries, short, strict=True) if past is not None},
        long_histories={
            query.name: past for query, past in zip(queries, long, strict=False) if past is not None
        },
    )


async def _by_name(
    exprs: dict[str, str], cache: QueryCache, max_age_s: float = 0.0
) -> dict[str, Answer | SourceError]:
    answers = await asyncio.gather(*(cache.query(expr, max_age_s) for expr in exprs.values()))
    return dict(zip(exprs, answers, strict=True))


async def history(
    query: QuerySpec, current: Answer | SourceError | None, cache: QueryCache, now: float, span_s: float
) -> Answer | None:
    """The past of a query, on a grid that moves by whole steps, with the value of now; None where there is none."""
    step = span_s / CHART_POINTS
    end = now // step * step
    answer = await cache.query_range(query.expr, end - span_s, end, step, max_age_s=step)
    if not isinstance(answer, Answer) or not answer.series:
        return None  # the query of now says why
    return until_now(answer, current)


async def _diagnoses(
    empty: list[QuerySpec], cache: QueryCache, now: float
) -> dict[str, Diagnosis | SourceError]:
    from panels.no_data.diagnose import (
        diagnose,  # it reads PromQL: numpy and the grammar, which nothing else needs
    )

    return {query.name: await diagnose(query.expr, cache, now) for query in empty}


def until_now(history: Answer, current: Answer | SourceError | None) -> Answer:
    """The past with the values of now at its end: chart, legend and headline then show the same number.

    A curve that is not there now ends where it ended; one that began a moment ago has one sample.
    """
    if not isinstance(current, Answer):
        return history
    past = {series.labels: series for series in history.series}
    curves = [joined(past.pop(series.labels, None), series) for series in current.series]
    return replace(history, series=(*curves, *past.values()))


def joined(past: Series | None, current: Series) -> Series:
    """A past with a later sample at its end, and a gap before it where it is much later."""
    if past is None or not past.times or current.times[-1] <= past.times[-1]:
        return past if past is not None and past.times else current
    at, step = past.times[-1], min((b - a for a, b in pairwise(past.times)), default=math.inf)
    gap = current.times[-1] - at > JOINED * step
    times = (*past.times, *((at + step,) if gap else ()), current.times[-1])
    return Series(past.labels, times, (*past.values, *((math.nan,) if gap else ()), current.values[-1]))
