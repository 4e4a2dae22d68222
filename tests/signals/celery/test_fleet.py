"""Real workers on a real broker: what is known of them is said, and silence is never called death."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from celery import Celery
from pydantic import SecretStr
from redis import Redis

from core.errors import SourceError
from signals.celery.fleet import WAKES_S, CeleryFleet
from signals.celery.model import Worker, WorkerState
from signals.celery.worker_state import ActiveTask, Evidence, infer_worker_state
from signals.celery.workers import Workers
from signals.settings import CelerySettings
from tests import waiting
from tests.own_queues import bound, listening
from tests.rabbitmq import run_rabbitmq

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

QUIET = Evidence(
    window_s=60,
    watched_s=600,
    max_answer_age_s=10,
    seen_s=1,
    answer_s=1,
    heartbeat_s=None,
    heartbeat_interval_s=2,
    signed_off_s=None,
    finished=0,
    active=(),
    waiting=0,
    backlog=False,
)


def evidence(**told: Any) -> Evidence:
    return replace(QUIET, **told)


@pytest.mark.parametrize(
    ("found", "state"),
    [
        (evidence(), "idle"),
        (evidence(finished=3, backlog=True), "working"),
        (evidence(active=(ActiveTask("t", 20, 300),)), "working"),
        (evidence(active=(ActiveTask("t", 400, 300),)), "stuck"),
        (evidence(active=(ActiveTask("t", 400, 300),), finished=1), "working"),
        (evidence(backlog=True, waiting=9), "stuck"),
        (evidence(backlog=True, waiting=9, watched_s=30), "idle"),
        (evidence(backlog=True, waiting=9, active=(ActiveTask("t", 20, 300),)), "working"),
        (evidence(answer_s=None, heartbeat_s=1), "busy"),
        (evidence(answer_s=60, heartbeat_s=60), "unknown"),
        (evidence(answer_s=60, active=(ActiveTask("t", 70, 300),)), "busy"),
        (evidence(answer_s=None, seen_s=None), "unknown"),
        (evidence(signed_off_s=5, finished=9), "unknown"),
    ],
)
def test_the_strongest_evidence_decides(found: Evidence, state: str) -> None:
    assert infer_worker_state(found)[0] == state


@contextmanager
def worker(url: str, name: str, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    command = [
        sys.executable,
        "-m",
        "celery",
        "-A",
        "tests.celery_app",
        "worker",
        "-n",
        name,
        "--without-gossip",
        "--without-mingle",
        *options,
    ]
    process = subprocess.Popen(
        command,
        env=os.environ | {"TEST_BROKER": url},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


async def until(fleet: CeleryFleet, name: str, wanted: Callable[[Worker], bool]) -> Worker:
    """The worker, as soon as it is as wanted; the last state is in the failure."""
    end = waiting.deadline(40)
    one: Worker | None = None
    while time.monotonic() < end:
        found = await fleet.fleet()
        one = next((one for one in found.workers if one.name == name), None)
        if one is not None and wanted(one):
            return one
        await asyncio.sleep(0.2)
    pytest.fail(f"{name} is {one}")


def following(url: str) -> CeleryFleet:
    return CeleryFleet(
        CelerySettings(
            broker_url=SecretStr(url), interval_s=0.5, reply_wait_s=0.7, window_s=4, task_time_limit_s=3
        )
    )


async def test_a_worker_from_idle_to_stuck(redis_url: str) -> None:
    fleet = following(redis_url)
    app = Celery(broker=redis_url, set_as_current=False)
    with worker(redis_url, "one@here", "-P", "prefork", "-c", "1"):
        try:
            idle = await until(fleet, "one@here", lambda one: one.state is WorkerState.IDLE)
            assert idle.queues == ("celery",)
            assert idle.pool_size == 1
            for _ in range(10):
                app.send_task("rest", (0.05,))
            await until(fleet, "one@here", lambda one: one.state is WorkerState.WORKING)
            app.send_task("rest", (60,))
            stuck = await until(fleet, "one@here", lambda one: one.state is WorkerState.STUCK)
            assert stuck.evidence.key == "fleet.over_limit"
            assert stuck.oldest_active_s is not None
            assert stuck.oldest_active_s > 3
        finally:
            await fleet.close()
            app.close()


async def test_a_stopped_worker_is_unknown_and_never_dead(redis_url: str) -> None:
    fleet = following(redis_url)
    with worker(redis_url, "two@here", "-P", "solo", "--without-heartbeat") as process:
        try:
            await until(fleet, "two@here", lambda one: one.state is WorkerState.IDLE)
            os.killpg(process.pid, signal.SIGSTOP)
            silent = await until(fleet, "two@here", lambda one: one.state is WorkerState.UNKNOWN)
            assert silent.evidence.key == "fleet.silent"
            assert silent.last_seen is not None
            os.killpg(process.pid, signal.SIGCONT)
            await until(fleet, "two@here", lambda one: one.state is WorkerState.IDLE)
        finally:
            await fleet.close()


def test_an_answer_counts_from_when_it_was_asked_for_and_none_does_after_the_goodbye() -> None:
    workers = Workers(window_s=60, max_answer_age_s=10, task_time_limit_s=300)
    nothing: dict[str, Any] = dict.fromkeys(("stats", "active", "reserved", "queues", "registered"))
    workers.answer("w@1", 101.5, asked_at=100.0, **nothing)
    (heard,) = workers.workers(102.0)
    assert (heard.state, heard.last_seen) == (WorkerState.IDLE, 100.0)
    workers.event({"type": "worker-offline", "hostname": "w@1"}, 103.0)
    workers.answer("w@1", 104.5, asked_at=102.9, **nothing)  # the round had begun before
    assert workers.workers(105.0)[0].signed_off
    workers.answer("w@1", 107.0, asked_at=106.0, **nothing)
    assert not workers.workers(107.0)[0].signed_off, "it is back"


async def test_one_of_two_that_is_killed_is_silent_and_never_back_in_between(redis_url: str) -> None:
    fleet = following(redis_url)
    with worker(redis_url, "stays@here", "-P", "solo"), worker(redis_url, "dies@here", "-P", "solo") as dying:
        try:
            for name in ("stays@here", "dies@here"):
                await until(fleet, name, lambda one: one.state is WorkerState.IDLE)
            os.killpg(dying.pid, signal.SIGKILL)
            gone = await until(fleet, "dies@here", lambda one: one.state is WorkerState.UNKNOWN)
            assert not gone.signed_off
            for _ in range(20):
                states = {one.name: one.state for one in (await fleet.fleet()).workers}
                # A heartbeat that waited on a busy broker may still come; an answer may not.
                assert states["dies@here"] in (WorkerState.UNKNOWN, WorkerState.BUSY)
                await asyncio.sleep(0.1)
            await until(fleet, "stays@here", lambda one: one.state is WorkerState.IDLE)
        finally:
            await fleet.close()


async def test_a_silent_broker_is_listened_to_over_one_connection(redis_url: str) -> None:
    """Each new one would be a queue taken off and bound again, and what is sent between them is lost."""
    fleet = CeleryFleet(CelerySettings(broker_url=SecretStr(redis_url), interval_s=60, reply_wait_s=0.7))
    with Redis.from_url(redis_url) as broker:

        def connections() -> int:
            return int(broker.info("stats")["total_connections_received"])

        try:
            await fleet.fleet()
            await asyncio.to_thread(waiting.until, lambda: listening(broker), "nobody listens")
            before = connections()
            await asyncio.sleep(4)
            assert listening(broker)
            assert connections() <= before + 3, "the listener's own may open late; three a second were others"
        finally:
            await fleet.close()
        assert not listening(broker)


async def test_closed_in_the_middle_of_a_round_it_leaves_no_queue_at_once(redis_url: str) -> None:
    """What it leaves bound, a Redis keeps for ever; and who quits does not wait for a round."""
    settings = CelerySettings(broker_url=SecretStr(redis_url), interval_s=0.1, reply_wait_s=30)
    fleet = CeleryFleet(settings)
    asking = asyncio.create_task(fleet.fleet())
    with Redis.from_url(redis_url) as broker:
        before = bound(broker)
        await asyncio.to_thread(waiting.until, lambda: len(bound(broker) - before) == 2, "nothing was bound")
        asking.cancel()
        began = time.monotonic()
        await fleet.close()
        assert time.monotonic() - began < 4 * WAKES_S + 1
        assert bound(broker) <= before


async def test_paused_no_worker_is_asked_until_somebody_asks(redis_url: str) -> None:
    """And what is answered then is of that moment, not of before the pause."""
    is_paused = threading.Event()
    settings = CelerySettings(broker_url=SecretStr(redis_url), interval_s=0.3, reply_wait_s=0.3)
    fleet = CeleryFleet(settings, paused=is_paused.is_set)
    with Redis.from_url(redis_url) as broker:

        def asked() -> int:
            return int(broker.info("commandstats").get("cmdstat_publish", {}).get("calls", 0))

        async def grows_within(seconds: float) -> bool:
            before = asked()
            await asyncio.sleep(seconds)
            return asked() > before

        try:
            await fleet.fleet()
            assert await grows_within(1.5)
            is_paused.set()
            await asyncio.sleep(1)  # the round that was on its way
            paused_at = time.time()
            assert not await grows_within(2)
            assert (await fleet.fleet()).at > paused_at
            await asyncio.sleep(1)
            assert not await grows_within(1)
            is_paused.clear()
            assert (await fleet.fleet()).at > paused_at + 2
            assert await grows_within(2)
        finally:
            await fleet.close()


async def test_workers_of_a_rabbitmq_are_followed_until_it_is_gone(tmp_path: Path) -> None:
    with run_rabbitmq(tmp_path) as url:
        fleet = following(url)
        app = Celery(broker=url, set_as_current=False)
        with worker(url, "rabbit@here", "-P", "solo", "-E"):
            idle = await until(fleet, "rabbit@here", lambda one: one.state is WorkerState.IDLE)
            assert idle.queues == ("celery",)
            app.send_task("rest", (0.05,))
            await until(fleet, "rabbit@here", lambda one: one.state is WorkerState.WORKING)
        app.close()
    try:
        with pytest.raises(SourceError):
            await until(fleet, "rabbit@here", lambda _: False)
    finally:
        await fleet.close()


async def test_a_broker_that_is_gone_is_said_without_its_password() -> None:
    fleet = CeleryFleet(CelerySettings(broker_url=SecretStr("redis://:hunter2@127.0.0.1:1/0"), timeout_s=1))
    try:
        with pytest.raises(SourceError) as caught:
            await fleet.fleet()
        assert "hunter2" not in str(caught.value.message)
    finally:
        await fleet.close()


def test_both_threads_may_import_celery_at_the_same_moment() -> None:
    """In an interpreter of its own, in which nobody has imported it yet."""
    code = """
import sys, threading
from pydantic import SecretStr
from redis import Redis
from signals.connections.broker import open_broker
from signals.settings import CelerySettings

sys.setswitchinterval(1e-5)
ready, failed = threading.Barrier(2), []

def work():
    ready.wait()
    try:
        open_broker(CelerySettings(broker_url=SecretStr("redis://127.0.0.1:1/0")), None)
    except Exception as error:
        failed.append(repr(error))

threads = [threading.Thread(target=work) for _ in range(2)]
for each in threads:
    each.start()
for each in threads:
    each.join()
print(failed)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
