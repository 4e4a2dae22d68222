"""Queues on a real Valkey, filled by a real Celery producer."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path

import pytest
import redis
from celery import Celery
from pydantic import SecretStr

from core.errors import BadAnswer, Denied, SourceError, TimedOut, Unreachable
from sandbox.servers import free_port, run_valkey
from signals.celery.model import Queue, Queues
from signals.celery.queues import MAX_UNACKED, RedisQueues
from signals.settings import RedisSettings
from tests.bad_servers import BEHAVIOURS, serve


def settings(url: str, **more: object) -> RedisSettings:
    return RedisSettings.model_validate({"url": url, "timeout_s": 2.0, "queues": ("matches", "ai"), **more})


async def look(source: RedisQueues) -> tuple[Queues, dict[str, Queue]]:
    try:
        found = await source.queues()
    finally:
        await source.close()
        source._client = None
    return found, {queue.name: queue for queue in found.queues}


def producer(url: str, **transport: object) -> Celery:
    app = Celery("test", broker=url)
    app.conf.broker_transport_options = transport
    return app


async def test_depth_counts_every_priority_as_celery_writes_them(redis_url: str) -> None:
    with producer(redis_url) as app:
        for priority in (0, 3, 9, 9):
            app.send_task("t", queue="matches", priority=priority)
    _, queues = await look(RedisQueues(settings(redis_url)))
    assert queues["matches"].waiting == 4
    assert queues["matches"].by_priority == {0: 1, 3: 1, 6: 0, 9: 2}
    assert "ai" not in queues, "nobody declared it"


async def test_a_global_key_prefix_is_part_of_every_name(redis_url: str) -> None:
    with producer(redis_url, global_keyprefix="prod:") as app:
        app.send_task("t", queue="ai")
    assert (await look(RedisQueues(settings(redis_url, key_prefix="prod:"))))[1]["ai"].waiting == 1
    assert (await look(RedisQueues(settings(redis_url))))[0].undeclared == ("matches", "ai")


async def test_what_a_consumer_holds_is_unacked_and_not_waiting(redis_url: str) -> None:
    with producer(redis_url) as app:
        app.send_task("t", queue="ai")
        app.send_task("t", queue="ai")
        with app.connection_for_read() as connection:
            held = connection.SimpleQueue("ai").get(timeout=5)
            _, queues = await look(RedisQueues(settings(redis_url)))
            assert (queues["ai"].waiting, queues["ai"].unacked) == (1, 1)
            held.ack()
    assert (await look(RedisQueues(settings(redis_url))))[1]["ai"].unacked == 0


async def test_a_huge_unacked_hash_is_not_read_and_said_to_be_unknown(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        client.hset("unacked", mapping={str(n): json.dumps([{}, "", "ai"]) for n in range(MAX_UNACKED + 1)})
        client.lpush("ai", "{}")
    assert (await look(RedisQueues(settings(redis_url))))[1]["ai"].unacked is None


async def test_age_is_the_message_s_own_time_or_a_floor_from_watching(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        client.lpush("ai", json.dumps({"headers": {"timestamp": time.time() - 90}}))
        client.lpush("matches", "not json \x1b[2J")
    source = RedisQueues(settings(redis_url))
    await look(source)
    await asyncio.sleep(0.2)
    _, queues = await look(source)
    assert queues["ai"].oldest_s == pytest.approx(90, abs=5)
    assert not queues["ai"].oldest_is_floor
    assert queues["matches"].oldest_is_floor
    assert 0.2 <= (queues["matches"].oldest_s or 0) < 5


async def test_an_evicting_policy_is_reported(tmp_path: Path) -> None:
    with run_valkey(tmp_path, None, "--maxmemory", "64mb", "--maxmemory-policy", "allkeys-lru") as server:
        found, _ = await look(RedisQueues(settings(server.url)))
    assert (found.eviction_policy, found.limit_bytes) == ("allkeys-lru", 64 * 1024 * 1024)
    assert found.used_bytes


async def test_a_key_of_another_kind_is_a_bad_answer(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        client.set("ai", "a string")
    with pytest.raises(BadAnswer):
        await look(RedisQueues(settings(redis_url)))


async def test_no_server_is_unreachable_and_the_next_poll_finds_it_back(tmp_path: Path) -> None:
    port = free_port()
    source = RedisQueues(settings(f"redis://127.0.0.1:{port}/0"))
    with pytest.raises(Unreachable):
        await source.queues()
    with run_valkey(tmp_path, port):
        assert (await source.queues()).undeclared == ("matches", "ai")
    await source.close()


async def test_a_wrong_password_is_denied_and_never_shown(tmp_path: Path) -> None:
    with run_valkey(tmp_path, password="right") as server:
        url = f"redis://:hunter2@127.0.0.1:{server.port}/0"
        with pytest.raises(Denied) as caught:
            await look(RedisQueues(settings(url)))
        assert "hunter2" not in str(caught.value)
        secret_file = tmp_path / "password"
        secret_file.write_text("right\n")
        await look(RedisQueues(settings(f"redis://127.0.0.1:{server.port}/0", password_file=secret_file)))


async def test_a_malformed_address_does_not_leak_its_password() -> None:
    with pytest.raises(SourceError) as caught:
        await look(RedisQueues(settings("redis://host:hunter2/0")))
    assert "hunter2" not in str(caught.value)


async def test_a_half_open_server_is_timed_out() -> None:
    with serve(BEHAVIOURS["half-open"]) as address:
        source = RedisQueues(settings(address.replace("http", "redis") + "/0", timeout_s=0.5))
        with pytest.raises(TimedOut):
            await look(source)


async def test_garbage_is_a_source_error() -> None:
    with serve(BEHAVIOURS["garbage"]) as address, pytest.raises(SourceError):
        await look(RedisQueues(settings(address.replace("http", "redis") + "/0")))


def test_the_url_is_a_secret() -> None:
    assert isinstance(settings("redis://:hunter2@h/0").url, SecretStr)


@pytest.mark.parametrize("prefix", ["", "shop:"])
async def test_queues_that_nobody_named_are_those_that_are_bound_on_the_broker(
    redis_url: str, prefix: str
) -> None:
    unnamed = settings(redis_url, queues=(), key_prefix=prefix)
    assert (await look(RedisQueues(unnamed)))[0].queues == (), "nothing is bound yet"
    with redis.Redis.from_url(redis_url) as client:
        for exchange, queue in (
            ("celeryev", "celeryev.1234"),
            ("celery.pidbox", "w@x.celery.pidbox"),
            ("reply.celery.pidbox", "5.reply.celery.pidbox"),
        ):
            client.sadd(f"{prefix}_kombu.binding.{exchange}", f"\x06\x16\x06\x16{queue}")
    with producer(redis_url, global_keyprefix=prefix) as app:
        app.send_task("t", queue="orders")
        app.send_task("t", queue="mail")
        app.send_task("t", queue="mail")
    _, queues = await look(RedisQueues(unnamed))
    assert {name: queue.waiting for name, queue in queues.items()} == {"mail": 2, "orders": 1}
