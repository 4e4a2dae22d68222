"""Asks everything that a panel's own queries need, all at once; what is empty is asked about until it is clear why."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from panels.state import BOARD_SPAN_S
from signals.reading import Answer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.errors import SourceError
    from panels.no_data.diagnosis import Diagnosis
    from panels.query_cache import QueryCache
    from panels.spec import PanelSpec, QuerySpec

BESIDE_MAX_AGE_S = 15.0
"""What only says how far a number may be believed need not be as fresh as the number."""
CHART_POINTS = 60
"""Thirty minutes in steps of thirty seconds: the axis moves only that often."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What the source said to a panel's queries, by their names.

    `buckets` are those of quantiles, `trials` count what ratios are of, `diagnoses` tell of queries without series.
    `history` is the charted query over the board's half hour, `long_history` over more where there is room for it.
    """

    by_query: Mapping[str, Answer | SourceError]
    buckets: Mapping[str, Answer | SourceError] = field(default_factory=dict)
    trials: Mapping[str, Answer | SourceError] = field(default_factory=dict)
    diagnoses: Mapping[str, Diagnosis | SourceError] = field(default_factory=dict)
    history: Answer | None = None
    long_history: Answer | None = None


async def fetch(spec: PanelSpec, cache: QueryCache, now: float, span_s: float = BOARD_SPAN_S) -> Answers:
    """The answers to all queries of the panel; `span_s` is how long a past is drawn."""
    queries = spec.queries
    by_query, buckets, trials, history, long_history = await asyncio.gather(
        _by_name({query.name: query.expr for query in queries}, cache),
        _by_name({query.name: query.buckets for query in queries if query.buckets}, cache, BESIDE_MAX_AGE_S),
        _by_name({query.name: query.trials for query in queries if query.trials}, cache, BESIDE_MAX_AGE_S),
        _history(spec.charted, cache, now, BOARD_SPAN_S),
        _history(spec.charted if span_s > BOARD_SPAN_S else None, cache, now, span_s),
    )
    empty = [q for q in queries if isinstance(answer := by_query[q.name], Answer) and not answer.series]
    return Answers(
        by_query=by_query,
        buckets=buckets,
        trials=trials,
        diagnoses=await _diagnoses(empty, cache, now) if empty else {},
        history=history,
        long_history=long_history,
    )


async def _by_name(
    exprs: dict[str, str], cache: QueryCache, max_age_s: float = 0.0
) -> dict[str, Answer | SourceError]:
    answers = await asyncio.gather(*(cache.query(expr, max_age_s) for expr in exprs.values()))
    return dict(zip(exprs, answers, strict=True))


async def _history(query: QuerySpec | None, cache: QueryCache, now: float, span_s: float) -> Answer | None:
    """The past of the charted query, on a grid that moves by whole steps; None where there is none."""
    if query is None:
        return None
    step = span_s / CHART_POINTS
    end = now // step * step
    answer = await cache.query_range(query.expr, end - span_s, end, step, max_age_s=step)
    return answer if isinstance(answer, Answer) and answer.series else None  # the query of now says why


async def _diagnoses(
    empty: list[QuerySpec], cache: QueryCache, now: float
) -> dict[str, Diagnosis | SourceError]:
    from panels.no_data.diagnose import (
        diagnose,  # it reads PromQL: numpy and the grammar, which nothing else needs
    )

    return {query.name: await diagnose(query.expr, cache, now) for query in empty}
