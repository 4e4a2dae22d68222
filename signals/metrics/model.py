"""What every source of metrics promises, and what is known of a scrape target.

The methods of a source are coroutines that never block the loop for more than a few milliseconds, honour their own
timeout, raise a `SourceError` and nothing else, and return text that is already cleaned.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from core.message import Message
    from signals.reading import Answer


NEVER_S = 29 * 86_400.0
"""A source that knows a month, as much as is asked about, may say “never”; one that knows less says in how long."""


class MetricSource(Protocol):
    """Something that answers PromQL."""

    @property
    def name(self) -> str:
        """The name that the configuration and the screen give it."""
        ...

    @property
    def remote(self) -> bool:
        """Whether a question goes over the wire; one that does not needs no circuit breaker."""
        ...

    async def query(self, expr: str, at: float | None = None) -> Answer:
        """The value of `expr` at `at` (Unix seconds; None is now)."""
        ...

    async def query_range(self, expr: str, start: float, end: float, step: float) -> Answer:
        """The values of `expr` from `start` to `end`, every `step` seconds (a matrix)."""
        ...

    async def metric_names(self) -> frozenset[str]:
        """Every metric name that it knows now."""
        ...

    async def has_had(self, metric: str) -> bool:
        """Whether it has any sample of this metric, however old: only what it never had was never exported."""
        ...


@runtime_checkable
class WatchingSource(Protocol):
    """A source of metrics of which one knows how far back it has looked: what it never had may be older."""

    async def watched_s(self, now: float) -> float | None:
        """Seconds up to `now` (Unix seconds) of which it knows anything; None where nobody can say."""
        ...


@dataclass(frozen=True, slots=True)
class Target:
    """An exporter as whoever scrapes it sees it; `error` is what its last scrape said, None when it went well."""

    instance: str
    job: str
    up: bool
    error: Message | None


@runtime_checkable
class TargetSource(Protocol):
    """A source of metrics that knows what is scraped."""

    async def targets(self) -> tuple[Target, ...]:
        """Every exporter, with what its last scrape said."""
        ...
