"""A queue as its broker has it: how many messages wait, setting them aside and putting them back, what comes in.

On Redis a queue is lists, which scripts move as a whole. On RabbitMQ messages can only be consumed: there a hold is that
nobody consumes, nothing stands aside, and what would need a copy (purge, going through what waits) is refused. Any other
broker is refused by its name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol

from actions.errors import ActionRefused
from actions.queues.inflow import Sight, look
from actions.queues.lists import HELD, Lists
from actions.queues.set_aside import put_back, set_aside
from core.message import say
from core.text import clean
from signals.celery.bindings import read_bindings
from signals.connections.redis_address import REDIS_SCHEMES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from redis.asyncio import Redis

    from actions.model import Context
    from actions.queues.set_aside import QueueLists

AMQP_SCHEMES = ("amqp", "amqps", "pyamqp")


class BrokerQueue(Protocol):
    """One queue, for one purpose. All of it raises a `SourceError` or `ActionRefused`."""

    @property
    def has_copies(self) -> bool:
        """Whether messages can be set aside at all."""

    def count(self) -> tuple[int, int]:
        """How many wait, and how many are aside."""

    def set_aside(self) -> int:
        """Move what waits aside; gives how many."""

    def put_back(self, oldest: int | None = None) -> int:
        """Move it back, before all that came in meanwhile; gives how many."""

    def sight(self) -> Mapping[str, Sight]:
        """One look, for `inflow.watch`."""


def broker_kind(context: Context) -> Literal["redis", "amqp"]:
    """Which broker Celery has; raises `ActionRefused` for one that is neither."""
    celery = context.signals.celery
    url = celery.broker_url if celery is not None else None
    scheme = "" if url is None else url.get_secret_value().partition(":")[0]
    if not scheme or scheme in REDIS_SCHEMES:
        return "redis"
    if scheme in AMQP_SCHEMES:
        return "amqp"
    raise ActionRefused(say("actions_queues.broker_refused", scheme=clean(scheme, 40)))


def open_queue(context: Context, queue: str, purpose: str = HELD) -> BrokerQueue:
    """The queue on the broker that is configured."""
    if broker_kind(context) == "redis":
        return RedisQueue(context, queue, purpose)
    return AmqpQueue(context, queue)


def redis_only(context: Context, what: str) -> None:
    """For what RabbitMQ has no way to do; raises `ActionRefused` that names it."""
    if broker_kind(context) != "redis":
        raise ActionRefused(say("actions_queues.amqp_refused", what=what))


def declared_queues(named: Iterable[str], context: Context) -> tuple[str, ...]:
    """Those that are named; without any all that somebody knows: the workers, the configuration, and Redis by its bindings.

    A Redis that evicts keys may have lost a binding while messages wait.
    """
    if names := tuple(named):
        return names
    answers = context.workers.ask("active_queues").values()
    consumed = {str(entry["name"]) for queues in answers for entry in queues or ()}
    if broker_kind(context) == "amqp":
        return tuple(sorted(consumed))
    settings = context.signals.redis
    if settings is None:
        raise ActionRefused(say("actions.not_configured", section="signals.redis"))

    async def bound(client: Redis) -> tuple[str, ...]:
        known = await read_bindings(client, settings.key_prefix, settings.priority_separator, settings.queues)
        return known.queues()

    return tuple(sorted({*context.redis.ask(bound), *settings.queues, *consumed}))


class RedisQueue:
    """Lists."""

    has_copies = True

    def __init__(self, context: Context, queue: str, purpose: str) -> None:
        self._redis, self._lists = context.redis, Lists(context, queue, purpose)
        self._found: QueueLists | None = None

    def count(self) -> tuple[int, int]:
        """At one moment."""
        return self._redis.ask(self._lists.count)

    def set_aside(self) -> int:
        """In one script."""

        async def work(client: Redis) -> int:
            return await set_aside(client, await self._lists.find(client))

        return self._redis.ask(work)

    def put_back(self, oldest: int | None = None) -> int:
        """In one script."""

        async def work(client: Redis) -> int:
            return await put_back(client, await self._lists.find(client), oldest=oldest)

        return self._redis.ask(work)

    def sight(self) -> Mapping[str, Sight]:
        """All lists; which they are is asked once."""

        async def work(client: Redis) -> Mapping[str, Sight]:
            self._found = self._found or await self._lists.find(client)
            return await look(client, self._found)

        return self._redis.ask(work)


class AmqpQueue:
    """Counted by RabbitMQ itself; what waits stays where it is, in order."""

    has_copies = False

    def __init__(self, context: Context, queue: str) -> None:
        self._workers, self._queue = context.workers, queue

    def count(self) -> tuple[int, int]:
        """Those that no consumer has yet."""
        waiting = self._workers.waiting(self._queue)
        if waiting is None:
            raise ActionRefused(say("actions.queue_unknown", queue=self._queue))
        return waiting, 0

    def set_aside(self) -> int:
        """Nothing has to be moved: nobody consumes."""
        return 0

    def put_back(self, oldest: int | None = None) -> int:
        """Nothing was moved."""
        if oldest is not None:
            raise ActionRefused(say("actions_queues.amqp_refused", what="queue.release oldest=…"))
        return 0

    def sight(self) -> Mapping[str, Sight]:
        """Its length; RabbitMQ shows no message without taking it."""
        return {self._queue: Sight(self.count()[0], None)}
