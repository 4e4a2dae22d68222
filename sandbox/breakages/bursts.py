"""Many tasks at once: a flood of one queue, and a storm of calls with a key that the provider has revoked.

The tasks of a burst carry its id in theirs. Once it has ended, those that still wait are taken out of their queue, and what a
worker holds already is dropped when its turn comes (`sandbox.app`).
"""

from __future__ import annotations

import base64
import json
import time
import uuid
from typing import TYPE_CHECKING, Any
from urllib.error import URLError
from urllib.request import Request, urlopen

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from sandbox.breakages.model import Breakage, Refused
from sandbox.breakages.state import read_value, write_value

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sandbox.breakages.model import Before, Order, Params, Stack

BURST = "burst:"
"""What the ids of such tasks begin with, and the mark that says that one is in force."""
STORM = "retry_storm"
"""The mark while which a refused digest is sent again, at once and for ever."""
FETCH, DIGEST = "src.tasks.match_tasks.fetch_and_store_match", "sandbox.post_digest"
ANALYZE, ANALYSES = "src.tasks.analysis_tasks.analyze_match_task", "ai"
FLOODED, STORM_QUEUE, CHANNELS = "matches", "default", 20
TIMEOUT_S = 10.0
ONCE = Retry(NoBackoff(), 0)
"""Who is away is asked again by who wants it: the watchdog, the supervisor."""


def _broker(stack: Stack) -> redis.Redis:
    password = stack.access.valkey_password_file.read_text(encoding="utf-8")
    return redis.Redis(port=stack.ports["valkey"], password=password, socket_timeout=TIMEOUT_S, retry=ONCE)


def _length(stack: Stack, queue: str) -> Before:
    try:
        return {"waiting": int(_broker(stack).llen(queue))}
    except redis.RedisError as error:
        raise Refused(f"the broker does not answer: {error}") from None


def message(task: str, arguments: Sequence[object], queue: str, task_id: str) -> bytes:
    """A task as Celery's protocol 2 has it in a list of a Redis (Celery documentation, "Message Protocol")."""
    body = json.dumps([arguments, {}, {"callbacks": None, "errbacks": None, "chain": None, "chord": None}])
    headers: dict[str, object] = {
        "lang": "py",
        "task": task,
        "id": task_id,
        "root_id": task_id,
        "parent_id": None,
        "group": None,
        "eta": None,
        "expires": None,
        "retries": 0,
        "timelimit": [None, None],
        "argsrepr": repr(tuple(arguments)),
        "kwargsrepr": "{}",
        "origin": "sandbox",
    }
    properties = {
        "correlation_id": task_id,
        "delivery_mode": 2,
        "delivery_info": {"exchange": "", "routing_key": queue},
        "priority": 0,
        "body_encoding": "base64",
        "delivery_tag": str(uuid.uuid4()),
    }
    document = {
        "body": base64.b64encode(body.encode()).decode(),
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": headers,
        "properties": properties,
    }
    return json.dumps(document).encode()


def _send(stack: Stack, order: Order, task: str, queue: str, arguments: Sequence[Sequence[object]]) -> None:
    write_value(stack.folder, BURST + order.id, True)
    broker = _broker(stack)
    messages = [message(task, each, queue, f"{BURST}{order.id}:{uuid.uuid4()}") for each in arguments]
    broker.lpush(queue, *messages)


def _withdraw(stack: Stack, order: Order, queue: str) -> None:
    """What has not been taken by anybody."""
    write_value(stack.folder, BURST + order.id, None)
    broker, mark = _broker(stack), f"{BURST}{order.id}:".encode()
    waiting: list[bytes] = broker.lrange(queue, 0, -1)  # type: ignore[assignment]  # see above
    with broker.pipeline(transaction=False) as pipeline:
        for each in waiting:
            if mark in each:
                pipeline.lrem(queue, 1, each.decode())
        pipeline.execute()


def _queue(params: Params) -> str:
    return params.get("queue", FLOODED)


def _flood(stack: Stack, order: Order) -> None:
    now, count = time.time(), int(order.params["count"])
    asked = [(now, 0.02 + 0.98 * number / count) for number in range(count)]
    queue = _queue(order.params)
    _send(stack, order, ANALYZE if queue == ANALYSES else FETCH, queue, asked)


def _look_storm(stack: Stack, _: Params) -> Before:
    return {"storm": read_value(stack.folder, STORM), **_length(stack, STORM_QUEUE)}


def _storm(stack: Stack, order: Order) -> None:
    """The key ends at the provider; every task that it refuses comes back a second later, for ever."""
    _portal(stack, "revoke")
    write_value(stack.folder, STORM, True)
    calls = [(number % CHANNELS,) for number in range(int(order.params["per_s"]))]
    _send(stack, order, DIGEST, STORM_QUEUE, calls)


def _end_storm(stack: Stack, order: Order, before: Before) -> None:
    """The key that was revoked is good again, unless somebody has got a new one; the provider forgets what it refused."""
    write_value(stack.folder, STORM, before["storm"])
    _portal(stack, "restore")
    _withdraw(stack, order, STORM_QUEUE)


def _portal(stack: Stack, what: str) -> None:
    address = f"http://127.0.0.1:{stack.ports['outside']}/portal/discord/{what}"
    request = Request(
        address, data=b"{}", headers={"Authorization": f"Bearer {stack.access.token}"}
    )  # our own
    try:
        with urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310  # our own
            answer.read()
    except (URLError, OSError) as error:
        raise Refused(f"the stand-in of the provider does not answer: {error}") from None


def of_burst(task_id: str | None) -> str | None:
    """What the ids of tasks that this one sends begin with, where it is one of a burst."""
    return f"{task_id.rpartition(':')[0]}:" if task_id and task_id.startswith(BURST) else None


def child_id(task_id: str | None) -> dict[str, Any]:
    """How such a task sends another one."""
    prefix = of_burst(task_id)
    return {} if prefix is None else {"task_id": f"{prefix}{uuid.uuid4()}"}


BREAKAGES = (
    Breakage(
        name="queue-flooded",
        part=lambda params: f"queue {_queue(params)}",
        look=lambda stack, params: _length(stack, _queue(params)),
        begin=_flood,
        end=lambda stack, order, _: _withdraw(stack, order, _queue(order.params)),
    ),
    Breakage(name="key-revoked", look=_look_storm, begin=_storm, end=_end_storm),
)
