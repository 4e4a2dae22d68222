"""Who answers when the first does not: sources in their configured order, each switch announced once."""

from __future__ import annotations

import asyncio
import sys
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from core.errors import BadQuery, CircuitOpen, SourceError, Unreachable
from core.message import say
from signals.source import AlertState, Notice

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from signals.alerts.alertmanager import AlertmanagerSource
    from signals.reading import Answer
    from signals.settings import SignalsSettings
    from signals.source import Alerts, AlertSource, MetricSource

T = TypeVar("T")

HISTORY_LIMIT_S, HISTORY_POINTS = 30 * 86_400.0, 120
"""The longest window that a panel asks for, looked at every six hours, then three minutes, then one second and a half."""
HISTORY_KEPT_S = 300.0


@dataclass(slots=True)
class Circuit:
    """Closed until `limit` failures in a row, then open for `rest_s`; then one question may try (half open)."""

    limit: int
    rest_s: float
    failures: int = 0
    open_until: float = 0.0

    def refuses(self, now: float) -> float:
        """Seconds until the next try; 0 when one may be made now."""
        return max(0.0, self.open_until - now)

    def failed(self, now: float) -> None:
        """Count a failure; at the limit the circuit opens."""
        self.failures += 1
        if self.failures >= self.limit:
            self.open_until = now + self.rest_s

    def answered(self) -> None:
        """Close the circuit."""
        self.failures, self.open_until = 0, 0.0


class Breaker:
    """A source's circuit: asks it, or says why it is not asked now."""

    def __init__(self, name: str, settings: SignalsSettings, *, remote: bool) -> None:
        self._name = name
        self._circuit = Circuit(settings.breaker_failures if remote else sys.maxsize, settings.breaker_rest_s)
        self._last: SourceError | None = None

    async def ask(self, ask: Callable[[], Awaitable[T]]) -> T:
        """The answer. Raises the source's `SourceError`, or `CircuitOpen` with the last one's words.

        A `BadQuery` is an answer too: the source is there.
        """
        wait = self._circuit.refuses(time.monotonic())
        if wait and self._last is not None:
            raise CircuitOpen(
                say(
                    "signals.circuit_open",
                    source=self._name,
                    failures=self._circuit.failures,
                    seconds=round(wait),
                    detail=self._last.message,
                )
            )
        try:
            answer = await ask()
        except BadQuery:
            self._circuit.answered()
            raise
        except SourceError as error:
            self._circuit.failed(time.monotonic())
            self._last = error
            raise
        self._circuit.answered()
        return answer


class Failover:
    """A `MetricSource` that asks its sources in order."""

    def __init__(
        self, sources: Sequence[MetricSource], settings: SignalsSettings, notice: Callable[[Notice], None]
    ) -> None:
        self._sources = sources
        self._breakers = {
            source.name: Breaker(source.name, settings, remote=source.remote) for source in sources
        }
        self._notice = notice
        self._history: tuple[str, float, float] | None = None  # whose, when asked, since when
        self._looking_back = asyncio.Lock()
        self.active = sources[0].name if sources else ""

    @property
    def name(self) -> str:
        """The source that answered last."""
        return self.active

    @property
    def remote(self) -> bool:
        """Whether any of its sources is."""
        return any(source.remote for source in self._sources)

    async def instant(self, expr: str, at: float | None = None) -> Answer:
        """The first answer; a `BadQuery` is an answer too."""
        return await self._first(lambda source: source.instant(expr, at))

    async def span(self, expr: str, start: float, end: float, step: float) -> Answer:
        """The first answer to a range query."""
        return await self._first(lambda source: source.span(expr, start, end, step))

    async def look_back(self, expr: str, start: float, end: float, step: float) -> Answer:
        """A range query of the active source that says nothing of its health: a month may be slow where now is not.

        Neither its failure nor its success moves the circuit breaker or switches the source.
        """
        source = next((one for one in self._sources if one.name == self.active), None)
        if source is None:
            raise Unreachable(say("signals.no_source"))
        return await source.span(expr, start, end, step)

    async def metric_names(self) -> frozenset[str]:
        """The names that the first answering source knows."""
        return await self._first(lambda source: source.metric_names())

    async def history_s(self, now: float) -> float:
        """How far back (s, at most 30 d) the active source knows anything at all, to a few seconds.

        A window longer than this is not whole, whatever number comes back for it. Three range queries over `up`, asked
        anew every five minutes.
        """
        async with self._looking_back:  # the panels ask all at once, and one answer does for all
            if (
                self._history is None
                or self._history[0] != self.active
                or now - self._history[1] > HISTORY_KEPT_S
            ):
                since = now
                for span_s in (HISTORY_LIMIT_S / HISTORY_POINTS**power for power in range(3)):
                    answer = await self.span("count(up)", since - span_s, since, span_s / HISTORY_POINTS)
                    since = min((series.times[0] for series in answer.series), default=since)
                self._history = (self.active, now, since)
            return now - self._history[2]

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


class AlertFailover:
    """An `AlertSource`: the first of its sources that answers, with the silences of an Alertmanager laid over it."""

    def __init__(
        self,
        sources: Sequence[AlertSource],
        settings: SignalsSettings,
        notice: Callable[[Notice], None],
        silencer: AlertmanagerSource | None = None,
    ) -> None:
        self._sources = sources
        self._silencer = silencer
        # Each has its own, so that an Alertmanager that hangs does not hold up every look at the alerts.
        self._breakers = {
            source.name: Breaker(source.name, settings, remote=source.remote)
            for source in (*sources, silencer)
            if source
        }
        self._notice = notice
        self.name = sources[0].name
        self.remote = any(source.remote for source in sources)

    async def alerts(self) -> Alerts:
        """The first answer; when none comes, the first source's error."""
        problem: SourceError | None = None
        for source in self._sources:
            try:
                found = await self._breakers[source.name].ask(source.alerts)
            except SourceError as error:
                problem = problem or error
                continue
            self._switch(source.name, problem)
            return found if source is self._silencer else await self._silenced(found)
        raise problem or Unreachable(say("signals.no_source"))

    def _switch(self, name: str, problem: SourceError | None) -> None:
        if name == self.name:
            return
        self.name = name
        if problem is not None:
            message = say("signals.alerts_switched", source=name, detail=problem.message)
        else:
            message = say("signals.alerts_back", source=name)
        self._notice(Notice(time.time(), message))

    async def _silenced(self, found: Alerts) -> Alerts:
        """Without an answer about silences every alert stays as loud as it is, and the gap is named."""
        if self._silencer is None or not found.alerts:
            return found
        try:
            silences = await self._breakers[self._silencer.name].ask(self._silencer.silences)
        except SourceError as error:
            return replace(found, broken=(*found.broken, (self._silencer.name, error.message)))
        marked = (
            replace(alert, state=AlertState.SILENCED)
            if any(silence.covers(alert.labels) for silence in silences)
            else alert
            for alert in found.alerts
        )
        return replace(found, alerts=tuple(marked))
