"""Every message of a task that has not ended: on the broker, fetched by a worker, running. And who is told to drop it.

Workers remember what is revoked by id, in memory (celery/worker/state.py, `revoked`): whoever restarts has forgotten it, and
of more than 50 000 the oldest are dropped. What waits on Redis is read in the direction in which messages move (lists,
`unacked`, workers), so that one that moves meanwhile is seen at least once.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from actions.errors import ActionRefused
from actions.queues.broker import broker_kind, declared_queues
from actions.queues.lists import HELD, Lists
from actions.replies import tell_workers
from core.message import say
from core.text import clean
from signals.connections.redis import unacked_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from redis.asyncio import Redis

    from actions.capabilities import Workers
    from actions.model import Context
    from actions.queues.set_aside import QueueLists

MAX_REMEMBERED = 50_000
"""CELERY_WORKER_REVOKES_MAX of a worker that says nothing else."""
MAX_READ = 500_000
"""Of one queue so many messages are read; more are not gone through, and that is said."""
PAGE = 1_000
BATCH = 1_000
CONFIRM_S = 30.0
"""A worker with a result backend writes each of a thousand there before it confirms."""
UNSTOPPABLE_POOLS = ("solo", "thread")
"""Pools that can't end a task that runs: it is in the worker's own process (celery/concurrency)."""


@dataclass(slots=True)
class Survey:
    """What there is of a task. `waiting` is None where the broker shows no messages (RabbitMQ)."""

    waiting: set[str] | None = field(default_factory=set)
    fetched: set[str] = field(default_factory=set)
    running: dict[str, str] = field(default_factory=dict)
    """By id, on which worker."""
    pools: dict[str, str] = field(default_factory=dict)
    """Every worker that answered, and its kind of pool."""
    unreadable: int = 0
    is_complete: bool = True
    other_tasks: Counter[str] = field(default_factory=Counter)
    """What else waits in the same queues."""

    def ids(self) -> tuple[str, ...]:
        """Each once, sorted."""
        return tuple(sorted((self.waiting or set()) | self.fetched | set(self.running)))

    def unstoppable(self) -> dict[str, str]:
        """What runs in a pool that can't end it, by id."""
        return {
            task: worker
            for task, worker in self.running.items()
            if any(kind in self.pools.get(worker, "") for kind in UNSTOPPABLE_POOLS)
        }


def survey(task: str, context: Context, queues: Iterable[str] = ()) -> Survey:
    """Everything that can be seen now. Raises a `SourceError` or `ActionRefused`."""
    result = Survey()
    if broker_kind(context) == "amqp":
        result.waiting = None
    else:
        settings = context.signals.redis
        if settings is None:
            raise ActionRefused(say("actions.not_configured", section="signals.redis"))
        for queue in declared_queues(queues, context):
            _read_queue(result, task, queue, context)
        key = unacked_key(settings)

        async def unacked(client: Redis) -> None:
            async for _, entry in client.hscan_iter(key, count=PAGE):
                _note(result, task, _inner(entry), result.fetched)

        context.redis.ask(unacked)
    _ask_workers(result, task, context.workers)
    return result


def waiting_tasks(context: Context, queues: Iterable[str]) -> Counter[str]:
    """How many of each task wait in these queues, or stand aside; empty on RabbitMQ, which does not show it."""
    result = Survey()
    if broker_kind(context) == "redis":
        for queue in queues:
            _read_queue(result, "", queue, context)
    return result.other_tasks


def _read_queue(result: Survey, task: str, queue: str, context: Context) -> None:
    async def read(client: Redis) -> None:
        try:
            lists: QueueLists = await Lists(context, queue, HELD).find(client)
        except ActionRefused:
            return  # nobody has declared it: nothing waits there
        for key in lists.keys:
            await _read_list(result, task, key, client)

    context.redis.ask(read)


async def _read_list(result: Survey, task: str, key: str, client: Redis) -> None:
    """From the newest on: what is pushed meanwhile moves the rest away from us, never past us."""
    for first in range(0, MAX_READ, PAGE):
        page = await client.lrange(key, first, first + PAGE - 1)
        for message in page:
            _note(result, task, message, result.waiting)
        if len(page) < PAGE:
            return
    result.is_complete = False


def _note(result: Survey, task: str, message: bytes | str | None, into: set[str] | None) -> None:
    name, task_id = _envelope(message)
    if name is None or task_id is None:
        result.unreadable += 1
    elif name == task and into is not None:
        into.add(task_id)
    else:
        result.other_tasks[name] += 1


def _envelope(message: bytes | str | None) -> tuple[str | None, str | None]:
    """Task and id, as the headers of Celery's protocol 2 say; None where it is another one."""
    try:
        headers = json.loads(message or b"")["headers"]
        name, task_id = headers["task"], headers["id"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return None, None
    return (name, task_id) if isinstance(name, str) and isinstance(task_id, str) else (None, None)


def _inner(entry: bytes) -> bytes | None:
    """The message of an `unacked` entry, `[message, exchange, routing_key]`."""
    try:
        return json.dumps(json.loads(entry)[0]).encode()
    except (ValueError, LookupError, TypeError, RecursionError):
        return None


def _ask_workers(result: Survey, task: str, workers: Workers) -> None:
    for worker, stats in workers.ask("stats").items():
        pool: Any = stats.get("pool") if isinstance(stats, dict) else None
        result.pools[worker] = clean(str(pool.get("implementation")), 100) if isinstance(pool, dict) else "?"
    expected = len(result.pools)
    for command in ("scheduled", "reserved", "active"):
        for worker, requests in workers.ask(command, expected=expected).items():
            for request in requests or ():
                inner = request.get("request", request) if isinstance(request, dict) else {}
                if inner.get("name") != task or not isinstance(inner.get("id"), str):
                    continue
                if command == "active":
                    result.running[inner["id"]] = worker
                else:
                    result.fetched.add(inner["id"])
    result.fetched -= set(result.running)
    if result.waiting is not None:
        result.waiting -= result.fetched | set(result.running)


def revoke(workers: Workers, ids: Sequence[str], names: Sequence[str]) -> dict[str, str]:
    """Have every worker remember them; what speaks against it by worker: its own words, or nothing without a reply."""
    failed: dict[str, str] = {}
    for first in range(0, len(ids), BATCH):
        arguments = {"task_id": list(ids[first : first + BATCH]), "terminate": False}
        failed |= tell_workers(workers, "revoke", arguments, names, wait_s=CONFIRM_S)
    return failed


def terminate(workers: Workers, running: dict[str, str]) -> dict[str, str]:
    """End those that run, each by the worker that has it."""
    failed: dict[str, str] = {}
    for worker in sorted(set(running.values())):
        ids = [task for task, holder in running.items() if holder == worker]
        arguments = {"task_id": ids, "terminate": True, "signal": "SIGTERM"}
        failed |= tell_workers(workers, "revoke", arguments, [worker], wait_s=CONFIRM_S)
    return failed


def remembered(workers: Workers) -> dict[str, frozenset[str]]:
    """What each worker that answers remembers as revoked."""
    return {
        worker: frozenset(map(str, ids or ()))
        for worker, ids in workers.ask("revoked").items()
        if isinstance(ids, list | None)
    }
