"""A queue behind a worker's `-Q` to which nothing is sent, beside queues that get tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.message import say
from repolint.facts.celery.queues import queues, workers
from repolint.facts.celery.source import celery_source
from repolint.facts.manual.words import nearest
from repolint.findings import at_command, meant, name
from repolint.registry import MANUAL, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from repolint.project import Project
    from runbooks.lint.finding import Finding


def check(project: Project) -> Iterator[Finding]:
    """A worker none of whose queues gets a task is another rule's."""
    routing, source = project.fact(queues), celery_source(project)
    for worker in project.fact(workers):
        if routing is None or worker.queues is None or not worker.names_queues:
            continue
        if not worker.queues & routing.used:
            continue
        for queue in sorted(worker.queues - routing.used - {source.default}):
            other = nearest(queue, routing.used)
            place = f"{source.routed.get(other, '')} {other}"
            yield at_command(
                worker.command,
                "queue-without-sender",
                say("repolint.queue_without_sender", queue=name(queue)),
                "likely",
                evidence=place if other else ", ".join(sorted(routing.used)),
                fix=meant(other, say("repolint.fix_queue_without_sender", queue=name(queue))),
            )


_APP = "from celery import Celery\n\napp = Celery('mailroom')\n"
_TASKS = (
    "from celery import shared_task\n\n\n@shared_task(queue='letters')\ndef send_letter(to):\n    return to\n"
)

RULE = Rule(
    id="queue-without-sender",
    check=check,
    confidence=("likely",),
    bad={
        MANUAL: "`celery -A mailroom worker -Q letters,parcels`\n",
        "mailroom/__init__.py": _APP,
        "mailroom/tasks.py": _TASKS,
    },
    good={
        MANUAL: "`celery -A mailroom worker -Q letters`\n",
        "mailroom/__init__.py": _APP,
        "mailroom/tasks.py": _TASKS,
    },
)
