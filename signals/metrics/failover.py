"""Who answers when the first does not: sources in their configured order, each switch announced once."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from core.errors import BadQuery, SourceError, Unreachable
from core.message import say
from signals.connections.breaker import Breaker, Notice
from signals.metrics.model import TargetSource, WatchingSource

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from signals.metrics.model import MetricSource, Target
    from signals.reading import Answer
    from signals.settings import SignalsSettings

T = TypeVar("T")

HISTORY_LIMIT_S, HISTORY_POINTS = 32 * 86_400.0, 120
"""More than the longest window that a panel asks for (a month of 31 days, whose clocks go back), looked at every six hours,
then three minutes, then one second and a half."""
HISTORY_MAX_AGE_S, NO_HISTORY_MAX_AGE_S = 300.0, 5.0


class _History(NamedTuple):
    """Since when a source knows anything, as it was found at `asked_at` (Unix seconds); None where it has no `up`."""

    source: str
    asked_at: float
    since: float | None

    @property
    def max_age_s(self) -> float:
        """The first scrape comes soon."""
        return HISTORY_MAX_AGE_S if self.since is not None else NO_HISTORY_MAX_AGE_S


class MetricFailover:
    """A `MetricSource` that asks its sources in order."""

    def __init__(
        self, sources: Sequence[MetricSource], settings: SignalsSettings, notice: Callable[[Notice], None]
    ) -> None:
        self._sources = sources
        self._breakers = {
            source.name: Breaker(source.name, settings, remote=source.remote) for source in sources
        }
        self._notice = notice
        self._history: _History | None = None
        self._history_lock = asyncio.Lock()
        self.preferred = sources[0].name if sources else ""
        """The source that is asked first."""
        self.active = self.preferred

    @property
    def name(self) -> str:
        """The source that answered last."""
        return self.active

    @property
    def remote(self) -> bool:
        """Whether any of its sources is."""
        return any(source.remote for source in self._sources)

    async def query(self, expr: str, at: float | None = None) -> Answer:
        """The first answer; a `BadQuery` is an answer too."""
        return await self._first(lambda source: source.query(expr, at))

    async def query_range(self, expr: str, start: float, end: float, step: float) -> Answer:
        """The first answer to a range query."""
        return await self._first(lambda source: source.query_range(expr, start, end, step))

    async def query_range_unguarded(self, expr: str, start: float, end: float, step: float) -> Answer:
        """A range query of the active source that says nothing of its health: a month may be slow where now is not.

        Neither its failure nor its success moves the circuit breaker or switches the source.
        """
        source = next((source for source in self._sources if source.name == self.active), None)
        if source is None:
            raise Unreachable(say("signals.no_source"))
        return await source.query_range(expr, start, end, step)

    async def metric_names(self) -> frozenset[str]:
        """The names that the first answering source knows."""
        return await self._first(lambda source: source.metric_names())

    async def has_had(self, metric: str) -> bool:
        """Whether the first answering source has any sample of it, however old."""
        return await self._first(lambda source: source.has_had(metric))

    async def targets(self) -> tuple[Target, ...]:
        """What the active source scrapes; nothing where it does not know. Raises its error."""
        for source in self._sources:
            if source.name == self.active and isinstance(source, TargetSource):
                return await source.targets()
        return ()

    async def watched_s(self, now: float) -> float | None:
        """How far back (s, at most 32 d) the active source knows anything at all, to a few seconds.

        A window longer than this is not whole, whatever number comes back for it. Of a server it is what three range
        queries over `up` find, asked anew every five minutes; None where it has no `up`.
        """
        for source in self._sources:
            if source.name == self.active and isinstance(source, WatchingSource):
                return await source.watched_s(now)
        async with self._history_lock:  # the panels ask all at once, and one answer does for all
            history = self._history
            if history is None or history.source != self.active or now - history.asked_at > history.max_age_s:
                since, has_up = now, False
                for window_s in (HISTORY_LIMIT_S / HISTORY_POINTS**power for power in range(3)):
                    step_s = window_s / HISTORY_POINTS
                    answer = await self.query_range("count(up)", since - window_s, since, step_s)
                    since = min((series.times[0] for series in answer.series), default=since)
                    has_up = has_up or bool(answer.series)
                history = self._history = _History(self.active, now, since if has_up else None)
            return None if history.since is None else max(0.0, now - history.since)

    async def _first(self, ask: Callable[[MetricSource], Awaitable[T]]) -> T:
        problem: SourceError | None = None
        for source in self._sources:
            try:
                answer = await self._breakers[source.name].ask(lambda source=source: ask(source))  # type: ignore[misc]  # mypy infers no default of a lambda
            except BadQuery:
                raise
            except SourceError as error:
                problem = error
                continue
            self._switch(source.name, problem)
            return answer
        raise problem or Unreachable(say("signals.no_source"))

    def _switch(self, name: str, problem: SourceError | None) -> None:
        if name == self.active:
            return
        self.active = name
        if problem is not None:
            self._notice(Notice(time.time(), say("signals.switched", source=name, detail=problem.message)))
        else:
            self._notice(Notice(time.time(), say("signals.back", source=name)))
