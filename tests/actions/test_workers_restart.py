"""Real workers: a task that runs is finished, the process is a new one, and the first that stays away ends it."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from actions.catalogue.workers_restart import ACTION, Restart
from actions.errors import ActionFailed
from actions.planning import make_plan
from tests.actions.build import context
from tests.signals.celery.test_fleet import worker
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from actions.model import Context

NAME = "kept@host"


@pytest.fixture
def supervised(redis_url: str) -> Iterator[None]:
    """A worker that a shell starts again whenever it ends."""
    command = [sys.executable, "-m", "celery", "-A", "tests.celery_app", "worker", "-n", NAME, "-P", "solo"]
    loop = f"while :; do {shlex.join(command)} --without-gossip --without-mingle; done"
    process = subprocess.Popen(
        ["/bin/sh", "-c", loop],
        env=os.environ | {"TEST_BROKER": redis_url},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    yield
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def until_it_answers(desk: Context) -> None:
    until(lambda: desk.workers.ask("ping", expected=1))


def test_a_supervised_worker_comes_back_as_another_process(redis_url: str, supervised: None) -> None:
    printed: list[str] = []
    desk = context(printed, redis={"url": redis_url}, celery={})
    until_it_answers(desk)
    params = Restart(wait=60)
    plan = make_plan(ACTION, params, desk)
    assert (plan.target, plan.blockers) == (NAME, ())
    ACTION.run(params, plan, desk)
    assert [item.ok for item in ACTION.verify(params, plan, desk)] == [True]
    assert printed[-1].startswith(f"{NAME}: back with pid ")
    assert str(plan.facts[0].value) not in printed[-1]


def test_the_first_that_stays_away_ends_it(redis_url: str) -> None:
    desk = context(redis={"url": redis_url}, celery={"reply_wait_s": 1.0})
    with worker(redis_url, "a@host", "-P", "solo"), worker(redis_url, "b@host", "-P", "solo"):
        end = time.monotonic() + 60
        while len(desk.workers.ask("ping", expected=2)) < 2:
            assert time.monotonic() < end
        params = Restart(wait=3)
        plan = make_plan(ACTION, params, desk)
        with pytest.raises(ActionFailed) as failed:
            ACTION.run(params, plan, desk)
        assert failed.value.message.key == "actions.restart_not_back"
        assert set(desk.workers.ask("ping", expected=1)) == {"b@host"}, "the second was not touched"


def test_nobody_is_restarted_where_nobody_answers(redis_url: str) -> None:
    desk = context(redis={"url": redis_url}, celery={"reply_wait_s": 0.2})
    assert [blocker.key for blocker in make_plan(ACTION, Restart(), desk).blockers] == ["actions.no_worker"]
    plan = make_plan(ACTION, Restart(workers=("x@y",)), desk)
    assert [blocker.key for blocker in plan.blockers] == ["actions.not_answering"]
