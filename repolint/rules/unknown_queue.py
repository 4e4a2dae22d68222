"""A queue that a manual purges, or adds to or takes from a worker, and that nothing uses."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from core.message import say
from repolint.facts.celery.commands import celery_calls
from repolint.facts.celery.queues import queues
from repolint.facts.celery.source import celery_source, started_workers
from repolint.facts.manual.words import nearest
from repolint.findings import at_command, meant, name
from repolint.registry import MANUAL, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from repolint.facts.celery.commands import Call
    from repolint.facts.manual.commands import Command
    from repolint.project import Project
    from runbooks.lint.finding import Finding


def check(project: Project) -> Iterator[Finding]:
    """`purge -Q X`, `control add_consumer X` and the like."""
    routing, source = project.fact(queues), celery_source(project)
    if routing is None:
        return
    known = {*routing.used, *source.declared, source.default}
    known |= {queue for _, names in started_workers(project) for queue in names or ()}
    for command, call in project.fact(celery_calls):
        for queue in _asked(command, call):
            if queue not in known and re.fullmatch(r"[\w.-]+", queue):
                other = nearest(queue, known)
                yield at_command(
                    command,
                    "unknown-queue",
                    say("repolint.unknown_queue", queue=name(queue)),
                    "likely",
                    evidence=other or ", ".join(sorted(known)),
                    fix=meant(other, say("repolint.fix_queue_without_sender", queue=name(queue))),
                )


def _asked(command: Command, call: Call) -> list[str]:
    if call.path == ("worker",):
        return []
    asked = [queue for value in command.values("-Q", "--queues") for queue in value.split(",")]
    if call.path == ("control",) and call.rest[:1] in (("add_consumer",), ("cancel_consumer",)):
        asked += call.rest[1:2]
    return asked


_APP = "from celery import Celery\n\napp = Celery('mailroom')\n"
_TASKS = (
    "from celery import shared_task\n\n\n@shared_task(queue='letters')\ndef send_letter(to):\n    return to\n"
)

RULE = Rule(
    id="unknown-queue",
    check=check,
    confidence=("likely",),
    bad={
        MANUAL: "`celery control cancel_consumer leters`\n",
        "mailroom/__init__.py": _APP,
        "mailroom/tasks.py": _TASKS,
    },
    good={
        MANUAL: "`celery control cancel_consumer letters`\n",
        "mailroom/__init__.py": _APP,
        "mailroom/tasks.py": _TASKS,
    },
)
