"""How actions reach the world: one implementation of each protocol in `actions.capabilities`.

`open_context` makes the `Context` of a plan or of a run. Connections are those of `signals.connections`, opened when they
are first needed.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from actions.model import Context
from actions.providers.celery import CeleryWorkers
from actions.providers.file import LocalFiles
from actions.providers.http import ConfiguredServers
from actions.providers.process import LocalProcesses, alone
from actions.providers.redis import BrokerRedis
from actions.providers.sql import ServiceDatabase

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from actions.release_settings import ReleasesSettings
    from actions.settings import ActionsSettings
    from signals.settings import SignalsSettings


def _drop(_: str) -> None:
    """While a plan is made, nobody reads output."""


def _never() -> bool:
    return False


def open_context(
    *,
    signals: SignalsSettings,
    settings: ActionsSettings,
    releases: ReleasesSettings,
    service: str,
    environment: str,
    actor: str,
    folder: Path,
    print_line: Callable[[str], None] = _drop,
    is_cancelled: Callable[[], bool] = _never,
    beside: Callable[[int], AbstractContextManager[None]] = alone,
    clock: Callable[[], float] = time.time,
    hide: Callable[[str], None] = _drop,
    allow_chaos: bool = False,
) -> Context:
    """Everything that an action is given. Nothing is connected yet."""
    return Context(
        signals=signals,
        settings=settings,
        releases=releases,
        service=service,
        environment=environment,
        actor=actor,
        folder=folder,
        processes=LocalProcesses(print_line, is_cancelled, beside),
        databases=ServiceDatabase(signals.postgres),
        redis=BrokerRedis(signals.redis),
        workers=CeleryWorkers(signals.celery, signals.redis, is_cancelled),
        http=ConfiguredServers(signals, releases),
        files=LocalFiles(clock),
        print_line=print_line,
        is_cancelled=is_cancelled,
        clock=clock,
        hide=hide,
        allow_chaos=allow_chaos,
    )
