"""Queues that get tasks although no worker, documented or started by a file of the repository, consumes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.message import say
from repolint.facts.celery.queues import queues, workers
from repolint.facts.celery.source import celery_source, started_workers
from repolint.findings import at_command, name
from repolint.registry import MANUAL, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from repolint.project import Project
    from runbooks.lint.finding import Finding


def check(project: Project) -> Iterator[Finding]:
    """Said once, at the first documented worker that gets tasks; silent where any worker's queues can't be read."""
    routing, source = project.fact(queues), celery_source(project)
    documented = project.fact(workers)
    started = [names for _, names in started_workers(project)]
    if routing is None or None in started or any(worker.queues is None for worker in documented):
        return
    consumed: set[str] = set()
    for names in started:
        consumed |= set(names or routing.default_worker)
    for worker in documented:
        consumed |= worker.queues or frozenset()
    missing = sorted(routing.of_tasks - consumed)
    busy = [worker.command for worker in documented if worker.queues and worker.queues & routing.of_tasks]
    if missing and busy:
        yield at_command(
            busy[0],
            "queue-without-worker",
            say("repolint.queue_without_worker", queues=name(", ".join(missing))),
            "likely",
            evidence="; ".join(source.routed.get(queue, queue) for queue in missing),
            fix=say("repolint.fix_worker_queues", queues=name(",".join(sorted(routing.of_tasks)))),
        )


_APP = "from celery import Celery\n\napp = Celery('mailroom')\n"
_TASKS = """from celery import shared_task


@shared_task(queue='letters')
def send_letter(to):
    return to


@shared_task(queue='parcels')
def send_parcel(to):
    return to
"""

RULE = Rule(
    id="queue-without-worker",
    check=check,
    confidence=("likely",),
    bad={
        MANUAL: "`celery -A mailroom worker -Q letters`\n",
        "mailroom/__init__.py": _APP,
        "mailroom/tasks.py": _TASKS,
    },
    good={
        MANUAL: "`celery -A mailroom worker -Q letters,parcels`\n",
        "mailroom/__init__.py": _APP,
        "mailroom/tasks.py": _TASKS,
    },
)
