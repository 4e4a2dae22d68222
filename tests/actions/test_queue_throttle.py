"""Real workers: throttled on each, by its own word; who does not answer is unconfirmed; a restart forgets and is told again."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest

from actions.catalogue.queue_throttle import ACTION, Throttle, _undo
from actions.errors import BadParameter
from actions.parameters import read_parameters
from actions.planning import make_plan
from tests.actions.build import context, expecting
from tests.signals.celery.test_fleet import worker
from tests.waiting import until

if TYPE_CHECKING:
    from actions.model import Context

A, B = "a@host", "b@host"


def until_they_answer(desk: Context, count: int) -> None:
    until(lambda: len(desk.workers.ask("ping", expected=count)) >= count)


def limits(params: Throttle, desk: Context) -> dict[str, object]:
    return {str(fact.label.values["worker"]): fact.value for fact in make_plan(ACTION, params, desk).effects}


def test_throttle_undo_restart_and_a_worker_that_does_not_answer(redis_url: str) -> None:
    printed: list[str] = []
    desk = context(printed, redis={"url": redis_url}, celery={"reply_wait_s": 3.0})
    params = Throttle(task="rest", rate="20/m")
    with worker(redis_url, A, "-P", "solo") as first:
        with worker(redis_url, B, "-P", "solo"):
            until_they_answer(desk, 2)
            whoever, desk = desk, expecting(desk, 2)
            plan = make_plan(ACTION, params, desk)
            assert plan.blockers == ()
            assert limits(params, desk) == {A: "none", B: "none"}
            assert ACTION.run(params, plan, desk).text.key == "actions.confirmed"
            assert [each.ok for each in ACTION.verify(params, plan, desk)] == [True, True]
            assert limits(params, desk) == {A: "20/m", B: "20/m"}
            assert plan.undo.call is not None
            assert plan.undo.call.params == {"task": "rest", "rate": "none"}

            os.kill(first.pid, signal.SIGSTOP)  # alive, and deaf
            slower = Throttle(task="rest", rate="5/m")
            desk.workers.ask("rate_limit", {"task_name": "rest", "rate_limit": "7/m"}, destination=[B])
            checks = {
                str(each.text.values["worker"]): each.ok for each in ACTION.verify(params, plan, whoever)
            }
            assert checks == {A: None, B: False}
            os.kill(first.pid, signal.SIGCONT)
            until_they_answer(desk, 2)
            mixed = make_plan(ACTION, slower, desk)
            assert mixed.undo.call is not None
            undo = read_parameters(Throttle, dict(mixed.undo.call.params))
            ACTION.run(slower, mixed, desk)
            ACTION.run(undo, make_plan(ACTION, undo, desk), desk)
            assert limits(params, desk) == {A: "20/m", B: "7/m"}, "each has again what it had"
        with worker(redis_url, B, "-P", "solo"):  # restarted: it knows of nothing
            until_they_answer(desk, 2)
            assert limits(params, desk)[B] == "none"
            assert ACTION.keep is not None
            assert [message.values["worker"] for message in ACTION.keep(params, plan, desk)] == [B]
            assert limits(params, desk) == {A: "20/m", B: "20/m"}
            assert ACTION.keep(params, plan, desk) == ()


def test_a_task_that_nobody_has_and_nobody_who_answers_block(redis_url: str) -> None:
    desk = context(redis={"url": redis_url}, celery={"reply_wait_s": 0.3})
    params = Throttle(task="rest", rate="1/s")
    assert [each.key for each in make_plan(ACTION, params, desk).blockers] == ["actions.no_worker_answered"]


def test_workers_reply_in_any_order_and_the_undo_is_the_same() -> None:
    """Or the plan of the runner's own process would differ from the one that was confirmed."""
    limits = {A: "20/m", B: "none", "c@host": "7/m"}
    undo = _undo("rest", limits)
    assert undo.call is not None
    assert undo.call.params == {"task": "rest", "rate": "none", "each": f"{A}=20/m,c@host=7/m"}
    assert _undo("rest", dict(reversed(limits.items()))) == undo


@pytest.mark.parametrize("rate", ["", "20", "20/d", "-1/m", "1/m; x", "∞", "٢٠/m"])
def test_a_rate_is_a_rate(rate: str) -> None:
    with pytest.raises(BadParameter):
        read_parameters(Throttle, {"task": "rest", "rate": rate})
