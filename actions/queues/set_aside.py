"""Setting a queue's messages aside and putting them back, in Redis as Celery uses it (Kombu, Redis transport).

A queue is a list for each priority step: producers push left, workers take from the right. What is set aside stands in a
list beside it, its newest message left, too. Each move is one script on the server: nobody sees half of it, and a
program that dies in the middle leaves nothing half done.

A held queue's workers must not consume it (`queue.stop-consuming`), and who keeps the hold sets aside again what comes in
later: it joins behind what waits there. Messages that workers already have (`unacked`) are not touched; those of a worker
that dies come back to the right end of the queue, as the next ones to be taken.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from signals.connections.redis import queue_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from redis.asyncio import Redis

_HELPERS = """
local function newer(queue, aside)
  local last = redis.call('GET', aside .. ':until')
  local place = last and redis.call('LPOS', queue, last)
  return place or redis.call('LLEN', queue)
end
local function push(command, key, messages)
  for first = 1, #messages, 1000 do
    redis.call(command, key, unpack(messages, first, math.min(first + 999, #messages)))
  end
end
local function join(queue, aside)
  local count = newer(queue, aside)
  if redis.call('EXISTS', aside) == 1 then
    push('RPUSH', aside, redis.call('LRANGE', queue, count, -1))
    if count > 0 then redis.call('LTRIM', queue, 0, count - 1) else redis.call('DEL', queue) end
    for _ = 1, count do redis.call('RPOPLPUSH', queue, aside) end
  elseif redis.call('EXISTS', queue) == 1 then
    redis.call('RENAME', queue, aside)
  end
  redis.call('DEL', aside .. ':until')
end
"""
"""After a part was put back, the newest of it is kept under `…:until`: what is left of it in the queue came in later.
`join` makes one list of both: what came later, what is aside, what was put back."""

_SET_ASIDE = (
    _HELPERS
    + """
local moved = 0
for index = 1, #KEYS, 2 do
  local queue, aside = KEYS[index], KEYS[index + 1]
  moved = moved + redis.call('LLEN', queue)
  join(queue, aside)
end
return moved
"""
)
"""What waits now is newer than what was set aside before: the oldest of it joins first, at the left."""

_PUT_BACK = (
    _HELPERS
    + """
local moved = 0
for index = 1, #KEYS, 2 do
  local queue, aside = KEYS[index], KEYS[index + 1]
  local count = redis.call('LLEN', aside)
  if count > 0 then
    join(queue, aside)
    redis.call('RENAME', aside, queue)
    moved = moved + count
  end
  redis.call('DEL', aside .. ':until')
end
return moved
"""
)
"""What came in meanwhile is newer: it joins at the left of what was set aside, and the whole becomes the queue again."""

_PUT_BACK_OLDEST = (
    _HELPERS
    + """
local left = tonumber(ARGV[1])
for index = 1, #KEYS, 2 do
  local queue, aside = KEYS[index], KEYS[index + 1]
  local count = math.min(left, redis.call('LLEN', aside))
  if count > 0 then
    local later = newer(queue, aside)
    local messages = {}
    if later > 0 then
      messages = redis.call('LRANGE', queue, 0, later - 1)
      redis.call('LTRIM', queue, later, -1)
    end
    for _ = 1, count do redis.call('RPOPLPUSH', aside, queue) end
    redis.call('SET', aside .. ':until', redis.call('LINDEX', queue, 0))
    for place = #messages, 1, -1 do redis.call('LPUSH', queue, messages[place]) end
    left = left - count
  end
end
return tonumber(ARGV[1]) - left
"""
)


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueLists:
    """A queue's lists by priority step, in the order in which workers take from them, and those beside them.

    `purpose` names why messages are aside (`held`, or `purged-` and a run's id), so that two do not mix.
    """

    lists: Mapping[str, str]

    @classmethod
    def of(cls, queue: str, *, purpose: str, prefix: str, steps: Iterable[int], separator: str) -> QueueLists:
        """The lists of `queue`: names as `RedisSettings` has them. Step 0 is Celery's highest priority."""
        keys = (queue_key(prefix, queue, step, separator) for step in sorted(set(steps)))
        return cls(lists={key: f"{key}:warroom-{purpose}" for key in keys})

    @property
    def keys(self) -> list[str]:
        """As the scripts take them: a list, and the one beside it."""
        return [key for pair in self.lists.items() for key in pair]


async def set_aside(client: Redis, lists: QueueLists) -> int:
    """Move all waiting messages aside, behind those that are there already; gives how many."""
    return int(await client.register_script(_SET_ASIDE)(keys=lists.keys))


async def put_back(client: Redis, lists: QueueLists, *, oldest: int | None = None) -> int:
    """Move messages back before all that came in meanwhile; gives how many.

    With `oldest` only so many, the oldest of the highest priority first: what comes in from then on is taken before what
    stays aside, but what was put back stands before both, whatever is moved later.
    """
    if oldest is None:
        return int(await client.register_script(_PUT_BACK)(keys=lists.keys))
    return int(await client.register_script(_PUT_BACK_OLDEST)(keys=lists.keys, args=[oldest]))


async def count(client: Redis, lists: QueueLists) -> tuple[int, int]:
    """How many messages wait in the queue, and how many are aside, at one moment."""
    async with client.pipeline(transaction=True) as pipeline:
        for key in lists.keys:
            pipeline.llen(key)
        lengths = [int(length) for length in await pipeline.execute()]
    return sum(lengths[::2]), sum(lengths[1::2])
