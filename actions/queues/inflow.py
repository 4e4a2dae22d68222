"""Whether anything new comes into a queue, told from its lists alone: zero is said only where it can be known.

Producers push left (Kombu, Redis transport), workers take from the right. As long as a list's newest message stays the same,
nothing was pushed, whatever is taken. Where nobody consumes, a list's length says it, too. A list that workers empty as fast
as it is filled says neither: then it is not known.
A retry is pushed by a worker; it is counted apart. Pausing producers does not end it.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from core.text import clean

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from redis.asyncio import Redis

    from actions.queues.set_aside import QueueLists

POLL_S = 0.2


@dataclass(frozen=True, slots=True)
class Sight:
    """One look at a list and the one beside it: how many there are in both, and the newest one that waits."""

    total: int
    newest: bytes | None


@dataclass(slots=True)
class Inflow:
    """What was seen of a queue in `seconds`: new messages at least, by whom; retries; whether it was seen without a gap."""

    seconds: float = 0.0
    new: int = 0
    retries: int = 0
    origins: set[str] = field(default_factory=set)
    is_complete: bool = True

    @property
    def is_zero(self) -> bool | None:
        """None where nobody can tell."""
        if self.new:
            return False
        return True if self.is_complete else None


async def look(client: Redis, lists: QueueLists) -> dict[str, Sight]:
    """All lists of a queue at one moment."""
    async with client.pipeline(transaction=True) as pipeline:
        for key, aside in lists.lists.items():
            pipeline.llen(key)
            pipeline.llen(aside)
            pipeline.lindex(key, 0)  # type: ignore[no-untyped-call,unused-ignore]
        answers = await pipeline.execute()
    return {
        key: Sight(int(answers[at]) + int(answers[at + 1]), answers[at + 2])
        for at, key in zip(range(0, len(answers), 3), lists.lists, strict=True)
    }


def watch(
    sight: Callable[[], Mapping[str, Sight]],
    seconds: float,
    *,
    consumed: bool,
    pause: Callable[[float], None] = time.sleep,
) -> Inflow:
    """Look for so long. `consumed` is whether any worker takes from it meanwhile; if nobody knows, it is."""
    inflow, began = Inflow(), time.monotonic()
    before = sight()
    while (passed := time.monotonic() - began) < seconds:
        pause(min(POLL_S, seconds - passed))
        now = sight()
        _compare(inflow, before, now, consumed=consumed)
        before = now
    inflow.seconds = time.monotonic() - began
    return inflow


def _compare(
    inflow: Inflow, before: Mapping[str, Sight], now: Mapping[str, Sight], *, consumed: bool
) -> None:
    """List by list, in the order in which workers take: as long as one is not empty, none takes from those behind it."""
    for key, after in now.items():
        _compare_list(inflow, before[key], after, consumed=consumed)
        stayed = after.newest is not None and after.newest == before[key].newest
        consumed = consumed and not stayed


def _compare_list(inflow: Inflow, before: Sight, after: Sight, *, consumed: bool) -> None:
    if not consumed and after.total >= before.total:
        grown = after.total - before.total
        if grown:
            _count(inflow, after.newest, grown)
        return
    if after.newest is not None and after.newest == before.newest:
        return
    if after.newest is not None:
        _count(inflow, after.newest, 1)
    else:
        inflow.is_complete = False  # empty: what came in between was taken at once, or nothing came


def _count(inflow: Inflow, newest: bytes | None, count: int) -> None:
    retries, origin = _header(newest)
    if retries:
        inflow.retries += count
    else:
        inflow.new += count
        if origin:
            inflow.origins.add(origin)


def _header(message: bytes | None) -> tuple[int, str]:
    """How often it was retried, and which process sent it, as Celery's envelope says."""
    try:
        headers = json.loads(message or b"{}").get("headers", {})
        retries, origin = headers.get("retries"), headers.get("origin")
    except (ValueError, AttributeError, RecursionError):
        return 0, ""
    return retries if isinstance(retries, int) else 0, clean(str(origin), 80) if origin else ""
