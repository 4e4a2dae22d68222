"""A real worker's pool changes its size, a queue is left by whom is told, and a worker that cannot says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from actions.catalogue import queue_pool, queue_stop_consuming
from actions.catalogue.queue_pool import Pool
from actions.catalogue.queue_stop_consuming import StopConsuming
from actions.errors import ActionFailed
from actions.parameters import read_parameters
from actions.planning import make_plan
from actions.queues.consumers import read_consumers
from actions.queues.consumers_before import recall
from actions.queues.pool import read_sizes
from tests.actions.build import context, expecting
from tests.signals.celery.test_fleet import worker
from tests.waiting import until

if TYPE_CHECKING:
    from actions.model import Context

NAME = "pool@host"


def until_it_answers(desk: Context) -> None:
    until(lambda: NAME in read_sizes(desk.workers))


def test_a_pool_and_its_consumers_change_and_change_back(redis_url: str) -> None:
    desk = context(redis={"url": redis_url}, celery={})
    with worker(redis_url, NAME, "-Q", "a,b", "-c", "2"):
        until_it_answers(desk)
        desk = expecting(desk, 1)
        params = Pool(processes=1)
        plan = make_plan(queue_pool.ACTION, params, desk)
        assert [step.text for step in plan.steps] == [f"pool_shrink 1 → {NAME}"]
        queue_pool.run(params, plan, desk)
        assert [item.ok for item in queue_pool.verify(params, plan, desk)] == [True]
        assert queue_pool.keep(params, plan, desk) == ()
        assert [message.key for message in make_plan(queue_pool.ACTION, params, desk).blockers] == [
            "actions.pool_is_so"
        ]
        assert plan.undo.call is not None
        back = read_parameters(Pool, plan.undo.call.params)
        queue_pool.run(back, make_plan(queue_pool.ACTION, back, desk), desk)
        assert read_sizes(desk.workers) == {NAME: 2}
        stop = StopConsuming(queue="a")
        plan = make_plan(queue_stop_consuming.ACTION, stop, desk)
        queue_stop_consuming.run(stop, plan, desk)
        assert [item.ok for item in queue_stop_consuming.verify(stop, plan, desk)] == [True]
        assert read_consumers(desk.workers, "b")[0] == (NAME,), "its other queue goes on"
        assert recall(desk, "a") == (NAME,), "a return in stages knows who shall consume it again"


def test_a_pool_that_cannot_change_says_so(redis_url: str) -> None:
    desk = context(redis={"url": redis_url}, celery={})
    with worker(redis_url, NAME, "-P", "solo"):
        until_it_answers(desk)
        desk = expecting(desk, 1)
        params = Pool(processes=3)
        with pytest.raises(ActionFailed) as failed:
            queue_pool.run(params, make_plan(queue_pool.ACTION, params, desk), desk)
        assert failed.value.message.key == "actions.pool_failed"


def test_where_nobody_answers_nothing_is_planned(redis_url: str) -> None:
    desk = context(redis={"url": redis_url}, celery={"reply_wait_s": 0.2})
    assert [item.key for item in make_plan(queue_pool.ACTION, Pool(processes=1), desk).blockers] == [
        "actions.no_worker"
    ]
    plan = make_plan(queue_stop_consuming.ACTION, StopConsuming(queue="a"), desk)
    assert [item.key for item in plan.blockers] == ["actions.nobody_answered"]
    assert [item.ok for item in queue_stop_consuming.verify(StopConsuming(queue="a"), plan, desk)] == [None]
