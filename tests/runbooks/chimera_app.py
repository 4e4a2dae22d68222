"""A Celery application with the service's name, queues, routes, limits and task names; its broker in TEST_BROKER."""

from __future__ import annotations

import os

from celery import Celery

celery_app = Celery("project_chimera", broker=os.environ["TEST_BROKER"], backend=os.environ["TEST_BROKER"])
celery_app.conf.update(
    task_routes={
        "src.tasks.match_tasks.*": {"queue": "matches"},
        "src.tasks.analysis_tasks.*": {"queue": "ai"},
        "src.tasks.team_tasks.*": {"queue": "ai"},
    },
    task_default_rate_limit="100/m",
    task_acks_late=True,
    worker_prefetch_multiplier=4,
    broker_connection_retry_on_startup=True,
)


def work() -> None:
    """Nothing: the runbooks' commands are about the worker."""


for _name in (
    "src.tasks.analysis_tasks.analyze_match_task",
    "src.tasks.team_tasks.analyze_team_task",
    "src.tasks.match_tasks.fetch_and_store_match",
):
    celery_app.task(name=_name)(work)
