"""Which processes a service consists of, as far as they tell: its workers by remote control, itself by its metric."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping  # noqa: TC003  # part of the value
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from core.errors import WarroomError
from core.message import say
from signals.connections.broker import broker_error, ensure_connected, open_broker
from signals.settings import CelerySettings

if TYPE_CHECKING:
    from signals.settings import SignalsSettings


@dataclass(frozen=True, slots=True)
class Worker:
    """`children` are the processes of its pool; `recycles`: it replaces them by itself after so many tasks."""

    pid: int
    children: tuple[int, ...]
    recycles: bool


@dataclass(frozen=True, slots=True)
class Processes:
    """Workers by name and start times (Unix seconds) of the service by labels; None is what nobody could tell.

    `at` is when they were asked (Unix seconds), 0 where an earlier release has not written that down.
    """

    workers: Mapping[str, Worker] | None
    services: Mapping[str, float] | None
    at: float = 0.0

    def to_json(self) -> str:
        """To be kept until later."""
        return json.dumps(asdict(self))


def read_processes(text: str) -> Processes:
    """What `to_json` wrote; raises a `WarroomError`."""
    try:
        document = json.loads(text)
        workers, services = document["workers"], document["services"]
        return Processes(
            None
            if workers is None
            else {
                str(name): Worker(int(each["pid"]), tuple(map(int, each["children"])), bool(each["recycles"]))
                for name, each in workers.items()
            },
            None if services is None else {str(name): float(at) for name, at in services.items()},
            float(document.get("at", 0.0)),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise WarroomError(say("probes.bad_before", detail=type(error).__name__)) from error


def ask_workers(signals: SignalsSettings) -> dict[str, Worker]:
    """Everybody who answers in time. Blocks; raises a `SourceError`."""
    settings = signals.celery or CelerySettings()
    app, connection = open_broker(settings, signals.redis)
    try:
        with connection:
            ensure_connected(connection, settings.timeout_s)
            stats = app.control.inspect(timeout=settings.reply_wait_s, connection=connection).stats() or {}
    except Exception as error:  # a transport's own errors have no common root
        raise broker_error(error, "celery", settings.timeout_s) from error
    return {str(name): _worker(each) for name, each in sorted(stats.items()) if isinstance(each, dict)}


def _worker(stats: dict[str, Any]) -> Worker:
    pool = stats.get("pool")
    pool = pool if isinstance(pool, dict) else {}
    children = pool.get("processes")
    pids = [each for each in children if isinstance(each, int)] if isinstance(children, list) else []
    return Worker(
        int(stats.get("pid") or 0), tuple(sorted(pids)), isinstance(pool.get("max-tasks-per-child"), int)
    )


def is_gone(pid: int) -> bool:
    """Whether no process of this machine has this number."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False
