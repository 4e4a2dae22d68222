"""What a stretch of time cost: the requests that missed each objective in it, and their share of the error budget."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING

from core.errors import SourceError
from core.message import say
from core.units import quantity
from panels.burn_rate import BUDGET_WINDOW, WINDOWS, Count
from panels.enrich.slo import count
from panels.naming import display_name
from panels.query_cache import history_s

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from core.message import Message
    from panels.enrich.slo import Asked
    from panels.spec import Objective, PanelSpec
    from signals.reading import Answer
    from signals.sources import Sources

SHORTEST_S = 60
"""A rate over less has hardly two samples."""


async def error_budget_impact(
    specs: Iterable[PanelSpec], sources: Sources, start: datetime, end: datetime
) -> tuple[Message, ...]:
    """One sentence for each objective of each service that had requests from `start` to `end`.

    The budget is that of the 30 days before `end`. Where the source's history is shorter that is said, and where it
    begins only after `start`, no share is told: it would be too low.
    """
    seconds = max(SHORTEST_S, math.ceil((end - start).total_seconds()))
    known_s = await history_s(sources, end.timestamp())
    known_s = math.inf if known_s is None else known_s
    found: list[Message] = []
    for objective in (one for spec in specs for one in spec.objectives):
        asked = {
            name: await _ask(objective, name, sources, end.timestamp())
            for name in (f"{seconds}s", BUDGET_WINDOW)
        }
        for service, counts in sorted(count(objective, asked).by_service.items()):
            during, whole = counts.get(f"{seconds}s"), counts.get(BUDGET_WINDOW)
            if during is not None and whole is not None and during.total > 0:
                found.append(_told(objective, service, during, whole, known_s=known_s, seconds=seconds))
    return tuple(found)


async def _ask(objective: Objective, window: str, sources: Sources, at: float) -> Asked:
    exprs = (objective.buckets,) if objective.buckets else (objective.bad, objective.total)

    async def one(expr: str) -> Answer | SourceError:
        try:
            return await sources.metrics.query(expr.replace("$window", window), at)
        except SourceError as error:
            return error

    return tuple(await asyncio.gather(*map(one, exprs)))


def _told(
    objective: Objective, service: str, during: Count, whole: Count, *, known_s: float, seconds: float
) -> Message:
    name = say("panels.service_objective", service=service, name=display_name(objective))
    bad, total = f"{during.bad:.0f}", f"{during.total:.0f}"
    if known_s < seconds - SHORTEST_S:
        return say("panels.harm_partly", name=name, bad=bad, total=total)
    share = quantity(during.bad / (whole.total * (1 - objective.target)), "ratio")
    all_of_it = known_s > 0.99 * WINDOWS[BUDGET_WINDOW]
    seen = "" if all_of_it else say("panels.only_seen", span=quantity(known_s, "s"))
    return say("panels.harm", name=name, bad=bad, total=total, share=share, seen=seen)
