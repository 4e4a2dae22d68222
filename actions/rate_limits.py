"""Celery's rate limits: which worker has which for a task, by its own word, and setting them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from actions.replies import tell_workers
from core.text import clean

if TYPE_CHECKING:
    from collections.abc import Mapping

    from actions.capabilities import Workers

NO_LIMIT = "none"
_REGISTERED = re.compile(r"(.+?)(?: \[(.*)\])?")
_LIMIT = re.compile(r"(?:^| )rate_limit=(\S+)")


def read_limits(workers: Workers, task: str) -> tuple[dict[str, str], tuple[str, ...]]:
    """The limit of `task` by worker that has it, and the workers that answered and do not have it."""
    limits: dict[str, str] = {}
    without = []
    for worker, registered in workers.ask("registered", {"taskinfoitems": ["rate_limit"]}).items():
        limit = _limit(registered, task)
        if limit is None:
            without.append(worker)
        else:
            limits[worker] = limit
    return limits, tuple(sorted(without))


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
