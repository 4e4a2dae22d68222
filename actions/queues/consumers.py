"""Which workers consume a queue, by their own word, and having them stop or begin: each confirms, or is named."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from actions.replies import tell_workers
from core.message import say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from actions.capabilities import Workers
    from core.message import Message

SETTLE_S, POLL_S = 5.0, 0.1


def read_consumers(workers: Workers, queue: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The workers that consume `queue`, and those that answered and do not."""
    consuming: list[str] = []
    others: list[str] = []
    for worker, queues in workers.ask("active_queues").items():
        names = [entry.get("name") for entry in queues or () if isinstance(entry, dict)]
        (consuming if queue in names else others).append(worker)
    return tuple(sorted(consuming)), tuple(sorted(others))


def stop_consuming(workers: Workers, queue: str, names: Sequence[str]) -> dict[str, str]:
    """Tell `names` to stop; what speaks against it by worker: its own words, or nothing where it did not reply.

    A worker confirms before it has stopped (Celery's `call_soon`): it is asked until it has.
    """
    failed = tell_workers(workers, "cancel_consumer", {"queue": queue}, names)
    _settle(workers, queue, set(names) - set(failed), consuming=False)
    return failed


def begin_consuming(workers: Workers, queue: str, names: Sequence[str]) -> dict[str, str]:
    """Tell `names` to begin; the same answer."""
    failed = tell_workers(workers, "add_consumer", {"queue": queue}, names)
    _settle(workers, queue, set(names) - set(failed), consuming=True)
    return failed


def _settle(workers: Workers, queue: str, names: set[str], *, consuming: bool) -> None:
    """Whoever is not as told in time is found out by the action's `verify`."""
    end = time.monotonic() + SETTLE_S
    while names and time.monotonic() < end:
        are = set(read_consumers(workers, queue)[0])
        if names <= are if consuming else names.isdisjoint(are):
            return
        time.sleep(POLL_S)


def stop_again(workers: Workers, queue: str, names: Sequence[str]) -> tuple[Message, ...]:
    """For `keep`: workers that started since consume the queue again; stop them, and say whom."""
    failed = stop_consuming(workers, queue, names)
    return (
        *(say("actions.stopped_again", worker=worker) for worker in names if worker not in failed),
        *(say("actions.still_consuming", worker=worker, why=why or "?") for worker, why in failed.items()),
    )
