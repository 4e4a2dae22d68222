"""A real worker comes back in stages; it steps back when refusals rise, and whoever returns again goes on from there."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from celery import Celery

from actions.catalogue import queue_hold
from actions.catalogue.queue_staged_return import ACTION, StagedReturn
from actions.errors import ActionFailed, BadParameter, Cancelled
from actions.parameters import read_parameters
from actions.planning import make_plan
from actions.queues import staged_return
from actions.queues.consumers import read_consumers
from actions.queues.pool import read_sizes
from actions.queues.return_course import read_standing, share_by_limits, share_by_sizes, share_of
from actions.queues.staged_return import _watch, set_share
from actions.rate_limits import read_limits
from actions.settings import ActionsSettings
from core.errors import SourceError
from core.message import say
from sandbox.servers import run_valkey
from tests.actions.build import context, expecting
from tests.page import Page, page_server
from tests.signals.celery.test_fleet import worker
from tests.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from actions.model import Context

NAME, QUEUE = "back@host", "work"
PARAMS = {"tasks": "rest", "rate": "6000/m", "queues": QUEUE}


def desk(broker: str, upstream: str, folder: Path) -> Context:
    refusals = [{"probe": "http", "url": upstream, "expect": "status 200"}]
    return context(
        settings=ActionsSettings.model_validate({"staged_return": {"refusals": refusals}}),
        folder=folder,
        redis={"url": broker, "timeout_s": 10.0},
        celery={"reply_wait_s": 0.5, "timeout_s": 10.0},
    )


@pytest.mark.parametrize(
    ("rate", "percent", "share"),
    [
        ("100/m", 10, "10/m"),
        ("100/m", 25, "25/m"),
        ("1/m", 10, "6/h"),
        ("10/s", 25, "2.5/s"),
        ("1/s", 10, "6/m"),
        ("1/h", 10, "0.1/h"),
        ("3/m", 50, "1.5/m"),
    ],
)
def test_a_share_of_a_limit_is_said_so_that_celery_reads_it(rate: str, percent: int, share: str) -> None:
    from celery.utils.time import rate as per_second

    assert share_of(rate, percent) == share
    assert per_second(share) == pytest.approx(per_second(rate) * percent / 100)


def test_stages_steps_back_hold_and_going_on(redis_url: str, tmp_path: Path) -> None:
    state = {"refuse_from": 101}
    params = StagedReturn.model_validate({**PARAMS, "stage": 0.05})

    def upstream(_: str) -> Page:
        standing = read_standing(on, params.course(on.settings))
        return Page(b"", 429 if standing is not None and standing.share >= state["refuse_from"] else 200)

    def limit() -> str:
        return read_limits(on.workers, "rest")[0][NAME]

    with page_server(upstream) as url, worker(redis_url, NAME, "-Q", QUEUE, "-P", "solo"):
        on = desk(redis_url, url, tmp_path)
        until(lambda: bool(on.workers.ask("ping", expected=1)))
        on = expecting(on, 1)
        hold = queue_hold.Hold(queue=QUEUE)
        queue_hold.run(hold, make_plan(queue_hold.ACTION, hold, on), on)
        for task in ("rest", "other"):
            Celery(broker=redis_url).send_task(task, args=[0.0], queue=QUEUE)
        queue_hold.keep(hold, make_plan(queue_hold.ACTION, hold, on), on)

        plan = make_plan(ACTION, params, on)
        assert (plan.blockers, plan.effects[0].value) == ((), 2)
        assert {"actions_queues.return_unlimited"} <= {each.key for each in plan.warnings}
        assert plan.steps[0].text == "10 %: rate_limit rest 600/m"

        state["refuse_from"] = 50
        with pytest.raises(ActionFailed) as failed:
            ACTION.run(params, plan, on)
        assert (failed.value.message.key, failed.value.message.values["share"]) == (
            "actions_queues.return_stays",
            25,
        )
        assert (limit(), read_consumers(on.workers, QUEUE)[0]) == ("1500/m", (NAME,))

        again = make_plan(ACTION, params, on)
        assert again.warnings[0].values == {"share": 25, "state": "held back"}
        assert again.steps[0].text == "25 %: rate_limit rest 1500/m"
        with pytest.raises(Cancelled):  # the runner is ended in the middle of a stage
            ACTION.run(params, again, replace(on, is_cancelled=lambda: True))
        assert make_plan(ACTION, params, on).warnings[0].values == {"share": 25, "state": "watching"}
        on.workers.ask(
            "rate_limit", {"task_name": "rest", "rate_limit": None}, expected=1
        )  # a restart forgets
        assert ACTION.keep is not None
        assert [each.key for each in ACTION.keep(params, again, on)] == ["actions.kept"]

        state["refuse_from"] = 1
        with pytest.raises(ActionFailed) as failed:
            ACTION.run(params, again, on)
        assert failed.value.message.key == "actions_queues.returned_to_hold"
        assert (limit(), read_consumers(on.workers, QUEUE)[0]) == ("600/m", ())
        assert all(check.ok for check in ACTION.verify(params, again, on))

        state["refuse_from"] = 101
        last = make_plan(ACTION, params, on)
        assert ACTION.run(params, last, on).is_lasting is False
        assert (limit(), read_consumers(on.workers, QUEUE)[0]) == ("6000/m", (NAME,))
        assert all(check.ok for check in ACTION.verify(params, last, on))
        assert read_standing(on, params.course(on.settings)) is None, "the next one begins anew"
        assert last.undo.call is not None
        lift = read_parameters(StagedReturn, {**last.undo.call.params, "after": "none"})
        ACTION.run(lift, make_plan(ACTION, lift, on), on)
        assert limit() == "none"


def test_another_host_takes_up_where_the_workers_stand(redis_url: str, tmp_path: Path) -> None:
    """It knows nothing of the file in which the first one keeps how far it came."""
    refuse_from = 100
    params = StagedReturn.model_validate({**PARAMS, "stage": 0.05})

    def upstream(_: str) -> Page:
        standing = read_standing(here, params.course(here.settings))
        return Page(b"", 429 if standing is not None and standing.share >= refuse_from else 200)

    def limit() -> str:
        return read_limits(here.workers, "rest")[0][NAME]

    with page_server(upstream) as url, worker(redis_url, NAME, "-Q", QUEUE, "-P", "solo"):
        here = desk(redis_url, url, tmp_path / "here")
        until(lambda: bool(here.workers.ask("ping", expected=1)))
        here, there = expecting(here, 1), expecting(desk(redis_url, url, tmp_path / "there"), 1)
        with pytest.raises(ActionFailed):
            ACTION.run(params, make_plan(ACTION, params, here), here)
        assert limit() == "3000/m", "it stays at 50 %"

        taken_up = make_plan(ACTION, params, there)
        assert taken_up.warnings[0] == say("actions_queues.return_stands", share=50)
        assert taken_up.steps[0].text == "50 %: rate_limit rest 3000/m"
        refuse_from = 101
        set_to: list[str] = []
        watched = replace(there, print_line=set_to.append)
        ACTION.run(params, taken_up, watched)
        assert [line.split(":")[0] for line in set_to] == ["50 %", "100 %"], "no worker is taken back to 10 %"
        assert limit() == "6000/m"

        anew = make_plan(ACTION, params, expecting(desk(redis_url, url, tmp_path / "third"), 1))
        assert anew.steps[0].text == "10 %: rate_limit rest 600/m", "one that came to its end is none"
        hold = queue_hold.Hold(queue=QUEUE)
        here.workers.ask("rate_limit", {"task_name": "rest", "rate_limit": "3000/m"}, expected=1)
        queue_hold.run(hold, make_plan(queue_hold.ACTION, hold, there), there)
        third = desk(redis_url, url, tmp_path / "third")
        held = make_plan(ACTION, StagedReturn(**{**PARAMS, "workers": (NAME,)}), expecting(third, 1))
        assert held.steps[0].text == "10 %: rate_limit rest 600/m", "what is held comes back from the start"


@pytest.mark.parametrize(
    ("limits", "share"),
    [
        ({"a": "50/m", "b": "50/m"}, 50),
        ({"a": "50/m", "b": "none"}, 50),
        ({"a": "50/m", "b": "25/m"}, 25),
        ({"a": "100/m", "b": "none"}, None),
        ({"a": "50/m", "b": "7/m"}, None),
        ({}, None),
    ],
)
def test_where_a_return_stands_by_the_limits_of_its_workers(
    limits: dict[str, str], share: int | None
) -> None:
    course = StagedReturn(tasks=("rest",), rate="100/m").course(ActionsSettings())
    assert share_by_limits(course, {"rest": limits}) == share


@pytest.mark.parametrize(("sizes", "share"), [({"a": 2, "b": 3}, 50), ({"a": 1}, 10), ({"a": 4}, None)])
def test_where_a_return_stands_by_its_pools(sizes: dict[str, int], share: int | None) -> None:
    course = StagedReturn(processes=4).course(ActionsSettings())
    assert share_by_sizes(course, sizes) == share


def test_a_pool_grows_with_the_stages_and_shrinks_on_the_way_back(
    redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For tasks that have no limit: what comes back is how many run at a time."""
    monkeypatch.setattr(staged_return, "MAX_BACKS", 1)  # a process that ends takes its time
    params = StagedReturn(processes=3, stages=(25, 50), stage=0.05)
    refuse_from = 100

    def upstream(_: str) -> Page:
        standing = read_standing(on, params.course(on.settings))
        return Page(b"", 429 if standing is not None and standing.share >= refuse_from else 200)

    with page_server(upstream) as url, worker(redis_url, NAME, "-c", "1"):
        on = desk(redis_url, url, tmp_path)
        until(lambda: bool(on.workers.ask("ping", expected=1)))
        on = expecting(on, 1)
        plan = make_plan(ACTION, params, on)
        assert [step.text for step in plan.steps] == ["25 %: pool of 1", "50 %: pool of 2"]
        assert ACTION.run(params, plan, on).is_lasting, "at half of it the limits are in force"
        assert read_sizes(on.workers) == {NAME: 2}
        assert [check.ok for check in ACTION.verify(params, plan, on)] == [True]
        refuse_from = 50
        with pytest.raises(ActionFailed):
            ACTION.run(params, make_plan(ACTION, params, on), on)
        assert read_sizes(on.workers) == {NAME: 1}


@pytest.mark.parametrize(
    "params",
    [
        {"tasks": "rest"},
        {"tasks": "rest", "rate": "6/m", "watch": "x"},
        {"tasks": "rest", "rate": "6/d"},
        {"tasks": "rest", "rate": "6/m", "stages": "50,25"},
        {"tasks": "rest", "rate": "6/m", "stages": "0,100"},
        {"tasks": "rest", "rate": "6/m", "stages": "10,200"},
        {"tasks": "--all", "rate": "6/m"},
    ],
)
def test_a_course_that_is_none_is_refused(params: dict[str, str]) -> None:
    on = context(redis={"url": "redis://127.0.0.1:1"})
    with pytest.raises(BadParameter):
        read_parameters(StagedReturn, params).course(on.settings)


def test_time_without_the_broker_is_no_quiet_time(tmp_path: Path) -> None:
    """Upstream refuses nothing, but nobody knows whether the workers have their limits."""
    params = read_parameters(StagedReturn, {"tasks": "rest", "rate": "6/m"}).model_copy(update={"stage": 0.1})
    with page_server(lambda _: Page(b"")) as url:
        on = desk("redis://127.0.0.1:1/0", url, tmp_path)
        with pytest.raises(ActionFailed) as failed:
            _watch(params.course(on.settings), 10, on, grace_s=0.0)
    assert failed.value.message.key == "actions_queues.return_blind"


def test_without_a_check_a_worker_or_a_broker_nothing_comes_back(redis_url: str, tmp_path: Path) -> None:
    params = read_parameters(StagedReturn, {"tasks": "rest", "rate": "6/m"})
    on = desk(redis_url, "http://127.0.0.1:1/", tmp_path)
    assert [each.key for each in make_plan(ACTION, params, on).blockers] == ["actions.no_worker_answered"]
    with run_valkey(tmp_path / "valkey") as server:
        gone = desk(server.url, "http://127.0.0.1:1/", tmp_path)
        plan = make_plan(ACTION, params, gone)
    course = params.course(gone.settings)
    with pytest.raises(SourceError):
        ACTION.run(params, plan, gone)
    assert read_standing(gone, course) is None, "where the workers stand is not known: nothing was begun"
    with pytest.raises(SourceError):
        set_share(course, 10, gone)
    assert read_standing(gone, course) is not None, "it says that it was on the way"
