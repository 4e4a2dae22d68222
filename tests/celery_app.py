"""A Celery application of the tests: `python -m celery -A tests.celery_app worker …`, its broker in TEST_BROKER."""

from __future__ import annotations

import os
import time

from celery import Celery

app = Celery("tests", broker=os.environ["TEST_BROKER"])
app.conf.update(task_acks_late=True, worker_prefetch_multiplier=1, broker_connection_retry_on_startup=True)


@app.task(name="rest")  # type: ignore[untyped-decorator]  # celery has no types
def rest(seconds: float) -> None:
    """Work that takes so long."""
    time.sleep(seconds)
