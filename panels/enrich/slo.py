"""What its objectives say of a panel, service by service: burn rates, the error budget left, and when it is gone.

Every panel that has objectives has error budgets; the long windows are asked about seldom, for they change slowly.
"""

from __future__ import annotations

import asyncio
import math
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING

from core.message import say
from core.units import quantity, times
from panels.burn_rate import (
    BUDGET_WINDOW,
    PAIRS,
    WINDOWS,
    budget_left,
    burn_rate,
    exhausted_in,
    is_seen,
    judge_pair,
)
from panels.enrich.registry import Enricher
from panels.fold import Contribution, merge
from panels.limits import ORDER, worst
from panels.naming import display_name
from panels.objectives import count_queries, count_requests
from panels.state import Part, Row
from signals.reading import Answer, Reading, Verdict, server_warnings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.message import Message
    from panels.burn_rate import Count, Pair
    from panels.enrich.registry import PanelContext
    from panels.objectives import Counts
    from panels.query_cache import QueryCache
    from panels.spec import Objective

MAX_AGE_S = 300.0
"""No window is asked about more seldom than every five minutes."""


async def _enrich(context: PanelContext) -> Contribution:
    covered_s = await context.history
    counts = await asyncio.gather(
        *(_ask(objective, context.cache, covered_s) for objective in context.spec.objectives)
    )
    pairs = zip(context.spec.objectives, counts, strict=True)
    return merge([contribute(objective, asked, covered_s) for objective, asked in pairs])


async def _ask(objective: Objective, cache: QueryCache, covered_s: float | None) -> dict[str, Counts]:
    """The answers for every window."""

    async def ask(window: str) -> Counts:
        max_age = max_age_s(window, covered_s)
        exprs = count_queries(objective, window)
        return tuple(await asyncio.gather(*(cache.query(expr, max_age) for expr in exprs)))

    return dict(zip(WINDOWS, await asyncio.gather(*map(ask, WINDOWS)), strict=True))


def max_age_s(window: str, covered_s: float | None) -> float:
    """How long the counts of a window may be used again: a sixtieth of what was seen of it."""
    seen_s = WINDOWS[window] if covered_s is None else min(covered_s, WINDOWS[window])
    return min(MAX_AGE_S, seen_s / 60)


def contribute(objective: Objective, asked: Mapping[str, Counts], covered_s: float | None) -> Contribution:
    """What one objective says. `covered_s` is how much history the source has, None when it has all."""
    warnings = server_warnings(*chain.from_iterable(asked.values()))
    return replace(_judged(objective, asked, covered_s), warnings=warnings)


def _judged(objective: Objective, asked: Mapping[str, Counts], covered_s: float | None) -> Contribution:
    counted = count_requests(objective, asked)
    if counted.bounds is not None:
        return _without_bound(objective, counted.bounds)
    services = {
        name: counts
        for name, counts in counted.by_service.items()
        if any(requests.total > 0 for requests in counts.values())
    }
    if not services:
        return _without_requests(objective, covered_s)
    judged = {name: _judge(objective, counts, covered_s) for name, counts in services.items()}
    first = min(services, key=lambda name: (ORDER.index(judged[name][0]), -_burn(services[name], objective)))
    verdict, reason = judged[first]
    rows = [
        row
        for name in services
        for row in _service_rows(objective, name, services[name], judged[name][0], covered_s)
    ]
    return Contribution(
        verdict=verdict,
        reason=say("panels.of_service", service=first, reason=reason) if first else reason,
        parts=tuple(_parts(objective, services[first], verdict, covered_s)),
        rows=(*rows, *_pair_rows(objective, services[first], covered_s)),
        readings=_readings(objective, services, asked, covered_s),
    )


def _judge(
    objective: Objective, counts: Mapping[str, Count], covered_s: float | None
) -> tuple[Verdict, Message]:
    """The worst of the pairs, and its sentence.

    A pair that opens a ticket is not known for hours after a start: that is said in its row, and no reason to look.
    """
    worst_pair = (Verdict.OK, say("panels.within_limits"))
    for pair in PAIRS:
        verdict = _judge_pair(objective, pair, counts, covered_s)
        unseen = verdict is Verdict.UNKNOWN and not is_seen(pair.short, covered_s)
        if unseen and pair.verdict is not Verdict.BURNING:
            continue
        if ORDER.index(verdict) < ORDER.index(worst_pair[0]):
            key = "panels.burn_few" if verdict is Verdict.UNKNOWN else "panels.burn_over"
            if pair.long not in counts or pair.short not in counts:
                key = "panels.burn_unknown"
            elif unseen:
                key = "panels.burn_unseen"
            reason = say(
                key,
                name=display_name(objective),
                long=pair.long,
                short=pair.short,
                factor=f"{pair.factor:g}",
                fewest=f"{objective.fewest:g}",
                seen=_seen(pair.long, covered_s),
            )
            worst_pair = (verdict, reason)
    return worst_pair


def _judge_pair(
    objective: Objective, pair: Pair, counts: Mapping[str, Count], covered_s: float | None
) -> Verdict:
    return judge_pair(pair, counts, objective.target, fewest=objective.fewest, covered_s=covered_s)


def _service_rows(
    objective: Objective, service: str, counts: Mapping[str, Count], verdict: Verdict, covered_s: float | None
) -> list[Row]:
    """What is left of the budget, and how long it lasts."""
    whole = counts.get(BUDGET_WINDOW)
    if whole is None or not whole.total > 0:
        return []
    left = budget_left(whole, objective.target)
    name = say("panels.budget_row", service=service, name=display_name(objective))
    gone = verdict if left > 0 else worst([verdict, Verdict.WARN])
    if left > 0 and not is_seen(BUDGET_WINDOW, covered_s):
        cells = (name, say("panels.budget_unknown"), _spent_so_far(left))
        return [
            Row(
                (*cells, *_seen_cell(BUDGET_WINDOW, covered_s)),
                worst([verdict, Verdict.UNKNOWN]),
                "error_budget",
            )
        ]
    cells = (name, _left(left), _exhausted(counts, objective.target))
    return [Row((*cells, *_seen_cell(BUDGET_WINDOW, covered_s)), gone, "error_budget")]


def _pair_rows(objective: Objective, counts: Mapping[str, Count], covered_s: float | None) -> list[Row]:
    rows = []
    for pair in PAIRS:
        rates = [_rate(counts.get(window), objective.target) for window in (pair.long, pair.short)]
        text = say("panels.burn_row", name=display_name(objective), long=pair.long, short=pair.short)
        limit = say("panels.burn_limit", factor=f"{pair.factor:g}")
        judged = _judge_pair(objective, pair, counts, covered_s)
        cells = (text, say("panels.burn_rates", long=rates[0], short=rates[1]), limit)
        rows.append(Row((*cells, *_seen_cell(pair.long, covered_s)), judged))
    return rows


def _parts(
    objective: Objective, counts: Mapping[str, Count], verdict: Verdict, covered_s: float | None
) -> list[Part]:
    """What is left where that is known, and the burn rate that is judged: the one that is over, else that of an hour."""
    name, parts = display_name(objective), []
    whole = counts.get(BUDGET_WINDOW)
    if whole is not None and whole.total > 0:
        left = budget_left(whole, objective.target)
        if left <= 0 or is_seen(BUDGET_WINDOW, covered_s):
            part = say("panels.budget_part", name=name, left=_left(left))
            parts.append(Part(part, objective.rank, Verdict.WARN if left <= 0 else None))
    over = next((pair for pair in PAIRS if _judge_pair(objective, pair, counts, covered_s) is verdict), None)
    if over is not None and verdict in (Verdict.BURNING, Verdict.WARN):
        rate = _rate(counts.get(over.long), objective.target)
        limit = say("panels.burn_limit", factor=f"{over.factor:g}")
        text = say("panels.burn_over_part", name=name, rate=rate, window=over.long, limit=limit)
        parts.append(Part(text, objective.rank, verdict, short=say("panels.burn_short", rate=rate)))
    elif "1h" in counts and is_seen("1h", covered_s):
        rate = _rate(counts["1h"], objective.target)
        parts.append(Part(say("panels.burn_part", name=name, rate=rate), objective.rank + 1))
    return parts


def _left(left: float) -> Message:
    """What is left of a budget, or how many times over it is spent."""
    if left > 0:
        return say("panels.budget_left", share=quantity(left, "ratio"))
    return say("panels.budget_spent", times=times(1 - left))


def _spent_so_far(left: float) -> Message:
    return say("panels.budget_spent_so_far", share=quantity(1 - left, "ratio"))


def _readings(
    objective: Objective,
    services: Mapping[str, Mapping[str, Count]],
    asked: Mapping[str, Counts],
    covered_s: float | None,
) -> tuple[Reading, ...]:
    """The burn rates, each as old as the answer that it comes from."""
    readings = []
    for service, counts in services.items():
        for window, requests in counts.items():
            answer = asked[window][-1]
            if requests.total > 0 and isinstance(answer, Answer):
                name = display_name(objective)
                readings.append(
                    Reading(
                        name=" ".join(filter(None, (objective.name, "burn", window, service))),
                        value=burn_rate(requests, objective.target) if is_seen(window, covered_s) else None,
                        unit="none",
                        at=answer.at,
                        source=answer.source,
                        query=count_queries(objective, window)[0],
                        every_s=max_age_s(window, covered_s),
                        seen_s=None if covered_s is None else min(covered_s, WINDOWS[window]),
                        called=say("panels.reading_burn", name=name, window=window, service=service),
                    )
                )
    return tuple(readings)


def _without_requests(objective: Objective, covered_s: float | None) -> Contribution:
    """Nothing spends nothing, but in a moment of history that is not known, either."""
    unseen = next((pair for pair in PAIRS if not is_seen(pair.short, covered_s)), None)
    if unseen is None or unseen.verdict is not Verdict.BURNING:
        return Contribution()
    seen = _seen(unseen.long, covered_s)
    reason = say("panels.burn_unseen", name=display_name(objective), short=unseen.short, seen=seen)
    return Contribution(verdict=Verdict.UNKNOWN, reason=reason)


def _without_bound(objective: Objective, bounds: tuple[float, float]) -> Contribution:
    """No bucket ends where the objective does: the share of good requests can't be known."""
    near = " / ".join("–" if math.isinf(bound) else f"{bound:g}" for bound in bounds)
    name = display_name(objective)
    reason = say("panels.no_such_bound", name=name, bound=f"{objective.bound:g}", near=near)
    return Contribution(verdict=Verdict.UNKNOWN, reason=reason, rows=(Row((name, reason), Verdict.UNKNOWN),))


def _burn(counts: Mapping[str, Count], objective: Objective) -> float:
    rates = [
        burn_rate(requests, objective.target)
        for window, requests in counts.items()
        if window in ("5m", "1h", "6h")
    ]
    return max((rate for rate in rates if not math.isnan(rate)), default=0.0)


def _rate(requests: Count | None, target: float) -> str:
    rate = math.nan if requests is None else burn_rate(requests, target)
    return "–" if math.isnan(rate) else f"{rate:.1f}×"


def _seen_cell(window: str, covered_s: float | None) -> tuple[Message, ...]:
    """The same as a cell of its own, behind what it is about; none where all of the window was seen."""
    seen = _seen(window, covered_s)
    return (say("panels.only_seen_cell", **seen.values),) if seen.values.get("span") else ()


def _seen(window: str, covered_s: float | None) -> Message:
    """A window that is longer than the history says how much of it was seen."""
    if covered_s is None or covered_s >= WINDOWS[window]:
        return say("panels.text", text="")
    return say("panels.only_seen", span=quantity(covered_s, "s"))


def _exhausted(counts: Mapping[str, Count], target: float) -> Message:
    span = exhausted_in(counts, target)
    if span is None:
        return say("panels.not_spent")
    if span[1] == 0:
        return say("panels.budget_gone")
    if math.isinf(span[1]):
        return say("panels.gone_from", early=quantity(span[0], "s"))
    return say("panels.gone_in", early=quantity(span[0], "s"), late=quantity(span[1], "s"))


ENRICHER = Enricher(id="slo", applies=lambda spec: bool(spec.objectives), enrich=_enrich)
