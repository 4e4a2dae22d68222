"""Asks each query once an evaluation, and one about a long window only as often as its answer can change."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.errors import SourceError
from signals.metrics.model import TargetSource, WatchingSource
from signals.reading import Answer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from signals.metrics.model import MetricSource, Target
    from signals.sources import Sources

MIN_AGE_S = 0.5
"""Equal queries within one evaluation get one answer."""
NAMES_MAX_AGE_S = 30.0


@dataclass(slots=True)
class _Asked:
    """A question, when it was put, and how old an answer anyone who puts it takes."""

    at: float
    max_age_s: float
    task: asyncio.Task[Answer | SourceError]


class QueryCache:
    """Puts PromQL to a source. An answer with series may be kept, an empty one only for who says so, an error never.

    What is kept is thrown away when another source answers: its numbers are not comparable. And it is forgotten once it is
    older than anyone who asked would take: the range of a chart moves on, and nobody asks for the earlier one again.
    """

    def __init__(self, metrics: MetricSource) -> None:
        self._metrics = metrics
        self._asked: dict[str, _Asked] = {}
        self._names: tuple[float, frozenset[str]] | None = None
        self._had: dict[str, tuple[float, bool]] = {}

    async def query(
        self, expr: str, max_age_s: float = 0.0, *, empty_max_age_s: float = 0.0
    ) -> Answer | SourceError:
        """The value now, or one that is at most `max_age_s` old (`empty_max_age_s` when it has no series)."""
        return await self._get(expr, max_age_s, empty_max_age_s, lambda: self._metrics.query(expr))

    async def query_range(
        self, expr: str, start: float, end: float, step: float, max_age_s: float = 0.0
    ) -> Answer | SourceError:
        """The values from `start` to `end`; the past does not change, so an answer holds for `max_age_s`."""
        key = f"{expr}\n{start} {end} {step}"
        return await self._get(
            key, max_age_s, max_age_s, lambda: self._metrics.query_range(expr, start, end, step)
        )

    async def names(self) -> frozenset[str]:
        """Every metric name that the source knows, at most half a minute old. Raises `SourceError`."""
        now = time.monotonic()
        if self._names is None or now - self._names[0] > NAMES_MAX_AGE_S:
            self._names = (now, await self._metrics.metric_names())
        return self._names[1]

    async def has_had(self, metric: str) -> bool:
        """Whether the source has any sample of it, however old; asked once in half a minute. Raises `SourceError`."""
        now = time.monotonic()
        asked = self._had.get(metric)
        if asked is None or now - asked[0] > NAMES_MAX_AGE_S:
            asked = self._had[metric] = (now, await self._metrics.has_had(metric))
        return asked[1]

    async def watched_s(self, now: float) -> float | None:
        """Seconds up to `now` of which the source knows anything; None where nobody can say. Raises `SourceError`."""
        return await self._metrics.watched_s(now) if isinstance(self._metrics, WatchingSource) else None

    async def targets(self) -> tuple[Target, ...]:
        """What is scraped, where the source knows it. Raises `SourceError`."""
        return await self._metrics.targets() if isinstance(self._metrics, TargetSource) else ()

    async def close(self) -> None:
        """Stop waiting for answers that nobody waits for any more."""
        tasks = [asked.task for asked in self._asked.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _get(
        self, key: str, max_age_s: float, empty_max_age_s: float, ask: Callable[[], Awaitable[Answer]]
    ) -> Answer | SourceError:
        now = time.monotonic()
        asked = self._asked.get(key)
        longest_s = max(max_age_s, empty_max_age_s, MIN_AGE_S, 0.0 if asked is None else asked.max_age_s)
        if asked is None or now - asked.at > self._max_age_s(asked.task, max_age_s, empty_max_age_s):
            self._expire(now)
            asked = self._asked[key] = _Asked(now, longest_s, asyncio.create_task(_or_error(ask)))
        asked.max_age_s = longest_s
        return await asyncio.shield(asked.task)

    def _max_age_s(
        self, task: asyncio.Task[Answer | SourceError], max_age_s: float, empty_max_age_s: float
    ) -> float:
        """How old this answer may be."""
        if not task.done():
            return max(max_age_s, MIN_AGE_S)
        if task.cancelled() or task.exception() is not None:
            return 0.0
        answer = task.result()
        if not isinstance(answer, Answer) or answer.source != self._metrics.name:
            return MIN_AGE_S
        return max(max_age_s if answer.series else empty_max_age_s, MIN_AGE_S)

    def _expire(self, now: float) -> None:
        for key, asked in list(self._asked.items()):
            if asked.task.done() and now - asked.at > asked.max_age_s:
                del self._asked[key]


async def history_s(sources: Sources, now: float) -> float:
    """Seconds of history behind the answers; unknown counts as none, never as all."""
    try:
        return await sources.metrics.watched_s(now) or 0.0
    except SourceError:
        return 0.0


async def _or_error(ask: Callable[[], Awaitable[Answer]]) -> Answer | SourceError:
    try:
        return await ask()
    except SourceError as error:
        return error
