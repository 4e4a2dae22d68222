"""The memory of a fleet, fed with events."""

from __future__ import annotations

from signals.celery.workers import Workers


def test_a_worker_that_signs_off_is_told_from_one_that_falls_silent_until_it_is_back() -> None:
    workers = Workers(window_s=60, max_answer_age_s=30, task_time_limit_s=300)
    signed_off = []
    for kind in ("worker-online", "worker-offline", "worker-heartbeat"):
        workers.event({"type": kind, "hostname": "celery@a"}, 100.0)
        signed_off.append(workers.workers(101.0)[0].signed_off)
    assert signed_off == [False, True, False]


def test_a_task_that_ended_while_an_answer_was_on_its_way_is_not_active() -> None:
    """Else a worker with one process would run two tasks."""
    workers = Workers(window_s=60, max_answer_age_s=30, task_time_limit_s=300)

    def active(*tasks: str, asked_at: float, now: float) -> int | None:
        running = [{"id": task, "name": "t", "time_start": asked_at} for task in tasks]
        stats = {"pool": {"max-concurrency": 1}}
        workers.answer(
            "celery@a", now, asked_at=asked_at, stats=stats, active=running, reserved=(), queues=(), registered=(),
        )  # fmt: skip
        return workers.workers(now)[0].active

    workers.event({"type": "task-started", "hostname": "celery@a", "uuid": "1"}, 100.0)
    workers.event({"type": "task-succeeded", "hostname": "celery@a", "uuid": "1"}, 101.0)
    workers.event({"type": "task-started", "hostname": "celery@a", "uuid": "2"}, 101.1)
    assert active("1", "2", asked_at=100.5, now=102.0) == 1
    workers.event({"type": "task-retried", "hostname": "celery@a", "uuid": "2"}, 102.5)
    assert active("2", asked_at=102.2, now=103.0) == 0
    workers.event({"type": "task-started", "hostname": "celery@a", "uuid": "2"}, 103.5)
    assert active("2", asked_at=103.2, now=104.0) == 1, "the same task, tried again"
