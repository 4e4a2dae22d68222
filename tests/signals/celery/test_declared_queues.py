"""Every queue that exists is counted, and one that does not is no zero: real Celery producers on a real Valkey."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
import redis
from celery import Celery
from kombu.entity import Exchange, Queue

from core.errors import SourceError
from signals.celery.bindings import parse_bindings, topic_matches
from signals.celery.queues import RedisQueues
from tests.signals.celery.test_queues import look, producer, settings


async def test_queues_that_nobody_configured_are_counted(redis_url: str) -> None:
    with producer(redis_url) as app:
        for queue, count in (("emails", 3), ("mail_out", 2), ("matches", 1)):
            for _ in range(count):
                app.send_task("t", queue=queue)
        app.control.ping(timeout=0.1)  # leaves the exchange of remote control behind
    found, queues = await look(RedisQueues(settings(redis_url, queues=("matches",))))
    assert {name: queue.waiting for name, queue in queues.items()} == {
        "emails": 3,
        "mail_out": 2,
        "matches": 1,
    }
    assert found.undeclared == ()


async def test_a_configured_queue_that_was_never_declared_is_no_zero(redis_url: str) -> None:
    with producer(redis_url) as app:
        app.send_task("t", queue="matches")
        with app.connection_for_write() as connection:
            connection.SimpleQueue("matches").clear()
    found, queues = await look(RedisQueues(settings(redis_url)))
    assert queues["matches"].waiting == 0, "declared, and empty"
    assert "ai" not in queues
    assert found.undeclared == ("ai",)


@pytest.mark.parametrize("wrong", [{"url_database": "1"}, {"key_prefix": "other:"}])
async def test_a_wrong_database_or_prefix_is_not_an_empty_broker(
    redis_url: str, wrong: dict[str, str]
) -> None:
    with producer(redis_url, global_keyprefix="prod:") as app:
        app.send_task("t", queue="ai")
    url = redis_url.rsplit("/", 1)[0] + "/1" if "url_database" in wrong else redis_url
    prefix = wrong.get("key_prefix", "prod:")
    found, queues = await look(RedisQueues(settings(url, key_prefix=prefix)))
    assert queues == {}
    assert found.undeclared == ("matches", "ai")


async def test_every_priority_from_0_to_9_is_counted_whatever_steps_are_configured(redis_url: str) -> None:
    with producer(redis_url, priority_steps=list(range(10))) as app:
        for priority in (0, 1, 2, 4, 5, 7, 8, 9):
            app.send_task("t", queue="ai", priority=priority)
    _, queues = await look(RedisQueues(settings(redis_url)))
    assert queues["ai"].waiting == 8


async def test_the_separator_is_the_one_that_the_broker_shows(redis_url: str) -> None:
    with producer(redis_url, sep=":") as app:
        for priority in (0, 3, 6, 9):
            app.send_task("t", queue="ai", priority=priority)
    _, queues = await look(RedisQueues(settings(redis_url)))
    assert queues["ai"].waiting == 4


async def test_what_is_held_of_a_topic_bound_queue_is_counted_there(redis_url: str) -> None:
    app = Celery("test", broker=redis_url)
    exchange: Any = Exchange
    media: Any = Queue
    app.conf.task_queues = [media("media", exchange("topics", type="topic"), routing_key="media.#")]
    with app, app.connection_for_write() as connection:
        for _ in range(2):
            app.send_task(
                "t", exchange="topics", routing_key="media.video.cut", queue=app.amqp.queues["media"]
            )
        queue = app.amqp.queues["media"](connection.default_channel)
        held = queue.get(no_ack=False)
        assert held is not None
        _, queues = await look(RedisQueues(settings(redis_url, queues=())))
        assert (queues["media"].waiting, queues["media"].unacked) == (1, 1)
        held.ack()


async def test_who_asks_at_the_same_poll_shares_one_answer_and_one_sample_of_the_depth(
    redis_url: str,
) -> None:
    with producer(redis_url) as app:
        app.send_task("t", queue="ai")
    source = RedisQueues(settings(redis_url))
    first, second = await asyncio.gather(source.queues(), source.queues())
    third = await source.queues()
    assert first is second is third
    depths = first.queues[0].depths
    assert depths is not None
    assert depths.values == (1.0,)
    await source.close()


async def test_a_refused_info_does_not_lose_the_depths(redis_url: str) -> None:
    with producer(redis_url) as app:
        app.send_task("t", queue="ai")
    with redis.Redis.from_url(redis_url) as admin:
        admin.acl_setuser(
            "limited", enabled=True, passwords=["+pw"], keys=["*"], commands=["+@read", "-info"]
        )
        try:
            found, queues = await look(RedisQueues(settings(redis_url.replace("//", "//limited:pw@"))))
        finally:
            admin.acl_deluser("limited")
    assert queues["ai"].waiting == 1
    assert (found.used_bytes, found.eviction_policy) == (None, None)


async def test_a_user_who_may_not_count_is_denied(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as admin:
        admin.acl_setuser("limited", enabled=True, passwords=["+pw"], keys=["*"], commands=["+ping"])
        try:
            with pytest.raises(SourceError):
                await look(RedisQueues(settings(redis_url.replace("//", "//limited:pw@"))))
        finally:
            admin.acl_deluser("limited")


def test_members_of_another_form_are_left_out() -> None:
    sep = "\x06\x16"
    bindings = parse_bindings(
        [
            ("ai", [f"ai{sep}{sep}ai", "nonsense", f"a{sep}b"]),
            ("celery.pidbox", [f"{sep}{sep}w1.celery.pidbox"]),
            ("celeryev", [f"worker.#{sep}^worker{sep}celeryev.123"]),
        ],
        sep,
    )
    assert bindings.queues() == ("ai",)
    assert json.dumps(bindings.separator) == json.dumps(sep)


@pytest.mark.parametrize(
    ("pattern", "key", "matches"),
    [
        ("media.#", "media.video.cut", True),
        ("media.#", "media", True),
        ("media.*", "media.video", True),
        ("media.*", "media.video.cut", False),
        ("#.cut", "media.video.cut", True),
        ("#", "anything.at.all", True),
        ("a.#.b", "a.b", True),
        ("a", "b", False),
        ("#." * 40 + "x", "a." * 200 + "b", False),
    ],
    ids=range(9),
)
def test_topics_match_as_amqp_says(pattern: str, key: str, *, matches: bool) -> None:
    assert topic_matches(pattern, key) is matches
