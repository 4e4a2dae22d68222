"""What every kind of source promises, so that panels and tests can swap the wire.

All methods are coroutines that never block the loop for more than a few milliseconds, honour their own
timeout, raise a `SourceError` and nothing else, and return text that is already cleaned.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.message import Message
    from signals.reading import Answer, Series


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

    async def instant(self, expr: str, at: float | None = None) -> Answer:
        """The value of `expr` at `at` (Unix seconds; None is now)."""
        ...

    async def span(self, expr: str, start: float, end: float, step: float) -> Answer:
        """The values of `expr` from `start` to `end`, every `step` seconds (a matrix)."""
        ...

    async def metric_names(self) -> frozenset[str]:
        """Every metric name that it knows now."""
        ...


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that a person must be told although nobody asked: a switch of source, a circuit opening."""

    at: float
    message: Message


class AlertState(StrEnum):
    FIRING = "firing"
    PENDING = "pending"
    SILENCED = "silenced"


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert instance. `since` is when it became active (Unix seconds)."""

    name: str
    state: AlertState
    severity: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    since: float
    value: float | None
    expr: str
    source: str


@dataclass(frozen=True, slots=True)
class Alerts:
    """All active alerts; `rules` counts the rules that were evaluated, `broken` names those that could not be."""

    alerts: tuple[Alert, ...]
    rules: int
    broken: tuple[tuple[str, Message], ...]
    at: float
    source: str


@dataclass(frozen=True, slots=True)
class AlertRule:
    """One alert rule. `for_s` is how long it has to hold before it fires; `place` is its file, or who evaluates it.

    `evaluated`: whether that happened at least once; `error` is what the last evaluation said, empty when it went well.
    """

    name: str
    expr: str
    for_s: float
    place: str
    evaluated: bool = True
    error: str = ""


class AlertSource(Protocol):
    """Something that knows which alerts are active."""

    @property
    def name(self) -> str: ...

    @property
    def remote(self) -> bool: ...

    async def alerts(self) -> Alerts: ...


@dataclass(frozen=True, slots=True)
class Target:
    """An exporter as its Prometheus sees it; `error` is what its last scrape said, empty when it went well."""

    instance: str
    job: str
    up: bool
    error: str


@dataclass(frozen=True, slots=True)
class Queue:
    """One Celery queue on the broker.

    `waiting` counts all priority sub-lists; `unacked` the messages of this queue that workers hold (running,
    prefetched or delayed), None when the broker can't tell. `oldest_s` is the age of the oldest waiting message
    where a time is in it, else how long the tail has not changed (`oldest_is_floor`).
    """

    name: str
    waiting: int
    unacked: int | None
    by_priority: Mapping[int, int]
    oldest_s: float | None
    oldest_is_floor: bool
    paused: bool = False
    depths: Series | None = None
    """What `waiting` was in the last minutes, as often as it was asked."""


@dataclass(frozen=True, slots=True)
class Queues:
    """Every known queue at one moment. `memory` and `evicts` warn of a broker that can lose messages."""

    queues: tuple[Queue, ...]
    at: float
    source: str
    eviction_policy: str | None
    used_bytes: int | None
    limit_bytes: int | None


class QueueSource(Protocol):
    """Something that can look into the broker."""

    @property
    def name(self) -> str: ...

    async def queues(self) -> Queues: ...


class WorkerState(StrEnum):
    """Evidence-based (operations facts §4): silence alone is never death."""

    WORKING = "working"
    IDLE = "idle"
    BUSY = "busy"  # no answer, but events or young unacknowledged messages
    STUCK = "stuck"  # a task is older than its limit, or pings but finishes nothing while its queue grows
    UNKNOWN = "unknown"  # nothing heard: last seen …


@dataclass(frozen=True, slots=True)
class Worker:
    """One Celery worker as far as evidence goes. Times are Unix seconds; None means never seen."""

    name: str
    state: WorkerState
    evidence: Message
    last_seen: float | None
    last_finished: float | None
    queues: tuple[str, ...]
    pool_size: int | None
    active: int | None
    reserved: int | None
    oldest_active_s: float | None
    finished_per_min: float | None
    rate_limits: Mapping[str, str]
    started_per_min: Mapping[str, float] | None = None
    """By queue: how fast it takes messages; None when that is not known."""


@dataclass(frozen=True, slots=True)
class Fleet:
    """All workers seen since the program started, dead-looking ones included."""

    workers: tuple[Worker, ...]
    at: float
    source: str


class FleetSource(Protocol):
    """Something that follows Celery workers."""

    @property
    def name(self) -> str: ...

    async def fleet(self) -> Fleet: ...


@dataclass(frozen=True, slots=True)
class Blocker:
    """A session that makes others wait. `open_s` is the age of its transaction."""

    pid: int
    user: str
    application: str
    state: str
    open_s: float | None
    waiting_pids: tuple[int, ...]
    query: str


class Drift(StrEnum):
    """Where the database's revision stands against the scripts."""

    CURRENT = "current"
    BEHIND = "behind"
    AHEAD = "ahead"  # the database names a revision that the scripts do not know
    UNVERSIONED = "unversioned"  # no alembic_version table, or an empty one
    BRANCHED = "branched"


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """What the database really is, by its own word. `missing` and `unexpected` name tables, columns and indexes in plain form.

    `tables` and `indexes` are all there are outside of the system's own; an invalid index counts as none.
    """

    revisions: tuple[str, ...]
    missing: tuple[str, ...]
    unexpected: tuple[str, ...]
    invalid_indexes: tuple[str, ...]
    blockers: tuple[Blocker, ...]
    connections: int
    connection_limit: int
    address: str
    at: float
    source: str
    tables: tuple[str, ...] = ()
    indexes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema(Database):
    """The database beside the scripts that make it."""

    heads: tuple[str, ...]
    drift: Drift


class SchemaSource(Protocol):
    """Something that can look at the service's database."""

    @property
    def name(self) -> str: ...

    async def schema(self) -> Schema: ...
