"""How much waits on the broker. Celery's queues are Redis lists, one for each priority step (Kombu, Redis transport).

It knows what is in the lists and in `unacked`; it does not know who works on it (`signals.celery.fleet`).
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter, deque
from typing import TYPE_CHECKING, Any

from core.errors import BadAnswer, Denied, SourceError, TimedOut, Unreachable
from core.message import say
from core.text import clean
from signals.celery.model import Queue, Queues
from signals.connections.http import secret
from signals.reading import Series

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from signals.settings import RedisSettings

DEPTHS_S = 300.0
"""How far back depths are remembered: long enough to tell a trend, short enough that it is the present one."""
MOST_DEPTHS = 60
MAX_UNACKED = 2_000
"""More entries than this are not read: the hash holds whole messages, and reading them all would load the broker."""


class RedisQueues:
    """A `QueueSource`: two round trips a poll, whatever the number of queues."""

    def __init__(self, settings: RedisSettings) -> None:
        self._settings = settings
        self._client: Redis | None = None
        self._tails: dict[str, tuple[bytes, float]] = {}
        self._depths: dict[str, deque[tuple[float, int]]] = {}

    @property
    def name(self) -> str:
        """How the screen calls it."""
        return "redis"

    async def queues(self) -> Queues:
        """The depth of every configured queue now; raises a `SourceError`."""
        if self._client is None:  # in a thread: the first import of redis takes a while
            self._client = await asyncio.to_thread(_open, self._settings)
        import redis.exceptions as failures

        try:
            async with asyncio.timeout(self._settings.timeout_s):
                return await self._look(self._client)
        except (failures.TimeoutError, TimeoutError) as error:
            raise TimedOut(
                say("signals.timed_out", source=self.name, seconds=self._settings.timeout_s)
            ) from error
        except (failures.AuthenticationError, failures.NoPermissionError) as error:
            raise Denied(say("queues.denied", source=self.name, detail=clean(str(error)))) from error
        except (failures.ConnectionError, OSError) as error:
            raise Unreachable(
                say("signals.unreachable", source=self.name, detail=clean(str(error)))
            ) from error
        except failures.RedisError as error:
            raise self._bad(str(error)) from error
        except (AttributeError, TypeError, ValueError, LookupError) as error:
            # It speaks the protocol, but answers what nobody asked: the client believes it and stumbles.
            raise self._bad(f"{type(error).__name__}: {error}") from error

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.aclose()

    async def _look(self, client: Redis) -> Queues:
        steps, names = self._settings.priority_steps, self._settings.queues
        keys = [self._key(name, step) for name in names for step in steps]
        unacked_key = self._settings.key_prefix + "unacked"
        async with client.pipeline(transaction=False) as pipeline:
            pipeline.info("memory")
            pipeline.hlen(unacked_key)
            for key in keys:
                pipeline.llen(key)
                pipeline.lindex(key, -1)  # type: ignore[no-untyped-call,unused-ignore]  # producers push left
            memory, held, *lists = await pipeline.execute()
        lengths = dict(zip(keys, lists[::2], strict=True))
        tails = dict(zip(keys, lists[1::2], strict=True))
        unacked = await self._unacked(client, unacked_key) if held <= MAX_UNACKED else None
        now = time.time()
        found = []
        for name in names:
            by_priority = {step: int(lengths[self._key(name, step)]) for step in steps}
            oldest = [self._age(self._key(name, step), tails, now) for step in steps]
            known = [age for age in oldest if age is not None]
            age, is_floor = max(known, default=(None, False))
            waiting = sum(by_priority.values())
            count = None if unacked is None else unacked[name]
            depths = self._remember(name, waiting, now)
            found.append(Queue(clean(name), waiting, count, by_priority, age, is_floor, depths=depths))
        limit = int(memory.get("maxmemory", 0)) or None
        policy = memory.get("maxmemory_policy")
        return Queues(
            tuple(found),
            now,
            self.name,
            clean(str(policy)) if policy else None,
            memory.get("used_memory"),
            limit,
        )

    def _remember(self, name: str, waiting: int, now: float) -> Series:
        kept = self._depths.setdefault(name, deque(maxlen=MOST_DEPTHS))
        kept.append((now, waiting))
        while kept[0][0] < now - DEPTHS_S:
            kept.popleft()
        return Series(
            (("queue", clean(name)),), tuple(at for at, _ in kept), tuple(float(n) for _, n in kept)
        )

    def _key(self, queue: str, step: int) -> str:
        suffix = f"{self._settings.priority_separator}{step}" if step else ""
        return f"{self._settings.key_prefix}{queue}{suffix}"

    def _age(self, key: str, tails: dict[str, bytes | None], now: float) -> tuple[float, bool] | None:
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

    async def _unacked(self, client: Redis, key: str) -> Counter[str]:
        """Messages that workers hold, by queue. With Celery's default exchanges the routing key names it."""
        counts: Counter[str] = Counter()
        async for _, entry in client.hscan_iter(key, count=500):
            routing_key = held_for(entry)
            if routing_key is not None:
                counts[routing_key] += 1
        return counts

    def _bad(self, detail: str) -> SourceError:
        return BadAnswer(say("signals.bad_answer", source=self.name, detail=clean(detail)))


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


def held_for(entry: bytes) -> str | None:
    """The routing key of an `unacked` entry, which is `[message, exchange, routing_key]`; None when it is not one."""
    try:
        _, _, routing_key = json.loads(entry)
    except (ValueError, TypeError):
        return None
    return routing_key if isinstance(routing_key, str) else None


def _open(settings: RedisSettings) -> Redis:
    from redis.asyncio import Redis

    password = secret(None, settings.password_file)
    try:
        return Redis.from_url(settings.url.get_secret_value(), password=password)  # one in the URL goes first
    except ValueError:  # its words may hold a part of the URL, and with it the password
        raise Unreachable(say("queues.bad_url", source="redis")) from None
