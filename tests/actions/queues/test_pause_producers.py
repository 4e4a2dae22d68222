"""Producers that obey, one that does not, and a queue that is emptied too fast to say: a real broker decides."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import kombu.pools
import pytest
from celery import Celery

from actions.catalogue.queue_pause_producers import ACTION, PauseProducers
from actions.planning import make_plan
from actions.queues.inflow import Sight, watch
from actions.queues.obeyed import read_work
from actions.settings import ActionsSettings
from core.errors import SourceError
from tests.actions.build import context, expecting
from tests.signals.celery.test_fleet import worker
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from actions.model import Context

FLAG = "shop:paused"


def desk(redis_url: str) -> Context:
    settings = {
        "switches": {"producers": {"redis": {}, "positions": {"paused": {FLAG: "1"}, "running": {}}}},
        "producers": {"window_s": 0.6, "settle_s": 0.0},
    }
    return context(
        settings=ActionsSettings.model_validate(settings),
        redis={"url": redis_url, "timeout_s": 10.0},
        celery={"reply_wait_s": 0.2},
    )


@contextmanager
def producer(redis_url: str, *, obeys: bool) -> Iterator[None]:
    """Sends on and on, as long as the flag is not set; or whatever it says."""
    import redis

    over = threading.Event()

    def send() -> None:
        app = Celery(broker=redis_url)
        with redis.Redis.from_url(redis_url) as client:
            while not over.is_set():
                if not (obeys and client.get(FLAG)):
                    app.send_task("rest", args=[0.0], queue="work")
                time.sleep(0.02)

    thread = threading.Thread(target=send)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@pytest.mark.parametrize("obeys", [True, False])
def test_the_flag_is_believed_when_nothing_new_comes_in(redis_url: str, *, obeys: bool) -> None:
    on = desk(redis_url)
    kombu.pools.reset()  # type: ignore[no-untyped-call]  # or it remembers what it declared on the broker before
    Celery(broker=redis_url).send_task("rest", args=[0.0], queue="work")
    with producer(redis_url, obeys=obeys):
        params = PauseProducers()
        plan = make_plan(ACTION, params, on)
        assert plan.warnings[1].values["queues"] == "work"
        ACTION.run(params, plan, on)
        time.sleep(0.05)  # one that was on its way
        flag, queue = ACTION.verify(params, plan, on)
    assert flag.ok is True
    assert (queue.ok, queue.text.key) == (
        (True, "actions_queues.nothing_sent") if obeys else (False, "actions_queues.still_sent")
    )
    if not obeys:
        assert "@" in str(queue.text.values["origins"]), "whom to look for"


def test_an_empty_list_behind_one_that_waits_is_known() -> None:
    """Workers take from the first list that has something: what is pushed behind it stays."""
    behind = watch(lambda: {"q": Sight(3, MESSAGE), "q3": Sight(0, None)}, 0.05, consumed=True)
    before = watch(lambda: {"q": Sight(0, None), "q3": Sight(3, MESSAGE)}, 0.05, consumed=True)
    assert (behind.is_zero, before.is_zero) == (True, None)


def test_an_empty_queue_is_known_by_what_its_worker_got(redis_url: str) -> None:
    on = desk(redis_url)
    with worker(redis_url, "idle@host", "-Q", "work", "-P", "solo"):
        until(lambda: bool(on.workers.ask("ping", expected=1)))
        on = expecting(on, 1)
        params = PauseProducers()
        plan = make_plan(ACTION, params, on)
        ACTION.run(params, plan, on)
        assert [check.ok for check in ACTION.verify(params, plan, on)] == [True, True]
        with producer(redis_url, obeys=False):
            until(lambda: sum(work.begun for work in read_work(on.workers).values()))
            assert ACTION.verify(params, plan, on)[1].ok is not True


MESSAGE = b'{"headers": {"retries": 0, "origin": "gen7@shop"}}'
RETRY = b'{"headers": {"retries": 2, "origin": "gen9@worker"}}'


@pytest.mark.parametrize(
    ("looks", "consumed", "is_zero", "retries"),
    [
        ([Sight(3, MESSAGE), Sight(2, MESSAGE)], True, True, 0),  # taken from, and nothing pushed
        ([Sight(3, RETRY), Sight(3, MESSAGE)], True, False, 0),
        ([Sight(3, MESSAGE), Sight(4, RETRY)], True, True, 1),
        ([Sight(0, None), Sight(0, None)], True, None, 0),  # who knows
        ([Sight(1, MESSAGE), Sight(0, None)], True, None, 0),
        ([Sight(0, None), Sight(0, None)], False, True, 0),  # nobody takes: it would be there
        ([Sight(5, None), Sight(7, None)], False, False, 0),  # set aside meanwhile
        ([Sight(5, b"\xff not json"), Sight(6, b"[[[")], False, False, 0),
    ],
)
def test_nothing_is_said_only_where_it_can_be_known(
    looks: list[Sight], *, consumed: bool, is_zero: bool | None, retries: int
) -> None:
    left = [{"q": sight} for sight in looks]
    inflow = watch(lambda: left.pop(0) if len(left) > 1 else left[0], 0.05, consumed=consumed)
    assert (inflow.is_zero, inflow.retries) == (is_zero, retries)


def test_a_flag_whose_broker_is_gone_is_not_set() -> None:
    on = desk("redis://127.0.0.1:1/0")
    with pytest.raises(SourceError):
        make_plan(ACTION, PauseProducers(), on)
