"""Asks each question once a look, and one about a long window only as often as its answer can change."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from core.errors import SourceError
from signals.reading import Answer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from signals.metrics.model import MetricSource

ONE_LOOK_S = 0.5
"""Equal questions within one look get one answer."""
NAMES_S = 30.0
FORGOTTEN_S = 1800.0


class Questions:
    """Puts PromQL to a source. An answer with series may be kept; an error never, and silence only for who says so.

    What is kept is thrown away when another source answers: its numbers are not comparable.
    """

    def __init__(self, metrics: MetricSource) -> None:
        self._metrics = metrics
        self._kept: dict[str, tuple[float, asyncio.Task[Answer | SourceError]]] = {}
        self._names: tuple[float, frozenset[str]] | None = None

    async def instant(
        self, expr: str, keep_s: float = 0.0, *, silence_s: float = 0.0
    ) -> Answer | SourceError:
        """The value now, or one that is at most `keep_s` old (`silence_s` when it is empty); its own time is in it."""
        return await self._once(expr, keep_s, silence_s, lambda: self._metrics.query(expr))

    async def span(
        self, expr: str, start: float, end: float, step: float, keep_s: float = 0.0
    ) -> Answer | SourceError:
        """The values from `start` to `end`; the past does not change, so the same range is not asked twice within `keep_s`."""
        key = f"{expr}\n{start} {end} {step}"
        return await self._once(
            key, keep_s, keep_s, lambda: self._metrics.query_range(expr, start, end, step)
        )

    async def names(self) -> frozenset[str]:
        """Every metric name that the source knows, at most half a minute old. Raises `SourceError`."""
        now = time.monotonic()
        if self._names is None or now - self._names[0] > NAMES_S:
            self._names = (now, await self._metrics.metric_names())
        return self._names[1]

    async def close(self) -> None:
        """Stop waiting for answers that nobody waits for any more."""
        tasks = [task for _, task in self._kept.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _once(
        self, key: str, keep_s: float, silence_s: float, ask: Callable[[], Awaitable[Answer]]
    ) -> Answer | SourceError:
        now = time.monotonic()
        kept = self._kept.get(key)
        if kept is None or now - kept[0] > self._worth(kept[1], keep_s, silence_s):
            self._forget(now)
            kept = self._kept[key] = (now, asyncio.create_task(_or_error(ask)))
        return await asyncio.shield(kept[1])

    def _worth(self, task: asyncio.Task[Answer | SourceError], keep_s: float, silence_s: float) -> float:
        """How long this answer may be used again."""
        if not task.done():
            return max(keep_s, ONE_LOOK_S)
        if task.cancelled() or task.exception() is not None:
            return 0.0
        answer = task.result()
        if not isinstance(answer, Answer) or answer.source != self._metrics.name:
            return ONE_LOOK_S
        return max(keep_s if answer.series else silence_s, ONE_LOOK_S)

    def _forget(self, now: float) -> None:
        for key in [key for key, (at, task) in self._kept.items() if task.done() and now - at > FORGOTTEN_S]:
            del self._kept[key]


async def _or_error(ask: Callable[[], Awaitable[Answer]]) -> Answer | SourceError:
    try:
        return await ask()
    except SourceError as error:
        return error
