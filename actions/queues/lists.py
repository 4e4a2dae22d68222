"""The lists of a queue on the broker that an action is given, under the names that the broker's own bindings show."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actions.errors import ActionRefused
from actions.queues.set_aside import QueueLists, count
from core.message import say
from signals.celery.bindings import read_bindings
from signals.celery.queues import PRIORITIES

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from actions.model import Context

HELD = "held"
"""What a held queue's messages wait under."""


class Lists:
    """Opens a queue's lists with a client, for one purpose; raises `ActionRefused` for a queue that nobody declared."""

    def __init__(self, context: Context, queue: str, purpose: str) -> None:
        self._settings = context.signals.redis
        self._queue, self._purpose = queue, purpose

    async def find(self, client: Redis) -> QueueLists:
        """By the broker's bindings: a mistyped queue must not look like an empty one."""
        settings = self._settings
        if settings is None:
            raise ActionRefused(say("actions.not_configured", section="signals.redis"))
        bindings = await read_bindings(
            client, settings.key_prefix, settings.priority_separator, (self._queue,)
        )
        lists = QueueLists.of(
            self._queue,
            purpose=self._purpose,
            prefix=settings.key_prefix,
            steps=(*PRIORITIES, *settings.priority_steps),
            separator=bindings.separator or settings.priority_separator,
        )
        if self._queue not in bindings.queues() and await count(client, lists) == (0, 0):
            raise ActionRefused(say("actions.queue_unknown", queue=self._queue))
        return lists

    async def count(self, client: Redis) -> tuple[int, int]:
        """How many wait, and how many are aside."""
        return await count(client, await self.find(client))
