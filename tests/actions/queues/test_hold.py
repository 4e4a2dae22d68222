"""A real worker is stopped and started again by the actions; what waits is held, kept held, and comes back in order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from celery import Celery

from actions.catalogue import queue_hold, queue_purge, queue_release
from actions.errors import ActionRefused
from actions.parameters import read_parameters
from actions.planning import make_plan
from actions.queues.consumers import read_consumers
from tests.actions.build import context, expecting
from tests.signals.celery.test_fleet import worker
from tests.waiting import until

if TYPE_CHECKING:
    from actions.model import ActionCall, Context, Outcome, Plan
    from actions.parameters import Parameters

QUEUE = "held-work"


def waiting(url: str) -> tuple[int, list[str]]:
    """The length of the queue, and the lists beside it."""
    import redis

    with redis.Redis.from_url(url) as client:
        return int(client.llen(QUEUE)), sorted(key.decode() for key in client.keys(f"{QUEUE}:warroom-*"))


def send(url: str, count: int) -> None:
    app = Celery(broker=url)
    for _ in range(count):
        app.send_task("rest", args=[0.0], queue=QUEUE)


def run(module: object, params: Parameters, on: Context) -> tuple[Plan, Outcome]:
    action = module.ACTION  # type: ignore[attr-defined]  # the catalogue's modules all have one
    plan = make_plan(action, params, on)
    assert plan.blockers == ()
    return plan, action.run(params, plan, on)


def released(call: ActionCall | None) -> queue_release.Release:
    assert call is not None
    assert call.id == "queue.release"
    return read_parameters(queue_release.Release, call.params)


def test_a_held_queue_stays_held_through_a_restart_and_goes_on_when_released(redis_url: str) -> None:
    printed: list[str] = []
    desk = context(printed, redis={"url": redis_url}, celery={})
    params = queue_hold.Hold(queue=QUEUE)
    with worker(redis_url, "first@host", "-Q", QUEUE):
        until(lambda: read_consumers(desk.workers, QUEUE)[0] == ("first@host",), seconds=30)
        nobody, desk = desk, expecting(desk, 1)
        plan, outcome = run(queue_hold, params, desk)
        assert [step.kind for step in plan.steps] == ["control", "redis"]
        assert "first@host: stopped" in printed
        send(redis_url, 3)
        until(lambda: waiting(redis_url)[0] == 3, seconds=30)
        assert [item.ok for item in queue_hold.verify(params, plan, desk)] == [True, True]
    kept = queue_hold.keep(params, plan, nobody)
    assert [message.key for message in kept] == ["actions.set_aside_again"]
    with worker(redis_url, "first@host", "-Q", QUEUE):  # it has forgotten
        until(lambda: bool(read_consumers(nobody.workers, QUEUE)[0]), seconds=30)
        kept = queue_hold.keep(params, plan, desk)
        assert [message.key for message in kept] == ["actions.stopped_again"]
        assert queue_hold.keep(params, plan, desk) == (), "nothing was forgotten since"
        assert waiting(redis_url) == (0, [f"{QUEUE}:warroom-held"])
        _, back = run(queue_release, released(outcome.undo.call if outcome.undo else None), desk)
        until(lambda: waiting(redis_url) == (0, []), seconds=30)
        assert read_consumers(desk.workers, QUEUE)[0] == ("first@host",)
        assert back.text.key == "actions.released"


def test_without_an_answer_of_any_worker_nothing_is_held(redis_url: str) -> None:
    send(redis_url, 1)
    desk = context(redis={"url": redis_url}, celery={"reply_wait_s": 0.3})
    plan = make_plan(queue_hold.ACTION, queue_hold.Hold(queue=QUEUE), desk)
    assert [blocker.key for blocker in plan.blockers] == ["actions.nobody_answered"]


def test_a_queue_that_nobody_declared_is_refused_not_empty(redis_url: str) -> None:
    desk = context(redis={"url": redis_url}, celery={"reply_wait_s": 0.3})
    for module, params in (
        (queue_purge, queue_purge.Purge(queue="no-such")),
        (queue_release, queue_release.Release(queue="no-such")),
    ):
        with pytest.raises(ActionRefused) as refused:
            make_plan(module.ACTION, params, desk)
        assert refused.value.message.key == "actions.queue_unknown"


def test_what_was_purged_comes_back(redis_url: str) -> None:
    send(redis_url, 3)
    desk = context(redis={"url": redis_url}, celery={"reply_wait_s": 0.3})
    params = queue_purge.Purge(queue=QUEUE)
    plan, outcome = run(queue_purge, params, desk)
    assert plan.danger == "destructive"
    assert plan.effects[0].value == 3
    length, copies = waiting(redis_url)
    assert (length, len(copies)) == (0, 1)
    send(redis_url, 1)
    run(queue_release, released(outcome.undo.call if outcome.undo else None), desk)
    assert waiting(redis_url) == (4, [])
