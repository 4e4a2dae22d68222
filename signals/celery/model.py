"""Queues on the broker and the workers that consume them, and what their sources promise (see `signals.metrics.model`)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.message import Message
    from signals.reading import Series


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """One Celery queue on the broker.

    `waiting` counts all priority sub-lists, which `by_priority` tells apart; `unacked` the messages of this queue that
    workers hold (running, prefetched or delayed), None when the broker can't tell. `oldest_s` is the age of the oldest
    waiting message where a time is in it, else how long the tail has not changed (`oldest_is_floor`). `depths` is what
    `waiting` was in the last minutes, as often as it was asked.
    """

    name: str
    waiting: int
    unacked: int | None
    by_priority: Mapping[int, int]
    oldest_s: float | None
    oldest_is_floor: bool
    depths: Series | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Queues:
    """Every queue that exists on the broker at one moment.

    `undeclared` are configured names that nobody has declared there: another database, key prefix or name is meant, or no
    worker and no producer has come yet. Their depth is not known; it is not 0.

    The broker's memory (`limit_bytes` is None where it has no limit) and its eviction policy tell whether it can lose
    messages.
    """

    queues: tuple[Queue, ...]
    undeclared: tuple[str, ...] = ()
    complete: bool = True
    """False where the broker holds too many keys to find every queue: there may be more."""
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """One Celery worker as far as evidence goes. `last_seen` is Unix seconds; None is what was never heard."""

    name: str
    state: WorkerState
    evidence: Message
    last_seen: float | None
    queues: tuple[str, ...]
    pool_size: int | None
    active: int | None
    reserved: int | None
    oldest_active_s: float | None
    rate_limits: Mapping[str, str]
    signed_off: bool = False
    """It said that it ends: its silence means that it is gone."""


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
