"""The broker as a Redis, reached as `[signals.redis]` says."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

from actions.errors import ActionRefused
from core.message import say
from core.text import clean
from signals.connections.redis import answered, close_redis, open_redis

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from redis.asyncio import Redis

    from signals.settings import RedisSettings

T = TypeVar("T")


class BrokerRedis:
    """A `RedisServers`."""

    def __init__(self, settings: RedisSettings | None) -> None:
        self._settings = settings

    @property
    def place(self) -> str:
        """Hosts and index, without user and password."""
        settings = self._configured()
        return clean(settings.url.get_secret_value().rpartition("@")[2].rpartition("//")[2], 200)

    def ask(self, work: Callable[[Redis], Awaitable[T]]) -> T:
        """What `work` returns."""
        return asyncio.run(self._ask(work))

    def at(self, settings: RedisSettings) -> BrokerRedis:
        """The same for another Redis."""
        return BrokerRedis(settings)

    async def _ask(self, work: Callable[[Redis], Awaitable[T]]) -> T:
        settings = self._configured()
        client = await asyncio.to_thread(open_redis, settings)
        try:
            async with answered(settings.timeout_s):
                return await work(client)
        finally:
            await close_redis(client)

    def _configured(self) -> RedisSettings:
        if self._settings is None:
            raise ActionRefused(say("actions.not_configured", section="signals.redis"))
        return self._settings
