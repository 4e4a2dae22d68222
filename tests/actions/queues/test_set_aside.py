"""No message is lost, doubled or out of order, whoever produces and consumes meanwhile. A real server decides."""

from __future__ import annotations

import asyncio
import random
import threading
from contextlib import nullcontext
from typing import TYPE_CHECKING

import pytest
from celery import Celery

from actions.queues.set_aside import QueueLists, count, put_back, set_aside
from signals.connections.redis import open_redis
from signals.settings import RedisSettings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from redis.asyncio import Redis

STEPS, SEPARATOR = (0, 3, 6, 9), "\x06\x16"


def lists_of(queue: str, purpose: str = "held") -> QueueLists:
    return QueueLists.of(queue, purpose=purpose, prefix="", steps=STEPS, separator=SEPARATOR)


@pytest.fixture
async def client(redis_url: str) -> AsyncIterator[Redis]:
    client = open_redis(RedisSettings.model_validate({"url": redis_url}))
    yield client
    await client.aclose()


async def everything(client: Redis, queue: str) -> list[int]:
    """In the order in which a worker takes it."""
    return [int(part) for part in reversed(await client.lrange(queue, 0, -1))]


async def test_what_came_meanwhile_stands_behind_what_was_set_aside(client: Redis) -> None:
    lists = lists_of("ai")
    assert await set_aside(client, lists) == await put_back(client, lists) == 0, "nothing is nothing"
    for batch in ((1, 2), (3,), (4, 5)):
        await client.lpush("ai", *batch)
        await set_aside(client, lists)
    assert await count(client, lists) == (0, 5)
    await client.lpush("ai", 6, 7)
    assert await count(client, lists) == (2, 5)
    assert await put_back(client, lists) == 5
    assert await everything(client, "ai") == [1, 2, 3, 4, 5, 6, 7]
    assert await client.keys("*warroom*") == []


async def test_priorities_stay_apart_and_the_urgent_come_back_first(client: Redis) -> None:
    lists = lists_of("ai")
    await client.lpush("ai", 1, 2)
    await client.lpush(f"ai{SEPARATOR}3", 3, 4)
    assert await set_aside(client, lists) == 4
    assert await put_back(client, lists, oldest=3) == 3
    assert (await everything(client, "ai"), await everything(client, f"ai{SEPARATOR}3")) == ([1, 2], [3])
    assert await put_back(client, lists, oldest=10) == 1
    assert await everything(client, f"ai{SEPARATOR}3") == [3, 4]


@pytest.mark.parametrize("taken", [0, 1, 2, 3])
@pytest.mark.parametrize("again", ["put_back", "set_aside"])
async def test_what_was_put_back_in_part_stays_before_the_rest(client: Redis, again: str, taken: int) -> None:
    """Whatever a worker has taken of it, and whatever came in between the parts."""
    lists = lists_of("ai")
    await client.lpush("ai", *range(1, 8))
    await set_aside(client, lists)
    await client.lpush("ai", 8)
    assert await put_back(client, lists, oldest=2) == 2
    assert await everything(client, "ai") == [1, 2, 8]
    await client.lpush("ai", 9)
    for _ in range(taken):
        await client.rpop("ai")
    assert await put_back(client, lists, oldest=2) == 2
    gone = 8 if taken == 3 else None
    first = [1, 2][taken:]
    rest = [message for message in (8, 9) if message != gone]
    assert await everything(client, "ai") == [*first, 3, 4, *rest]
    if again == "set_aside":
        await set_aside(client, lists)
        assert await count(client, lists) == (0, 9 - taken)
        await client.lpush("ai", 10)
        rest.append(10)
    await put_back(client, lists)
    assert await everything(client, "ai") == [*first, 3, 4, 5, 6, 7, *rest]
    assert await client.keys("*warroom*") == []


async def test_two_purposes_do_not_mix(client: Redis) -> None:
    await client.lpush("ai", 1)
    await set_aside(client, lists_of("ai", "purged-7"))
    await client.lpush("ai", 2)
    await set_aside(client, lists_of("ai"))
    assert await put_back(client, lists_of("ai")) == 1
    assert await everything(client, "ai") == [2]
    assert await count(client, lists_of("ai", "purged-7")) == (1, 1)


@pytest.mark.parametrize("stopped", [True, False], ids=["consumer-stopped", "consumer-goes-on"])
async def test_every_message_once_under_producers_and_consumers(
    client: Redis, redis_url: str, *, stopped: bool
) -> None:
    """In order, too, where the consumer is stopped for the time of the hold; else later messages overtake."""
    import redis

    producers, each = 3, 1_500
    taken: list[bytes] = []
    stop, consuming = threading.Event(), threading.Lock()

    def produce(number: int) -> None:
        with redis.Redis.from_url(redis_url) as broker:
            for index in range(each):
                broker.lpush("ai", f"{number}:{index}")

    def consume() -> None:
        with redis.Redis.from_url(redis_url) as broker:
            while True:
                with consuming:
                    message = broker.brpop(["ai"], timeout=0.05)
                if message is not None:
                    taken.append(message[1])
                elif stop.is_set():
                    return

    threads = [threading.Thread(target=produce, args=(number,)) for number in range(producers)]
    consumer = threading.Thread(target=consume)
    for thread in (*threads, consumer):
        thread.start()
    chance = random.Random(1)
    lists = lists_of("ai")
    moved = 0
    while any(thread.is_alive() for thread in threads):
        with consuming if stopped else nullcontext():
            for _ in range(2):
                moved += await set_aside(client, lists)
                await asyncio.sleep(chance.random() / 200)
            await put_back(client, lists)
        await asyncio.sleep(chance.random() / 200)
    await put_back(client, lists)
    stop.set()
    await asyncio.to_thread(consumer.join)
    assert moved > 0
    assert len(taken) == len(set(taken)) == producers * each
    by_producer = [
        [message for message in taken if message.startswith(b"%d:" % number)] for number in range(producers)
    ]
    if stopped:
        assert by_producer == [
            [b"%d:%d" % (number, index) for index in range(each)] for number in range(producers)
        ]


async def test_celery_reads_what_was_put_back(client: Redis, redis_url: str) -> None:
    app = Celery(broker=redis_url)
    for number in range(3):
        app.send_task("tests.add", args=[number], queue="ai")
    lists = lists_of("ai")
    assert await set_aside(client, lists) == 3
    assert await put_back(client, lists) == 3
    with app.connection_for_read() as connection, connection.SimpleQueue("ai") as queue:
        bodies = [queue.get(timeout=5).payload[0] for _ in range(3)]
    assert bodies == [[0], [1], [2]]
