"""Which queues get tasks, and which queues the workers of the manuals consume."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from repolint.facts.celery.commands import celery_calls
from repolint.facts.celery.source import celery_source
from repolint.facts.manual.shell import WILD

if TYPE_CHECKING:
    from collections.abc import Iterator

    from repolint.facts.manual.commands import Command
    from repolint.project import Project


@dataclass(frozen=True, slots=True)
class Worker:
    """A worker that a manual starts, and the queues that it consumes (None where that can't be read)."""

    command: Command
    queues: frozenset[str] | None
    names_queues: bool


@dataclass(frozen=True, slots=True)
class Queues:
    """`of_tasks`: where tasks go that name no queue; `used`: these, and every queue that something is routed to."""

    of_tasks: frozenset[str]
    used: frozenset[str]
    default_worker: frozenset[str]
    """What a worker consumes that is started without `-Q`."""


def queues(project: Project) -> Queues | None:
    """None where the routing can't be read from the code, or no task is defined."""
    source = celery_source(project)
    if not source.tasks or source.open_ended:
        return None
    of_tasks = frozenset(source.queue_of(task) for task in source.tasks)
    return Queues(of_tasks, of_tasks | set(source.routed), _default_queues(project))


def workers(project: Project) -> tuple[Worker, ...]:
    """Every worker that the manuals start."""
    return tuple(_workers(project))


def _workers(project: Project) -> Iterator[Worker]:
    for command, call in project.fact(celery_calls):
        if call.path != ("worker",) or call.unknown:
            continue
        if not command.fenced and not command.values("-A", "--app"):
            continue  # "the `celery worker`" only names it
        asked = command.values("-Q", "--queues")
        if any(WILD in value for value in asked) or WILD in command.argv:
            yield Worker(command, None, names_queues=bool(asked))
        elif asked:
            named = frozenset(queue.strip() for value in asked for queue in value.split(","))
            yield Worker(command, named, names_queues=True)
        else:
            yield Worker(command, _default_queues(project), names_queues=False)


def _default_queues(project: Project) -> frozenset[str]:
    source = celery_source(project)
    return frozenset(source.declared or {source.default})
