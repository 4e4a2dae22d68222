"""Which queues exist on a Redis broker, by its own word: Kombu's bindings (kombu/transport/redis.py, `_queue_bind`).

For each exchange Kombu keeps a set `_kombu.binding.<exchange>` of members `routing key, pattern, queue`, joined by its
separator. Whoever declares a queue, a producer or a worker, puts it there, and it stays when the queue is empty, so
that an empty queue can be told from one that was never declared.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from redis.asyncio import Redis

BINDING_KEY = "_kombu.binding."
MAX_SCANS, KEYS_PER_SCAN = 100, 1_000
"""A broker that shares its Redis with a cache may hold millions of keys: no more than these are gone through."""
MAX_BINDINGS = 2_000
_OWN = re.compile(r"\.pidbox$|^celeryev(\.|$)|^reply\.")
"""Exchanges and queues of Celery's remote control and events: no work waits there."""


@dataclass(frozen=True, slots=True)
class Binding:
    """Messages to `exchange` with this routing key go to `queue`."""

    exchange: str
    routing_key: str
    queue: str


@dataclass(frozen=True, slots=True)
class Bindings:
    """What the broker knows. `complete` is False where it holds more keys than were gone through."""

    bindings: tuple[Binding, ...] = ()
    separator: str | None = None
    """Kombu's separator as the members show it; None where none does."""
    complete: bool = True

    def queues(self) -> tuple[str, ...]:
        """Every declared queue, each once, by name."""
        return tuple(sorted({binding.queue for binding in self.bindings}))

    def queue_of(self, exchange: str, routing_key: str) -> str | None:
        """The queue of a message: an exact binding, else a topic's pattern, else the routing key itself."""
        of_exchange = [binding for binding in self.bindings if binding.exchange == exchange]
        exact = [binding for binding in of_exchange if binding.routing_key == routing_key]
        topics = [binding for binding in of_exchange if topic_matches(binding.routing_key, routing_key)]
        chosen = exact or topics
        return chosen[0].queue if chosen else (routing_key or None)


async def read_bindings(client: Redis, prefix: str, separator: str, names: Collection[str]) -> Bindings:
    """All bindings below `prefix`. Those of exchanges called as `names` are read in any case."""
    keys = {f"{prefix}{BINDING_KEY}{name}".encode() for name in names}
    cursor, complete = 0, False
    pattern = re.sub(r"([*?\[\]\\])", r"\\\1", prefix) + BINDING_KEY + "*"
    for _ in range(MAX_SCANS):
        cursor, page = await client.scan(cursor, match=pattern, count=KEYS_PER_SCAN)
        keys.update(key for key in page if isinstance(key, bytes))
        if cursor == 0:
            complete = True
            break
    ordered = sorted(keys)[:MAX_BINDINGS]
    async with client.pipeline(transaction=False) as pipeline:
        for key in ordered:
            pipeline.smembers(key)
        members = await pipeline.execute(raise_on_error=False)
    start = len(prefix) + len(BINDING_KEY)
    by_exchange = {
        key.decode(errors="replace")[start:]: [member.decode(errors="replace") for member in answer]
        for key, answer in zip(ordered, members, strict=True)
        if isinstance(answer, set | list)
    }
    return parse_bindings(by_exchange.items(), separator, complete=complete)


def parse_bindings(
    exchanges: Iterable[tuple[str, Iterable[str]]], separator: str, *, complete: bool = True
) -> Bindings:
    """Members as they stand in the sets of each exchange; what is of another form is left out."""
    listed = [(exchange, sorted(members)) for exchange, members in exchanges]
    shown = {
        used for exchange, members in listed for member in members if (used := _separator(exchange, member))
    }
    actual = separator if not shown or separator in shown else min(shown)
    bindings = []
    for exchange, members in listed:
        for member in members:
            parts = member.split(actual)
            if len(parts) == 3 and not _OWN.search(exchange) and not _OWN.search(parts[2]):
                bindings.append(Binding(exchange, parts[0], parts[2]))
    return Bindings(tuple(bindings[:MAX_BINDINGS]), actual if shown else None, complete)


def _separator(exchange: str, member: str) -> str | None:
    """Of a member of an exchange, a routing key and a queue of one name: `name` separator separator `name`."""
    if not (exchange and member.startswith(exchange) and member.endswith(exchange)):
        return None
    middle = member[len(exchange) : len(member) - len(exchange)]
    half = middle[: len(middle) // 2]
    return half if half and half * 2 == middle else None


def topic_matches(pattern: str, routing_key: str) -> bool:
    """Whether a topic's pattern takes this key: `*` is one word, `#` any number of them (AMQP 0-9-1)."""
    words, key = pattern.split("."), routing_key.split(".")
    reached = {0}  # how many words of the key the pattern's words so far can have taken
    for word in words:
        if word == "#":
            reached = set(range(min(reached, default=0), len(key) + 1)) if reached else set()
        else:
            reached = {at + 1 for at in reached if at < len(key) and word in ("*", key[at])}
    return len(key) in reached
