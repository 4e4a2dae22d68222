"""A worker that a manual starts on queues to which this repository sends no task."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.message import say
from repolint.facts.celery.queues import queues, workers
from repolint.facts.celery.source import celery_source
from repolint.findings import at_command, name
from repolint.registry import MANUAL, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from repolint.project import Project
    from runbooks.lint.finding import Finding


def check(project: Project) -> Iterator[Finding]:
    """Silent where some routing is computed and can't be read."""
    routing = project.fact(queues)
    for worker in project.fact(workers) if routing else ():
        if routing is None or worker.queues is None or worker.queues & routing.used:
            continue
        used = sorted(routing.used)
        yield at_command(
            worker.command,
            "worker-hears-nothing",
            say(
                "repolint.worker_hears_nothing",
                heard=name(", ".join(sorted(worker.queues))),
                used=name(", ".join(used)),
            ),
            "certain",
            evidence=next(iter(celery_source(project).routed.values()), ""),
            fix=say("repolint.fix_worker_queues", queues=name(",".join(used))),
        )


_APP = "from celery import Celery\n\napp = Celery('mailroom')\n"
_TASKS = (
    "from celery import shared_task\n\n\n@shared_task(queue='letters')\ndef send_letter(to):\n    return to\n"
)

RULE = Rule(
    id="worker-hears-nothing",
    check=check,
    confidence=("certain", "likely"),
    bad={MANUAL: "`celery -A mailroom worker`\n", "mailroom/__init__.py": _APP, "mailroom/tasks.py": _TASKS},
    good={
        MANUAL: "`celery -A mailroom worker -Q letters`\n",
        "mailroom/__init__.py": _APP,
        "mailroom/tasks.py": _TASKS,
    },
)
