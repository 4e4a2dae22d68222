"""Celery's rate limits: which worker has which for a task, by its own word, and setting them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from actions.replies import tell_workers
from core.text import clean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from actions.capabilities import Workers

NO_LIMIT = "none"
_REGISTERED = re.compile(r"(.+?)(?: \[(.*)\])?")
_LIMIT = re.compile(r"(?:^| )rate_limit=(\S+)")


def read_limits(workers: Workers, task: str) -> tuple[dict[str, str], tuple[str, ...]]:
    """The limit of `task` by worker that has it, and the workers that answered and do not have it."""
    by_task, answered = read_all_limits(workers, [task])
    return by_task[task], tuple(worker for worker in answered if worker not in by_task[task])


def read_all_limits(
    workers: Workers, tasks: Iterable[str]
) -> tuple[dict[str, dict[str, str]], tuple[str, ...]]:
    """The limits of several tasks by worker, asked once; and all workers that answered."""
    replies = workers.ask("registered", {"taskinfoitems": ["rate_limit"]})
    by_task = {
        task: {
            worker: limit
            for worker, registered in replies.items()
            if (limit := _limit(registered, task)) is not None
        }
        for task in tasks
    }
    return by_task, tuple(sorted(replies))


def set_limits(workers: Workers, task: str, limits: Mapping[str, str]) -> dict[str, str]:
    """Set each worker's limit; what speaks against it by worker: its own words, or nothing where it did not reply."""
    failed: dict[str, str] = {}
    for limit in sorted(set(limits.values())):
        names = [worker for worker, wanted in limits.items() if wanted == limit]
        arguments = {"task_name": task, "rate_limit": None if limit == NO_LIMIT else limit}
        failed |= tell_workers(workers, "rate_limit", arguments, names)
    return failed


def _limit(registered: object, task: str) -> str | None:
    """A registered task reads `name [rate_limit=10/m]`; without a limit `name` alone, or `None`."""
    for line in registered if isinstance(registered, list) else ():
        match = _REGISTERED.fullmatch(str(line))
        if match is not None and match[1] == task:
            limit = _LIMIT.search(match[2] or "")
            return NO_LIMIT if limit is None or limit[1] in ("None", "0") else clean(limit[1], 20)
    return None
