"""Keeps every panel up to date: each asks at its own interval, and a slow one delays itself alone."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from core.errors import Unreachable
from core.message import say
from panels.enrich.registry import enrichers
from panels.evaluate import evaluate
from panels.query_cache import QueryCache

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from actions.releases.scripts import ReleaseSchemas
    from panels.spec import PanelSpec
    from panels.state import PanelState
    from signals.celery.model import Fleet
    from signals.database.model import Schema
    from signals.sources import Sources

SOON_S = 2.0


async def poll_panels(
    specs: Iterable[PanelSpec],
    sources: Sources,
    on_state: Callable[[PanelState], None],
    paused: Callable[[], bool],
    span_s: Callable[[], float],
    *,
    schemas: ReleaseSchemas | None = None,
) -> None:
    """Judge every panel again and again until cancelled; `span_s` says how long a past its charts need."""
    cache = QueryCache(sources.metrics)
    try:
        async with asyncio.TaskGroup() as group:
            for spec in specs:
                group.create_task(
                    _poll_panel(spec, sources, cache, on_state, paused=paused, span_s=span_s, schemas=schemas)
                )
    finally:
        await cache.close()


async def poll_once(
    specs: Iterable[PanelSpec], sources: Sources, schemas: ReleaseSchemas | None = None
) -> tuple[PanelState, ...]:
    """Judge every panel one time."""
    cache = QueryCache(sources.metrics)
    judged = (evaluate(spec, sources, cache, schemas=schemas) for spec in specs)
    return tuple(await asyncio.gather(*judged))


async def _poll_panel(
    spec: PanelSpec,
    sources: Sources,
    cache: QueryCache,
    on_state: Callable[[PanelState], None],
    *,
    paused: Callable[[], bool],
    span_s: Callable[[], float],
    schemas: ReleaseSchemas | None,
) -> None:
    if any(enricher.slow and enricher.applies(spec) for enricher in enrichers()):
        on_state(await evaluate(spec, _without_slow(sources), cache, span_s()))
    while True:
        if not paused():
            state = await evaluate(spec, sources, cache, span_s(), schemas)
            on_state(state)
            incomplete = any(reading.is_missing for reading in state.readings)
            # Something is missing: look again soon, so that what has just started shows as soon as it answers.
            pause_s = min(spec.interval_s, SOON_S) if incomplete else spec.interval_s
            await asyncio.sleep(pause_s * random.uniform(0.95, 1.05))  # noqa: S311  # jitter
        else:
            await asyncio.sleep(0.2)


@dataclass(frozen=True, slots=True)
class _Unasked:
    """Stands for a source that takes seconds to answer, so that the first numbers need not wait for it."""

    name: str

    async def fleet(self) -> Fleet:
        raise Unreachable(say("signals.unasked", source=self.name))

    async def schema(self) -> Schema:
        raise Unreachable(say("signals.unasked", source=self.name))


def _without_slow(sources: Sources) -> Sources:
    """Workers are given their time to answer, and scripts of migrations are read by another program."""
    return replace(
        sources,
        fleet=_Unasked(sources.fleet.name) if sources.fleet else None,
        schema=_Unasked(sources.schema.name) if sources.schema else None,
    )
