"""What a stretch of time cost: the requests that missed each objective in it, and their share of the error budget."""

from __future__ import annotations

import asyncio
import math
from itertools import chain
from typing import TYPE_CHECKING

from core.errors import SourceError
from core.message import say
from core.units import quantity, times
from panels.burn_rate import BUDGET_WINDOW, WINDOWS, Count
from panels.naming import display_name
from panels.objectives import count_queries, count_requests
from panels.query_cache import history_s
from signals.reading import server_warnings, with_warnings

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from core.message import Message
    from panels.objectives import Counts
    from panels.spec import Objective, PanelSpec
    from signals.reading import Answer
    from signals.sources import Sources

MIN_SPAN_S = 60
"""A rate over less has hardly two samples."""


async def error_budget_impact(
    specs: Iterable[PanelSpec], sources: Sources, start: datetime, end: datetime
) -> tuple[Message, ...]:
    """One sentence for each objective of each service that had requests from `start` to `end`.

    The budget is that of the 30 days before `end`. Where the source's history is shorter that is said, and where it
    begins only after `start`, no share is told: it would be too low.
    """
    seconds = max(MIN_SPAN_S, math.ceil((end - start).total_seconds()))
    during_window = f"{seconds}s"
    known_s = await history_s(sources, end.timestamp())
    sentences: list[Message] = []
    for objective in (objective for spec in specs for objective in spec.objectives):
        asked = {
            window: await _ask(objective, window, sources, end.timestamp())
            for window in (during_window, BUDGET_WINDOW)
        }
        for service, counts in sorted(count_requests(objective, asked).by_service.items()):
            during, whole = counts.get(during_window), counts.get(BUDGET_WINDOW)
            if during is not None and whole is not None and during.total > 0:
                impact = _impact(objective, service, during, whole, known_s=known_s, seconds=seconds)
                sentences.append(with_warnings(impact, server_warnings(*chain.from_iterable(asked.values()))))
    return tuple(sentences)


async def budget_burnt(
    specs: Iterable[PanelSpec], sources: Sources, start: datetime, end: datetime
) -> float | None:
    """The share of a month's error budget that the worst objective lost from `start` to `end`; None where nobody can tell."""
    seconds = max(MIN_SPAN_S, math.ceil((end - start).total_seconds()))
    during_window = f"{seconds}s"
    if await history_s(sources, end.timestamp()) < seconds - MIN_SPAN_S:
        return None
    shares: list[float] = []
    for objective in (objective for spec in specs for objective in spec.objectives):
        asked = {
            window: await _ask(objective, window, sources, end.timestamp())
            for window in (during_window, BUDGET_WINDOW)
        }
        for counts in count_requests(objective, asked).by_service.values():
            during, whole = counts.get(during_window), counts.get(BUDGET_WINDOW)
            if during is not None and whole is not None and during.total > 0:
                shares.append(during.bad / (whole.total * (1 - objective.target)))
    return max(shares, default=None)


async def _ask(objective: Objective, window: str, sources: Sources, at: float) -> Counts:
    async def ask(expr: str) -> Answer | SourceError:
        try:
            return await sources.metrics.query(expr, at)
        except SourceError as error:
            return error

    return tuple(await asyncio.gather(*map(ask, count_queries(objective, window))))


def _impact(
    objective: Objective, service: str, during: Count, whole: Count, *, known_s: float, seconds: float
) -> Message:
    name = say("panels.service_objective", service=service, name=display_name(objective))
    bad, total = f"{during.bad:.0f}", f"{during.total:.0f}"
    if known_s < seconds - MIN_SPAN_S:
        return say("panels.impact_partly", name=name, bad=bad, total=total)
    share = during.bad / (whole.total * (1 - objective.target))
    all_of_it = known_s > 0.99 * WINDOWS[BUDGET_WINDOW]
    seen = "" if all_of_it else say("panels.only_seen", span=quantity(known_s, "s"))
    if share > 1:
        return say("panels.impact_over", name=name, bad=bad, total=total, times=times(share), seen=seen)
    return say("panels.impact", name=name, bad=bad, total=total, share=quantity(share, "ratio"), seen=seen)
