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
