"""What a monthly budget says, on every panel that has one: spent so far, and what the month will cost at this rate."""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from core.message import say
from core.units import quantity
from panels.enrich.registry import Enricher
from panels.fold import Contribution
from panels.state import Part, Row
from signals.reading import Answer, Reading, Verdict, server_warnings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.errors import SourceError
    from core.message import Message
    from panels.enrich.registry import PanelContext
    from panels.spec import Budget

RATES = {"1h": 3600.0, "6h": 21_600.0, "1d": 86_400.0, "7d": 604_800.0}
"""Windows whose rates make the range: spending of the last hour may be a peak, that of the week may be over."""
MAX_AGE_S = 60.0


async def _enrich(context: PanelContext) -> Contribution:
    budget = context.spec.budget
    if budget is None:
        return Contribution()
    windows = [*RATES, month_window(context.now)]
    queries = (context.cache.query(budget.spend.replace("$window", window), MAX_AGE_S) for window in windows)
    *rates, month = await asyncio.gather(*queries)
    return contribute(
        budget, dict(zip(RATES, rates, strict=True)), month, now=context.now, covered_s=await context.history
    )


@dataclass(frozen=True, slots=True)
class Projection:
    """What was seen to be spent this month, and the ends of what the whole month may cost."""

    spent: float
    low: float
    high: float


def month_bounds(now: float) -> tuple[float, float]:
    """Start and end (Unix seconds) of the month in UTC that `now` is in."""
    begin = datetime.fromtimestamp(now, UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    after = begin.replace(year=begin.year + begin.month // 12, month=begin.month % 12 + 1)
    return begin.timestamp(), after.timestamp()


def month_window(now: float) -> str:
    """The month so far as a PromQL duration, in whole minutes so that the same question comes back."""
    return f"{max(1, math.ceil((now - month_bounds(now)[0]) / 60))}m"


def project_month(
    spent: float, by_window: Mapping[str, float], now: float, covered_s: float | None
) -> Projection | None:
    """The cost of this month. None when no rate is known.

    `by_window` is the money spent in each of `RATES`. Where the history is shorter than a window its rate is that of
    the history; where it is shorter than the month, the part that nobody saw may have cost nothing, or as much a second
    as the highest rate says.
    """
    start, end = month_bounds(now)
    rates = [
        money / (RATES[window] if covered_s is None else max(1.0, min(covered_s, RATES[window])))
        for window, money in by_window.items()
        if not math.isnan(money)
    ]
    if not rates or math.isnan(spent):
        return None
    unseen_s = 0.0 if covered_s is None else max(0.0, now - start - covered_s)
    ahead_s = end - now
    return Projection(spent, spent + min(rates) * ahead_s, spent + max(rates) * (ahead_s + unseen_s))


def contribute(
    budget: Budget,
    by_window: Mapping[str, Answer | SourceError],
    month: Answer | SourceError,
    *,
    now: float,
    covered_s: float | None,
) -> Contribution:
    """Over the budget burns, and so does what goes over it at every rate; what does at one rate, warns.

    From less than an hour no month is foretold: what it will cost is not known then, and said to be so.
    """
    money = {window: _value(answer) for window, answer in by_window.items()}
    projection = project_month(_value(month), money, now, covered_s)
    if projection is None or not isinstance(month, Answer):
        return Contribution()
    limit = budget.monthly_usd
    short = covered_s is not None and covered_s < RATES["1h"]
    verdict, key = Verdict.OK, ""
    if projection.spent > limit:
        verdict, key = Verdict.BURNING, "panels.over_budget"
    elif projection.low > limit and not short:
        verdict, key = Verdict.BURNING, "panels.will_exceed"
    elif projection.high > limit and not short:
        verdict, key = Verdict.WARN, "panels.may_exceed"
    seen = say("panels.text", text="")
    seen_cell: tuple[Message, ...] = ()
    if covered_s is not None and covered_s < now - month_bounds(now)[0]:
        seen = say("panels.only_seen", span=quantity(covered_s, "s"))
        seen_cell = (say("panels.only_seen_cell", span=quantity(covered_s, "s")),)
    spent, most = quantity(projection.spent, "usd"), quantity(limit, "usd")
    low, high = quantity(projection.low, "usd"), quantity(projection.high, "usd")
    values = {"spent": spent, "low": low, "high": high, "limit": most, "seen": seen}
    month_verdict = Verdict.BURNING if projection.spent > limit else Verdict.OK
    projected = Row((say("panels.projected_row"), say("panels.projected_range", **values)), verdict)
    parts = [Part(say("panels.month_part", **values), 1, month_verdict, value=spent)]
    if short and covered_s is not None:
        why = say("panels.projected_unknown_why", span=quantity(covered_s, "s"))
        projected = Row((say("panels.projected_row"), say("panels.projected_unknown"), why), Verdict.UNKNOWN)
    else:
        parts.append(Part(say("panels.projected_part", **values), 2, verdict, value=high))
    low_usd, high_usd = (None, None) if short else (projection.low, projection.high)
    return Contribution(
        warnings=server_warnings(month, *by_window.values()),
        verdict=verdict,
        reason=say(key, **values) if key else None,
        parts=tuple(parts),
        rows=(
            Row(
                (say("panels.month_row"), spent, say("panels.of_limit", limit=most), *seen_cell),
                month_verdict,
            ),
            projected,
        ),
        rows_first=True,
        readings=(
            _reading("month to date", projection.spent, "panels.month_row", month),
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


def _value(answer: Answer | SourceError) -> float:
    return answer.series[0].values[-1] if isinstance(answer, Answer) and answer.series else math.nan


ENRICHER = Enricher(id="budget", applies=lambda spec: spec.budget is not None, enrich=_enrich)
