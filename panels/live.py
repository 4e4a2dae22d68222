"""Keeps every panel up to date: each asks at its own interval, and a slow one delays itself alone."""

from __future__ import annotations

import asyncio
import random
from functools import partial
from typing import TYPE_CHECKING

from panels.asking import Questions
from panels.look import look

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from panels.settings import PanelSpec
    from panels.state import PanelState
    from signals.sources import Sources

SOON_S = 2.0


async def watch(
    specs: Iterable[PanelSpec],
    sources: Sources,
    tell: Callable[[PanelState], None],
    paused: Callable[[], bool],
    span_s: Callable[[], float],
) -> None:
    """Judge every panel again and again until cancelled; `span_s` says how long a past its charts need."""
    questions = Questions(sources.metrics)
    try:
        async with asyncio.TaskGroup() as group:
            for spec in specs:
                group.create_task(
                    _follow(spec.interval_s, partial(look, spec, sources, questions), tell, paused, span_s)
                )
    finally:
        await questions.close()


async def once(specs: Iterable[PanelSpec], sources: Sources) -> tuple[PanelState, ...]:
    """Judge every panel one time."""
    questions = Questions(sources.metrics)
    return tuple(await asyncio.gather(*(look(spec, sources, questions) for spec in specs)))


async def _follow(
    interval_s: float,
    look_: Callable[[float], Awaitable[PanelState]],
    tell: Callable[[PanelState], None],
    paused: Callable[[], bool],
    span_s: Callable[[], float],
) -> None:
    while True:
        if not paused():
            state = await look_(span_s())
            tell(state)
            incomplete = any(reading.value is None for reading in state.readings)
            # Something is missing: look again soon, so that what has just started shows as soon as it answers.
            pause_s = min(interval_s, SOON_S) if incomplete else interval_s
            await asyncio.sleep(pause_s * random.uniform(0.95, 1.05))  # noqa: S311  # jitter
        else:
            await asyncio.sleep(0.2)
