"""How much waits on the broker. Celery's queues are Redis lists, one for each priority step (Kombu, Redis transport).

It knows what is in the lists and in `unacked`; it does not know who works on it (`signals.celery.fleet`).
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections import Counter, deque
from typing import TYPE_CHECKING, Any

from core.errors import BadAnswer
from core.message import say
from core.text import clean
from signals.celery.model import Queue, Queues
from signals.connections.redis import SOURCE, answered, open_redis, queue_key, unacked_key
from signals.reading import Series

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from signals.settings import RedisSettings

HISTORY_S = 300.0
"""How far back depths are remembered: long enough to tell a trend, short enough that it is the present one."""
MAX_HISTORY = 60
BINDINGS = "_kombu.binding."
"""Kombu keeps a set of bindings for each exchange: routing key, pattern and queue, with a separator between them."""
SEPARATOR = b"\x06\x16"
MAX_AGE_S = 30.0
"""How long the names of bound queues are believed."""
SCAN_COUNT, MAX_SCANS = 1_000, 50
"""How many keys are looked through for bindings: a broker that is also a cache can hold millions."""
_INTERNAL = re.compile(rb"(?:celeryev|\.pidbox)$")
MAX_UNACKED = 2_000
"""More entries than this are not read: the hash holds whole messages, and reading them all would load the broker."""


class RedisQueues:
    """A `QueueSource`: two round trips a poll, whatever the number of queues."""

    def __init__(self, settings: RedisSettings) -> None:
        self._settings = settings
        self._client: Redis | None = None
        self._tails: dict[str, tuple[bytes, float]] = {}
        self._depths: dict[str, deque[tuple[float, int]]] = {}
        self._names: tuple[tuple[str, ...], float] = ((), 0.0)

    @property
    def name(self) -> str:
        """How the screen calls it."""
        return SOURCE

    async def queues(self) -> Queues:
        """The depth of every queue now, of those that are configured or else bound; raises a `SourceError`."""
        if self._client is None:  # in a thread: the first import of redis takes a while
            self._client = await asyncio.to_thread(open_redis, self._settings)
        async with answered(self._settings.timeout_s):
            return await self._read(self._client)

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.aclose()

    async def _read(self, client: Redis) -> Queues:
        settings = self._settings
        names = settings.queues or await self._bound(client)
        keys = {
            (name, step): queue_key(settings, name, step)
            for name in names
            for step in settings.priority_steps
        }
        async with client.pipeline(transaction=False) as pipeline:
            pipeline.info("memory")
            pipeline.hlen(unacked_key(settings))
            for key in keys.values():
                pipeline.llen(key)
                pipeline.lindex(key, -1)  # type: ignore[no-untyped-call,unused-ignore]  # producers push left
            memory, unacked_count, *lists = await pipeline.execute()
        lengths = dict(zip(keys, map(int, lists[::2]), strict=True))
        tails = dict(zip(keys.values(), lists[1::2], strict=True))
        unacked = await _unacked(client, unacked_key(settings)) if unacked_count <= MAX_UNACKED else None
        now = time.time()
        queues = []
        for name in names:
            by_priority = {step: lengths[name, step] for step in settings.priority_steps}
            waiting = sum(by_priority.values())
            ages = [self._tail_age(keys[name, step], tails, now) for step in settings.priority_steps]
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
            at=now,
            source=self.name,
            eviction_policy=clean(str(policy)) if policy else None,
            used_bytes=memory.get("used_memory"),
            limit_bytes=int(memory.get("maxmemory", 0)) or None,
        )

    async def _bound(self, client: Redis) -> tuple[str, ...]:
        """The queues that Kombu has bound to an exchange, looked for anew now and then; raises `BadAnswer`.

        A queue stays bound when its last worker is gone. Those of events and of remote control are nobody's work.
        """
        names, read_at = self._names
        if names and time.monotonic() - read_at < MAX_AGE_S:
            return names
        keys: set[bytes] = set()
        cursor = 0
        for _ in range(MAX_SCANS):
            match = f"{self._settings.key_prefix}{BINDINGS}*"
            cursor, page = await client.scan(cursor, match=match, count=SCAN_COUNT)
            keys.update(key for key in page if isinstance(key, bytes))  # always: it was opened so
            if cursor == 0:
                break
        else:
            raise BadAnswer(say("queues.too_many_keys", source=self.name))
        async with client.pipeline(transaction=False) as pipeline:
            for key in sorted(key for key in keys if not _INTERNAL.search(key)):
                pipeline.smembers(key)
            exchanges = await pipeline.execute()
        queues = {member.rsplit(SEPARATOR)[-1] for members in exchanges for member in members}
        self._names = tuple(sorted(queue.decode(errors="replace") for queue in queues)), time.monotonic()
        return self._names[0]

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


async def _unacked(client: Redis, key: str) -> Counter[str]:
    """Messages that workers hold, by queue. With Celery's default exchanges the routing key names it."""
    counts: Counter[str] = Counter()
    async for _, entry in client.hscan_iter(key, count=500):
        if (routing_key := routing_key_of(entry)) is not None:
            counts[routing_key] += 1
    return counts


def sent_at(message: bytes) -> float | None:
    """The Unix time that the producer put into a message (`timestamp` in headers or properties), or None."""
    try:
        envelope: Any = json.loads(message)
        for part in ("headers", "properties"):
            value = envelope.get(part, {}).get("timestamp")
            if isinstance(value, int | float) and value > 0:
                return float(value)
    except (ValueError, AttributeError):
        return None  # not Celery's envelope: its age is measured by watching it
    return None


def routing_key_of(entry: bytes) -> str | None:
    """Of an `unacked` entry, which is `[message, exchange, routing_key]`; None when it is not one."""
    try:
        _, _, routing_key = json.loads(entry)
    except (ValueError, TypeError):
        return None
    return routing_key if isinstance(routing_key, str) else None
