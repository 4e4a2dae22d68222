"""Workers that listen where no task is sent, and queues to which nobody listens."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from core.message import say
from repolint.facts.celery.source import celery_source, started_workers
from repolint.facts.manual.shell import WILD
from repolint.facts.manual.words import nearest
from repolint.findings import at_command, meant, name
from repolint.rules.celery_rules import celery_commands, read_call

if TYPE_CHECKING:
    from collections.abc import Iterator

    from repolint.facts.celery.source import CelerySource
    from repolint.facts.manual.commands import Command
    from repolint.project import Project
    from runbooks.lint.finding import Finding


def deaf_workers(project: Project) -> Iterator[Finding]:
    """A worker that hears no queue to which this repository sends a task, or a queue to which nobody sends."""
    source = celery_source(project)
    if not source.tasks or source.open_ended:
        return
    used = {source.queue_of(task) for task in source.tasks} | set(source.routed)
    for command, heard in _workers(project, source):
        if heard is None:
            continue
        if not heard & used:
            queues = sorted(used)
            yield at_command(
                command,
                "worker-hears-nothing",
                say(
                    "repolint.worker_hears_nothing",
                    heard=name(", ".join(sorted(heard))),
                    used=name(", ".join(queues)),
                ),
                "certain",
                evidence=next(iter(source.routed.values()), ""),
                fix=say("repolint.fix_worker_queues", queues=name(",".join(queues))),
            )
        elif command.values("-Q", "--queues"):
            for queue in sorted(heard - used - {source.default}):
                other = nearest(queue, used)
                yield at_command(
                    command,
                    "queue-without-sender",
                    say("repolint.queue_without_sender", queue=name(queue)),
                    "likely",
                    evidence=f"{source.routed.get(other, '')} {other}" if other else ", ".join(sorted(used)),
                    fix=meant(other, say("repolint.fix_queue_without_sender", queue=name(queue))),
                )


def unheard_queues(project: Project) -> Iterator[Finding]:
    """Queues that get tasks although neither a documented worker nor one of the repository's files listens to them."""
    source = celery_source(project)
    workers = list(_workers(project, source))
    if not source.tasks or source.open_ended or not workers or any(heard is None for _, heard in workers):
        return
    heard: set[str] = set()
    for _, queues in started_workers(project):
        if queues is None:
            return
        heard |= set(queues) or _plain(source)
    for _, found in workers:
        heard |= found or set()
    used = {source.queue_of(task) for task in source.tasks}
    missing = sorted(used - heard)
    hears_something = [command for command, found in workers if found and found & used]
    if missing and hears_something:
        command = hears_something[0]
        yield at_command(
            command,
            "queue-without-worker",
            say("repolint.queue_without_worker", queues=name(", ".join(missing))),
            "likely",
            evidence="; ".join(source.routed.get(queue, queue) for queue in missing),
            fix=say("repolint.fix_worker_queues", queues=name(",".join(sorted(used)))),
        )


def unknown_queues(project: Project) -> Iterator[Finding]:
    """`purge -Q X`, `control add_consumer X` and the like, of a queue that nobody uses but whose name is near one."""
    source = celery_source(project)
    if not source.tasks or source.open_ended:
        return
    known = (
        {source.queue_of(task) for task in source.tasks}
        | set(source.routed)
        | source.declared
        | {source.default}
    )
    known |= {queue for _, queues in started_workers(project) for queue in queues or ()}
    for command in celery_commands(project):
        call = read_call(command)
        if call is None or call.path == ("worker",):
            continue
        asked = [queue for value in command.values("-Q", "--queues") for queue in value.split(",")]
        if call.path == ("control",) and call.rest[:1] in (("add_consumer",), ("cancel_consumer",)):
            asked += call.rest[1:2]
        for queue in asked:
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


def _plain(source: CelerySource) -> set[str]:
    """What a worker hears that is started without `-Q`."""
    return set(source.declared) or {source.default}


def _workers(project: Project, source: CelerySource) -> Iterator[tuple[Command, set[str] | None]]:
    """Each documented worker and what it hears, None where that can't be read."""
    for command in celery_commands(project):
        call = read_call(command)
        if call is None or call.path != ("worker",) or call.unknown:
            continue
        if not command.fenced and not command.values("-A", "--app"):
            continue  # "the `celery worker`" only names it
        asked = command.values("-Q", "--queues")
        if any(WILD in value for value in asked) or WILD in command.argv:
            yield command, None
        elif asked:
            yield command, {queue.strip() for value in asked for queue in value.split(",")}
        else:
            yield command, _plain(source)
