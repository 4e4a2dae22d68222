"""The broker is killed before, in the middle of and after each action: nothing is said to be done, and no message is lost."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from actions.errors import ActionError
from actions.parameters import read_parameters
from actions.planning import make_plan
from actions.queues.set_aside import QueueLists, put_back, set_aside
from actions.registry import own_actions
from actions.settings import ActionsSettings
from core.errors import SourceError
from sandbox.servers import free_port, run_valkey
from signals.connections.redis import open_redis
from signals.settings import RedisSettings
from tests.actions.build import context

if TYPE_CHECKING:
    from pathlib import Path

PARAMS: dict[str, dict[str, str]] = {
    "queue.hold": {"queue": "work"},
    "queue.release": {"queue": "work", "workers": "a@b"},
    "queue.purge": {"queue": "work"},
    "queue.stop-consuming": {"queue": "work"},
    "queue.throttle": {"task": "t", "rate": "1/m"},
    "queue.pool": {"processes": "1"},
    "queue.revoke": {"task": "t"},
    "queue.pause-producers": {},
    "queue.staged-return": {"tasks": "t", "rate": "1/m", "lift": "true"},
    "degrade.set": {"switch": "producers", "position": "paused"},
    "workers.restart": {"workers": "a@b", "wait": "1s"},
}


def test_every_action_on_a_queue_is_among_them() -> None:
    ids = {each for each in own_actions() if each.split(".")[0] in ("queue", "degrade", "workers")}
    assert ids == set(PARAMS)


def test_no_action_says_that_it_did_what_a_dead_broker_never_heard(tmp_path: Path) -> None:
    import redis

    positions = {"paused": {"flag": "1"}, "running": {}}
    settings = ActionsSettings.model_validate(
        {"switches": {"producers": {"redis": {}, "positions": positions}}, "producers": {"queues": ["work"]}}
    )
    plans = {}
    with run_valkey(tmp_path / "valkey") as server:
        with redis.Redis.from_url(server.url) as client:
            client.lpush("work", "message")
        on = context(
            settings=settings,
            folder=tmp_path / "own",
            redis={"url": server.url, "timeout_s": 10.0},
            celery={"reply_wait_s": 0.05, "timeout_s": 10.0},
        )
        for name, values in PARAMS.items():
            action = own_actions()[name]
            params = read_parameters(action.parameters, values)
            plans[name] = (action, params, make_plan(action, params, on))
    for action, params, plan in plans.values():
        calls: list[Any] = [action.run, *([action.keep] if action.keep is not None else [])]
        for call in calls:
            with pytest.raises((SourceError, ActionError)):
                call(params, plan, on)
        with suppress(SourceError, ActionError):
            assert all(check.ok is not True for check in action.verify(params, plan, on)), action.id


async def test_a_server_killed_among_moves_has_every_message_once_and_in_order(tmp_path: Path) -> None:
    port, count = free_port(), 2_000
    durable = ("--appendonly", "yes", "--appendfsync", "always")
    lists = QueueLists.of("work", purpose="held", prefix="", steps=(0, 3), separator=":")
    with run_valkey(tmp_path / "valkey", port, *durable) as server:
        client = open_redis(RedisSettings.model_validate({"url": server.url, "timeout_s": 10.0}))
        await client.lpush("work", *range(count))
        killer: threading.Timer | None = None
        with suppress(Exception):  # whatever the client makes of a connection that breaks
            while True:
                await set_aside(client, lists)
                await put_back(client, lists, oldest=count // 2)
                await put_back(client, lists)
                if killer is None:  # amid the moves that follow
                    killer = threading.Timer(0.05, server.process.kill)
                    killer.start()
        assert killer is not None, "it was never moved there and back"
        killer.join()
        await client.aclose()
    with run_valkey(tmp_path / "valkey", port, *durable) as server:
        client = open_redis(RedisSettings.model_validate({"url": server.url}))
        await put_back(client, lists)
        kept = [int(message) for message in reversed(await client.lrange("work", 0, -1))]
        await client.aclose()
    assert kept == list(range(count))
