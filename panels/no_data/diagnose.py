"""Finds out why a query is empty: asks the source about each selector until one question has no answer."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from core.errors import SourceError
from core.text import clean
from panels.no_data.diagnosis import Cause, Diagnosis
from signals.metrics.last_seen import last_seen
from signals.metrics.promql.names import Needs, needs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.message import Message
    from panels.query_cache import QueryCache
    from signals.metrics.promql.names import Selector
    from signals.reading import Answer, Series

MAX_AGE_S = 30.0
"""A missing metric is missed at every look; its story need not be told anew each time."""
EMPTY_MAX_AGE_S = 10.0
"""But what has come back is to be seen soon."""
MAX_VALUES = 4


async def diagnose(expr: str, cache: QueryCache, now: float) -> Diagnosis | SourceError:
    """Why `expr` has no series; the error of a source that stops answering half way."""
    try:
        wanted = needs(expr)
        selectors = wanted.selectors()
        diagnoses = await asyncio.gather(*(_diagnose(selector, cache, now) for selector in selectors))
    except SourceError as error:
        return error
    return deciding(wanted, dict(zip(selectors, diagnoses, strict=True)))


def deciding(wanted: Needs, diagnoses: Mapping[Selector, Diagnosis]) -> Diagnosis:
    """Of alternatives (`or`) the one whose search got furthest, else the first gap."""
    return _deciding(wanted, diagnoses) or Diagnosis(Cause.NO_TRAFFIC)


def _deciding(wanted: Needs | Selector, diagnoses: Mapping[Selector, Diagnosis]) -> Diagnosis | None:
    """None where nothing is wanted, such as `vector(0)`: that alternative has no gap to speak of."""
    if not isinstance(wanted, Needs):
        return diagnoses.get(wanted)
    parts = [part for need in wanted.parts if (part := _deciding(need, diagnoses)) is not None]
    choose = max if wanted.how == "any" else min
    return choose(parts, key=lambda part: part.cause) if parts else None


async def _diagnose(selector: Selector, cache: QueryCache, now: float) -> Diagnosis:
    """Raises `SourceError` when the source stops answering half way."""
    metric = selector.name
    known = await cache.names()
    if metric not in known and not await cache.has_had(metric):
        down = await _down(cache)
        return Diagnosis(
            cause=Cause.EXPORTER_DOWN if down else Cause.NEVER_EXPORTED,
            metric=metric,
            known=known,
            down=down,
            error=await _scrape_error(cache, down[0]) if down else None,
            watched_s=await cache.watched_s(now),
        )
    if metric not in known or not await _series(cache, f"count({metric})"):
        return await _last_seen(metric, cache, now)
    if selector.matchers and not await _series(cache, f"count({selector.text()})"):
        return await _unmatched(selector, cache)
    if selector.ranged:
        samples = await _series(cache, f"max(count_over_time({selector.text()}[5m]))")
        if samples and samples[0].values[-1] < 2:
            return Diagnosis(Cause.ONE_SAMPLE, metric)
    return Diagnosis(Cause.NO_TRAFFIC, metric)


async def _last_seen(metric: str, cache: QueryCache, now: float) -> Diagnosis:
    """When it was last there, and what its exporter's `up` says now."""

    async def ask_range(expr: str, start: float, end: float, step: float) -> Answer:
        answer = await cache.query_range(expr, start, end, step, MAX_AGE_S)
        if isinstance(answer, SourceError):
            raise answer
        return answer

    last = await last_seen(metric, ask_range, now)
    if last.at is None:
        return Diagnosis(Cause.DISAPPEARED, metric)
    up = None
    for exporter in await _series(cache, "up") if last.instance else ():
        own = dict(exporter.labels)
        if (own.get("job", ""), own.get("instance")) == (last.job, last.instance):
            up = exporter.values[-1]
    instance = clean(last.instance, 80)
    error = await _scrape_error(cache, last.instance) if up == 0 else None
    return Diagnosis(
        Cause.DISAPPEARED, metric, last_seen_s=now - last.at, up=up, instance=instance, error=error
    )


async def _unmatched(selector: Selector, cache: QueryCache) -> Diagnosis:
    """Which matcher finds nothing; one that excludes (`!=`) and leaves nothing is silence, no fault."""
    metric = selector.name
    for matcher in selector.matchers:
        if await _series(cache, f"count({selector.text(matcher)})"):
            continue
        label, operator, value = matcher
        if operator in ("!=", "!~"):
            return Diagnosis(Cause.NO_TRAFFIC, metric)
        values = [
            clean(dict(series.labels).get(label, ""), 40)
            for series in await _series(cache, f"count by ({label}) ({metric})")
        ]
        values = sorted(filter(None, values))[:MAX_VALUES]
        if not values:
            return Diagnosis(Cause.NO_LABEL, metric, label=label)
        written = f'{label}{operator}"{clean(value, 60)}"'
        return Diagnosis(Cause.NO_VALUE, metric, matcher=written, label=label, values=tuple(values))
    return Diagnosis(Cause.NO_COMBINATION, metric)


async def _down(cache: QueryCache) -> tuple[str, ...]:
    series = await _series(cache, "up == 0")
    return tuple(sorted(clean(dict(exporter.labels).get("instance", "?"), 80) for exporter in series))


async def _scrape_error(cache: QueryCache, instance: str) -> Message | None:
    """What its last scrape said: one that answers 401 answers."""
    try:
        targets = await cache.targets()
    except SourceError:
        return None
    return next((target.error for target in targets if target.instance == instance), None)


async def _series(cache: QueryCache, expr: str) -> tuple[Series, ...]:
    return _answered(await cache.query(expr, MAX_AGE_S, empty_max_age_s=EMPTY_MAX_AGE_S))


def _answered(answer: Answer | SourceError) -> tuple[Series, ...]:
    if isinstance(answer, SourceError):
        raise answer
    return answer.series
