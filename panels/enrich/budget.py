"""What a monthly budget says, on every panel that has one: spent so far, and what the month will cost.

How both are found is said in `panels.costs.month` and `panels.costs.projection`, which the cost desk asks, too.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from core.message import say
from core.units import quantity
from panels.costs.month import MAX_AGE_S, look_at_month
from panels.costs.projection import judge_month
from panels.enrich.registry import Enricher
from panels.fold import Contribution
from panels.state import Part, Row
from signals.reading import Answer, Reading, Verdict, server_warnings

if TYPE_CHECKING:
    from core.message import Message
    from panels.costs.month import MonthSeen
    from panels.enrich.registry import PanelContext
    from panels.spec import Budget


async def _enrich(context: PanelContext) -> Contribution:
    budget = context.spec.budget
    if budget is None:
        return Contribution()
    zone, history_s = ZoneInfo(budget.time_zone), await context.history
    seen = await look_at_month(context.cache, budget.spend, context.now, zone, history_s)
    return contribute(budget, seen)


def contribute(budget: Budget, seen: MonthSeen) -> Contribution:
    """The month's rows; from less than an hour no month is foretold: what it will cost is not known then, and said to be so."""
    projection, month = seen.projection, seen.spent
    if projection is None or not isinstance(month, Answer):
        return Contribution()
    limit = math.inf if budget.monthly_usd is None else budget.monthly_usd
    short, covered_s = seen.is_short, seen.covered_s
    verdict, key = judge_month(projection, limit, short=short)
    only_seen = say("panels.text", text="")
    seen_cell: tuple[Message, ...] = ()
    if seen.is_partly_unseen and projection.spent is not None:
        span = quantity(min(covered_s or seen.month.elapsed_s, seen.month.elapsed_s) - seen.gaps_s, "s")
        only_seen = say("panels.only_seen", span=span)
        seen_cell = (say("panels.only_seen_cell", span=span),)
    most = quantity(limit, "usd")
    of_limit = () if budget.monthly_usd is None else (say("panels.of_limit", limit=most),)
    month_part = "panels.month_part" if of_limit else "panels.month_part_open"
    low, high = quantity(projection.low, "usd"), quantity(projection.high, "usd")
    spent = say("panels.month_young") if projection.spent is None else quantity(projection.spent, "usd")
    values = {"spent": spent, "low": low, "high": high, "limit": most, "seen": only_seen}
    if projection.spent is None:
        month_verdict = Verdict.UNKNOWN
    else:
        month_verdict = Verdict.BURNING if projection.spent > limit else Verdict.OK
    projected = Row((say("panels.projected_row"), say("panels.projected_range", **values)), verdict)
    parts = [Part(say(month_part, **values), 1, month_verdict, value=spent)]
    if short and covered_s is not None:
        why = say("panels.projected_unknown_why", span=quantity(covered_s, "s"))
        projected = Row((say("panels.projected_row"), say("panels.projected_unknown"), why), Verdict.UNKNOWN)
    else:
        parts.append(Part(say("panels.projected_part", **values), 2, verdict, value=high))
    low_usd, high_usd = (None, None) if short else (projection.low, projection.high)
    return Contribution(
        warnings=server_warnings(month, *seen.by_window.values()),
        verdict=verdict,
        reason=say(key, **values) if key else None,
        parts=tuple(parts),
        rows=(
            Row(
                (say("panels.month_row"), spent, *of_limit, *seen_cell),
                month_verdict,
            ),
            projected,
        ),
        rows_first=True,
        readings=(
            _reading(
                "month to date",
                projection.spent,
                "panels.month_row",
                month,
                0.0 if projection.spent is None else None,
            ),
            _reading("month, at least", low_usd, "panels.reading_month_low", month, covered_s),
            _reading("month, at most", high_usd, "panels.reading_month_high", month, covered_s),
        ),
    )


def _reading(name: str, value: float | None, key: str, month: Answer, seen_s: float | None = None) -> Reading:
    return Reading(
        name=name,
        value=value,
        unit="usd",
        at=month.at,
        source=month.source,
        query=month.expr,
        every_s=MAX_AGE_S,
        seen_s=seen_s,
        called=say(key),
    )


ENRICHER = Enricher(
    id="budget", applies=lambda spec: spec.budget is not None and bool(spec.budget.spend), enrich=_enrich
)
