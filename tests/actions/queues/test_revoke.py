"""A real worker drops what was revoked, also after it forgot; what runs, what can't be read and who can't end it is named."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest
from celery import Celery

from actions.catalogue import queue_revoke
from actions.catalogue.queue_revoke import ACTION, Revoke
from actions.errors import ActionFailed
from actions.planning import make_plan
from actions.queues.revoked import survey
from core.errors import SourceError
from sandbox.servers import run_valkey
from tests.actions.build import context, expecting
from tests.signals.celery.test_fleet import worker
from tests.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from actions.model import Context, Plan

NAME = "doomed@host"
HOSTILE = 'x"; rm -rf /\u202e[bold]--task'


def send(url: str, task: str, count: int, seconds: float = 60.0, **options: object) -> None:
    app = Celery(broker=url)
    for _ in range(count):
        app.send_task(task, args=[seconds], queue="work", task_id=str(uuid.uuid4()), **options)


def depth(url: str) -> int:
    import redis

    with redis.Redis.from_url(url) as client:
        return int(client.llen("work")) + int(client.llen("work\x06\x163"))


def counted(plan: Plan) -> list[object]:
    return [fact.value for fact in plan.effects]


def test_what_waits_is_dropped_and_what_runs_is_ended_or_named(redis_url: str, tmp_path: Path) -> None:
    import redis

    on = context(folder=tmp_path, redis={"url": redis_url}, celery={"reply_wait_s": 0.7})
    send(redis_url, "rest", 3)
    send(redis_url, "rest", 2, priority=3)
    send(redis_url, HOSTILE, 1)
    with redis.Redis.from_url(redis_url) as client:
        client.lpush("work", "no envelope of Celery's")
    blocked = make_plan(ACTION, Revoke(task="rest"), on)
    assert [blocker.key for blocker in blocked.blockers] == ["actions.no_worker"]
    with redis.Redis.from_url(redis_url) as client:
        client.lpop("work")  # a worker would acknowledge it, and say so
    with worker(redis_url, NAME, "-Q", "work", "-c", "1"):
        until(lambda: bool(on.workers.ask("ping", expected=1)))
        nobody, on = on, expecting(on, 1)
        until(lambda: bool(survey("rest", on).running))
        spared = make_plan(ACTION, Revoke(task="rest"), on)
        assert counted(spared) == [4, 0, 1]
        assert spared.warnings[0].key == "actions_queues.spared_running"
        params = Revoke(task="rest", terminate=True)
        plan = make_plan(ACTION, params, on)
        assert (counted(plan), plan.danger, plan.target) == ([4, 0, 1], "destructive", "rest")
        outcome = ACTION.run(params, plan, on)
        assert outcome.text.values == {"count": 5, "task": "rest", "spared": 0}
        until(lambda: all(check.ok for check in ACTION.verify(params, plan, on)))
        until(lambda: depth(redis_url) == 0)
        assert counted(make_plan(ACTION, params, on)) == [0, 0, 0]
        assert ACTION.keep is not None
        assert ACTION.keep(params, plan, on) == ()
    with worker(redis_url, NAME, "-Q", "work", "-P", "solo"):
        until(lambda: bool(nobody.workers.ask("ping", expected=1)))
        said = ACTION.keep(params, plan, on)
        assert [(each.key, each.values["count"]) for each in said] == [("actions_queues.revoked_again", 5)]
        assert ACTION.keep(params, plan, on) == ()
    elsewhere = context(folder=tmp_path / "other-host", redis={"url": redis_url})
    with pytest.raises(ActionFailed):
        ACTION.keep(params, plan, elsewhere)


def test_what_cannot_be_revoked_is_named(redis_url: str) -> None:
    import redis

    on = context(redis={"url": redis_url, "queues": ["work"]}, celery={"reply_wait_s": 0.1})
    send(redis_url, "rest", 2)
    with redis.Redis.from_url(redis_url) as client:
        client.lpush("work", "no envelope", b"\xff\x00", "[" * 2000, '{"headers": {"task": "rest"}}')
    there = survey("rest", on)
    assert there.waiting is not None
    assert (len(there.waiting), there.unreadable) == (2, 4)
    there.running, there.pools = {"1": "a@h"}, {"a@h": "celery.concurrency.solo:TaskPool"}
    spared = queue_revoke._spared(Revoke(task="rest", terminate=True), there)
    assert [each.key for each in spared] == ["actions_queues.spared_unreadable", "actions_queues.spared_pool"]
    assert survey(HOSTILE, on).ids() == ()


def test_a_broker_that_dies_revokes_nothing(tmp_path: Path) -> None:
    def desk(url: str) -> Context:
        return context(folder=tmp_path, redis={"url": url, "timeout_s": 10.0}, celery={"reply_wait_s": 0.2})

    params = Revoke(task="rest")
    with run_valkey(tmp_path / "valkey") as server:
        on = desk(server.url)
        send(server.url, "rest", 1)
        plan = make_plan(ACTION, params, on)
    for call in (ACTION.run, ACTION.verify):
        with pytest.raises((SourceError, ActionFailed)):
            call(params, plan, on)
