"""How much waits on the broker. Celery's queues are Redis lists, one for each priority step (Kombu, Redis transport).

It knows what is in the lists and in `unacked`; it does not know who works on it (`signals.celery.fleet`).
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter, deque
from typing import TYPE_CHECKING, Any

from core.errors import BadAnswer
from core.message import say
from core.text import clean
from signals.celery.bindings import read_bindings
from signals.celery.model import Queue, Queues
from signals.connections.redis import SOURCE, answered, close_redis, open_redis, queue_key, unacked_key
from signals.reading import Series

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from signals.celery.bindings import Bindings
    from signals.settings import RedisSettings

HISTORY_S = 300.0
"""How far back depths are remembered: long enough to tell a trend, short enough that it is the present one."""
MAX_HISTORY = 60
MAX_QUEUES = 200
PRIORITIES = range(10)
"""What Celery's priorities can be: lists that a producer's own steps fill are counted, too."""
BINDINGS_MAX_AGE_S = 30.0
SHARED_S = 1.0
"""Who asks within a second gets the same answer: several ask at a poll, and the history of depths is one."""
MAX_UNACKED = 2_000
"""More entries than this are not read: the hash holds whole messages, and reading them all would load the broker."""


class RedisQueues:
    """A `QueueSource`: two round trips a poll, whatever the number of queues; now and then the broker's bindings."""

    def __init__(self, settings: RedisSettings) -> None:
        self._settings = settings
        self._client: Redis | None = None
        self._latest: tuple[float, asyncio.Future[Queues]] | None = None
        self._bindings: tuple[float, Bindings] | None = None
        self._tails: dict[str, tuple[bytes, float]] = {}
        self._depths: dict[str, deque[tuple[float, int]]] = {}

    @property
    def name(self) -> str:
        """How the screen calls it."""
        return SOURCE

    async def queues(self) -> Queues:
        """The depth of every declared queue now, and the configured ones that are none; raises a `SourceError`."""
        now, latest = time.monotonic(), self._latest
        failed = latest is not None and latest[1].done() and latest[1].exception() is not None
        if latest is None or failed or now - latest[0] > SHARED_S:
            self._latest = latest = (now, asyncio.ensure_future(self._ask()))
        return await asyncio.shield(latest[1])

    async def _ask(self) -> Queues:
        if self._client is None:  # in a thread: the first import of redis takes a while
            self._client = await asyncio.to_thread(open_redis, self._settings)
        async with answered(self._settings.timeout_s):
            return await self._read(self._client)

    async def close(self) -> None:
        """Close the connections."""
        if self._latest is not None:
            self._latest[1].cancel()
            await asyncio.gather(self._latest[1], return_exceptions=True)
            self._latest = None
        if self._client is not None:
            await close_redis(self._client)

    async def _read(self, client: Redis) -> Queues:
        settings = self._settings
        bindings = await self._declared(client)
        names = tuple(dict.fromkeys((*settings.queues, *bindings.queues())))[:MAX_QUEUES]
        steps = sorted({*PRIORITIES, *settings.priority_steps})
        separator = bindings.separator or settings.priority_separator
        keys = {
            (name, step): queue_key(settings.key_prefix, name, step, separator)
            for name in names
            for step in steps
        }
        async with client.pipeline(transaction=False) as pipeline:
            pipeline.info("memory")
            pipeline.hlen(unacked_key(settings))
            for key in keys.values():
                pipeline.llen(key)
                pipeline.lindex(key, -1)  # type: ignore[no-untyped-call,unused-ignore]  # producers push left
            info, unacked_count, *lists = await pipeline.execute(raise_on_error=False)
        memory = (
            info if isinstance(info, dict) else {}
        )  # a user may be let count without being told of the memory
        for refusal in (unacked_count, *lists):
            if isinstance(refusal, Exception):
                raise refusal
        lengths = dict(zip(keys, map(int, lists[::2]), strict=True))
        tails = dict(zip(keys.values(), lists[1::2], strict=True))
        few = unacked_count <= MAX_UNACKED
        unacked = await _unacked(client, unacked_key(settings), bindings) if few else None
        now = time.time()
        queues, undeclared = [], []
        declared = {*bindings.queues(), *(name for (name, _), length in lengths.items() if length)}
        for name in names:
            if name not in declared:
                undeclared.append(clean(name))
                continue
            by_priority = {
                step: lengths[name, step]
                for step in steps
                if step in settings.priority_steps or lengths[name, step]
            }
            waiting = sum(by_priority.values())
            ages = [self._tail_age(keys[name, step], tails, now) for step in steps]
            oldest_s, is_floor = max((age for age in ages if age is not None), default=(None, False))
            queues.append(
                Queue(
                    name=clean(name),
                    waiting=waiting,
                    unacked=None if unacked is None else unacked[name],
                    by_priority=by_priority,
                    oldest_s=oldest_s,
                    oldest_is_floor=is_floor,
                    depths=self._history(name, waiting, now),
                )
            )
        policy = memory.get("maxmemory_policy")
        return Queues(
            queues=tuple(queues),
            undeclared=tuple(undeclared),
            complete=bindings.complete,
            at=now,
            source=self.name,
            eviction_policy=clean(str(policy)) if policy else None,
            used_bytes=memory.get("used_memory"),
            limit_bytes=int(memory.get("maxmemory", 0)) or None,
        )

    async def _declared(self, client: Redis) -> Bindings:
        """The broker's bindings; they change seldom."""
        if self._bindings is None or time.monotonic() - self._bindings[0] > BINDINGS_MAX_AGE_S:
            settings = self._settings
            bindings = await read_bindings(
                client, settings.key_prefix, settings.priority_separator, settings.queues
            )
            if not bindings.complete and not settings.queues:
                raise BadAnswer(say("queues.too_many_keys", source=self.name))
            self._bindings = (time.monotonic(), bindings)
        return self._bindings[1]

    def _history(self, name: str, waiting: int, now: float) -> Series:
        depths = self._depths.setdefault(name, deque(maxlen=MAX_HISTORY))
        depths.append((now, waiting))
        while depths[0][0] < now - HISTORY_S:
            depths.popleft()
        return Series(
            labels=(("queue", clean(name)),),
            times=tuple(at for at, _ in depths),
            values=tuple(float(depth) for _, depth in depths),
        )

    def _tail_age(self, key: str, tails: dict[str, bytes | None], now: float) -> tuple[float, bool] | None:
        """Seconds, and whether that is only a floor: how long the tail has been seen unchanged."""
        tail = tails[key]
        if tail is None:
            self._tails.pop(key, None)
            return None
        if (sent := sent_at(tail)) is not None and sent <= now:
            return now - sent, False
        before = self._tails.get(key)
        if before is None or before[0] != tail:
            self._tails[key] = before = (tail, now)
        return now - before[1], True


async def _unacked(client: Redis, key: str, bindings: Bindings) -> Counter[str]:
    """Messages that workers hold, by queue: the bindings say to which one an exchange and a routing key lead."""
    counts: Counter[str] = Counter()
    async for _, entry in client.hscan_iter(key, count=500):
        route = route_of(entry)
        if route is not None and (queue := bindings.queue_of(*route)) is not None:
            counts[queue] += 1
    return counts


def sent_at(message: bytes) -> float | None:
    """The Unix time that the producer put into a message (`timestamp` in headers or properties), or None."""
    try:
        envelope: Any = json.loads(message)
        for part in ("headers", "properties"):
            value = envelope.get(part, {}).get("timestamp")
            if isinstance(value, int | float) and value > 0:
                return float(value)
    except (ValueError, AttributeError, RecursionError):
        return None  # not Celery's envelope: its age is measured by watching it
    return None


def route_of(entry: bytes) -> tuple[str, str] | None:
    """Exchange and routing key of an `unacked` entry, `[message, exchange, routing_key]`; None when it is not one."""
    try:
        _, exchange, routing_key = json.loads(entry)
    except (ValueError, TypeError, RecursionError):
        return None
    if not isinstance(routing_key, str) or not isinstance(exchange, str | None):
        return None
    return exchange or "", routing_key
