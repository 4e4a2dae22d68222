"""Circuit breakers: a source that fails again and again is left alone for a while, and says why it is not asked."""

from __future__ import annotations

import asyncio
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from core.errors import BadQuery, CircuitOpen, SourceError
from core.message import say

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from core.message import Message
    from signals.settings import SignalsSettings

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that a person must be told although nobody asked: a switch of source, a circuit opening."""

    at: float
    message: Message


@dataclass(slots=True)
class Circuit:
    """Closed until `limit` failures in a row, then open for `rest_s`; then one question may try again (half open).

    Questions that are on their way at the same time fail as one: a board asks dozens at once, and a single moment in
    which the source is away, or this machine busy, must not look like dozens in a row.
    """

    limit: int
    rest_s: float
    failures: int = 0
    open_until: float = 0.0
    counted_at: float = float("-inf")
    """When the last failure was counted, or the source last answered."""

    @property
    def has_opened(self) -> bool:
        """Whether the source has not answered since it was left alone."""
        return self.failures >= self.limit

    def retry_in_s(self, now: float) -> float:
        """Seconds until the next try; 0 when one may be made now."""
        return max(0.0, self.open_until - now)

    def record_failure(self, now: float, asked_at: float) -> None:
        """Count a failure of a question that was put after the last counted one; at the limit the circuit opens."""
        if asked_at < self.counted_at:
            return
        self.counted_at = now
        self.failures += 1
        if self.has_opened:
            self.open_until = now + self.rest_s

    def record_success(self, now: float) -> None:
        """Close the circuit; a question that was put before and fails later says nothing of now."""
        self.failures, self.open_until, self.counted_at = 0, 0.0, now


class Breaker:
    """A source's circuit: asks it, or says why it is not asked now."""

    def __init__(self, name: str, settings: SignalsSettings, *, remote: bool) -> None:
        self._name = name
        self._circuit = Circuit(settings.breaker_failures if remote else sys.maxsize, settings.breaker_rest_s)
        self._last_error: SourceError | None = None
        self._probe: asyncio.Event | None = None

    async def ask(self, ask: Callable[[], Awaitable[T]]) -> T:
        """The answer. Raises the source's `SourceError`, or `CircuitOpen` with the last one's words.

        A `BadQuery` is an answer too: the source is there. After a rest the first question is a probe, and those that
        come meanwhile wait for what becomes of it: a source that comes back slowly must not be met by all at once.
        """
        while self._probe is not None:
            await self._probe.wait()
        asked_at = time.monotonic()
        wait_s = self._circuit.retry_in_s(asked_at)
        if wait_s and self._last_error is not None:
            raise CircuitOpen(
                say(
                    "signals.circuit_open",
                    source=self._name,
                    failures=self._circuit.failures,
                    seconds=round(wait_s),
                    detail=self._last_error.message,
                )
            )
        if not self._circuit.has_opened:
            return await self._asked(ask, asked_at)
        probe = self._probe = asyncio.Event()
        try:
            return await self._asked(ask, asked_at)
        finally:
            self._probe = None
            probe.set()

    async def _asked(self, ask: Callable[[], Awaitable[T]], asked_at: float) -> T:
        try:
            answer = await ask()
        except BadQuery:
            self._circuit.record_success(time.monotonic())
            raise
        except SourceError as error:
            self._circuit.record_failure(time.monotonic(), asked_at)
            self._last_error = error
            raise
        self._circuit.record_success(time.monotonic())
        return answer
