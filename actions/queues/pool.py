"""How many tasks each worker runs at a time, by its own word, and changing that."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from actions.replies import tell_workers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from actions.capabilities import Workers
    from actions.model import Context

SETTLE_S, POLL_S = 10.0, 0.2


def resize(wanted: Mapping[str, int], context: Context) -> dict[str, str]:
    """Grow or shrink the pool of each worker to its size; what speaks against it by worker, nothing without a reply."""
    sizes = read_sizes(context.workers)
    failed: dict[str, str] = {}
    for worker, size in wanted.items():
        change = size - sizes.get(worker, size)
        if not change:
            continue
        failed |= tell_workers(context.workers, command_of(change), {"n": abs(change)}, [worker])
        context.print_line(f"{worker}: {sizes[worker]} → {size}{' failed' if worker in failed else ''}")
    _settle({name: size for name, size in wanted.items() if name not in failed}, context)
    return failed


def command_of(change: int) -> str:
    """The control command for so many more or fewer."""
    return "pool_grow" if change > 0 else "pool_shrink"


def _settle(wanted: Mapping[str, int], context: Context) -> None:
    """A worker confirms before its processes are there; who has not the size in time is found out by `verify`."""
    end = context.clock() + SETTLE_S
    while context.clock() < end:
        sizes = read_sizes(context.workers)
        if all(sizes.get(name) == size for name, size in wanted.items()):
            return
        time.sleep(POLL_S)


def read_sizes(workers: Workers) -> dict[str, int]:
    """How many processes each worker that answers has; a pool without processes counts its threads."""
    sizes = {}
    for worker, stats in sorted(workers.ask("stats").items()):  # they reply in any order
        pool: Any = stats.get("pool") if isinstance(stats, dict) else None
        size = pool.get("processes", pool.get("max-concurrency")) if isinstance(pool, dict) else None
        if isinstance(size, list):
            sizes[worker] = len(size)
        elif isinstance(size, int):
            sizes[worker] = size
    return sizes
