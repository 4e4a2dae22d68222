"""Finds out why a query is empty: asks the source about each selector until one question has no answer."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from core.errors import SourceError
from core.text import clean
from panels.no_data.cause import Evidence, Stage, why_empty
from signals.metrics.promql.names import needs

if TYPE_CHECKING:
    from core.message import Message
    from panels.query_cache import QueryCache
    from signals.metrics.promql.names import Selector
    from signals.reading import Answer, Series

KEEP_S = 30.0
"""A missing metric is missed at every look; its story need not be told anew each time."""
SILENCE_S = 10.0
"""But what has come back is to be seen soon."""
SPANS_S = (300.0, 1800.0, 86_400.0, 30 * 86_400.0)
"""How far back a metric that is gone is looked for: closely first, then further and coarser."""
POINTS = 120
CLOSE_S = 60.0
MOST_VALUES = 4


async def explain(name: Message, expr: str, cache: QueryCache, now: float) -> Message:
    """Why `expr` has no series, in one sentence about the query `name`."""
    try:
        wanted = needs(expr)
        selectors = wanted.selectors()
        found = await asyncio.gather(*(_evidence(one, cache, now) for one in selectors))
    except SourceError as error:
        return error.message
    return why_empty(name, wanted, dict(zip(selectors, found, strict=True)))


async def _evidence(selector: Selector, cache: QueryCache, now: float) -> Evidence:
    """Raises `SourceError` when the source stops answering half way."""
    metric = selector.name
    known = await cache.names()
    if metric not in known:
        return Evidence(Stage.NEVER, metric, known, down=await _down(cache))
    if not await _series(cache, f"count({metric})"):
        return await _gone(metric, cache, now)
    if selector.matchers and not await _series(cache, f"count({selector.text()})"):
        return await _unmatched(selector, cache)
    if selector.ranged:
        samples = await _series(cache, f"max(count_over_time({selector.text()}[5m]))")
        if samples and samples[0].values[-1] < 2:
            return Evidence(Stage.YOUNG, metric)
    return Evidence(Stage.QUIET, metric)


async def _gone(metric: str, cache: QueryCache, now: float) -> Evidence:
    """When it was last there, and what its exporter's `up` says now."""
    for span_s in SPANS_S:
        step = span_s / POINTS
        end = now // step * step
        # Between two close points nothing that was there for a moment is missed; far ones would read too much.
        there = f"last_over_time({metric}[{1000 * step:.0f}ms])" if step <= CLOSE_S else metric
        asked = await cache.query_range(
            f"count by (job, instance) ({there})", end - span_s, end, step, KEEP_S
        )
        series = _answered(asked)
        if not series:
            continue
        last = max(series, key=lambda one: one.times[-1])
        labels = dict(last.labels)
        instance, up = clean(labels.get("instance", ""), 80), None
        if instance:
            for one in await _series(cache, "up"):
                of_one = dict(one.labels)
                if all(of_one.get(label) == labels.get(label) for label in ("job", "instance")):
                    up = one.values[-1]
        return Evidence(Stage.GONE, metric, last_seen_s=now - last.times[-1], up=up, instance=instance)
    return Evidence(Stage.GONE, metric)  # its name is known: it was there, if only between two of our looks


async def _unmatched(selector: Selector, cache: QueryCache) -> Evidence:
    """Which matcher finds nothing; one that excludes (`!=`) and leaves nothing is silence, no fault."""
    metric = selector.name
    for matcher in selector.matchers:
        if await _series(cache, f"count({selector.text(matcher)})"):
            continue
        label, operator, value = matcher
        if operator in ("!=", "!~"):
            return Evidence(Stage.QUIET, metric)
        values = [
            clean(dict(one.labels).get(label, ""), 40)
            for one in await _series(cache, f"count by ({label}) ({metric})")
        ]
        values = sorted(filter(None, values))[:MOST_VALUES]
        if not values:
            return Evidence(Stage.LABEL, metric, label=label)
        written = f'{label}{operator}"{clean(value, 60)}"'
        return Evidence(Stage.VALUE, metric, matcher=written, label=label, values=tuple(values))
    return Evidence(Stage.TOGETHER, metric)


async def _down(cache: QueryCache) -> tuple[str, ...]:
    found = await _series(cache, "up == 0")
    return tuple(sorted(clean(dict(one.labels).get("instance", "?"), 80) for one in found))


async def _series(cache: QueryCache, expr: str) -> tuple[Series, ...]:
    return _answered(await cache.query(expr, KEEP_S, empty_max_age_s=SILENCE_S))


def _answered(answer: Answer | SourceError) -> tuple[Series, ...]:
    if isinstance(answer, SourceError):
        raise answer
    return answer.series
