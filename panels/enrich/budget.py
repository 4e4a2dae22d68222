"""Adds to a panel what a monthly budget says: spent so far, and what the month will cost if spending goes on."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from core.message import say
from core.units import quantity
from panels.limits import ORDER
from panels.state import PanelState, Part, Row
from signals.reading import Answer, Reading, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.errors import SourceError
    from core.message import Message
    from panels.spec import Budget

RATES = {"1h": 3600.0, "6h": 21_600.0, "1d": 86_400.0, "7d": 604_800.0}
"""Windows whose rates make the range: spending of the last hour may be a peak, that of the week may be over."""
KEEP_S = 60.0


@dataclass(frozen=True, slots=True)
class Projection:
    """What was seen to be spent this month, and the ends of what the whole month may cost."""

    spent: float
    low: float
    high: float


def month_of(now: float) -> tuple[float, float]:
    """Start and end (Unix seconds) of the month in UTC that `now` is in."""
    begin = datetime.fromtimestamp(now, UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    after = begin.replace(year=begin.year + begin.month // 12, month=begin.month % 12 + 1)
    return begin.timestamp(), after.timestamp()


def month_window(now: float) -> str:
    """The month so far as a PromQL duration, in whole minutes so that the same question comes back."""
    return f"{max(1, math.ceil((now - month_of(now)[0]) / 60))}m"


def project(
    spent: float, by_window: Mapping[str, float], now: float, covered_s: float | None
) -> Projection | None:
    """The cost of this month. None when no rate is known.

    `by_window` is the money spent in each of `RATES`. Where the history is shorter than a window its rate is that of
    the history; where it is shorter than the month, the part that nobody saw may have cost nothing, or as much a second
    as the highest rate says.
    """
    start, end = month_of(now)
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


def with_budget(
    state: PanelState,
    budget: Budget,
    asked: Mapping[str, Answer | SourceError],
    month: Answer | SourceError,
    covered_s: float | None,
) -> PanelState:
    """The panel with its budget: over it burns, and so does what goes over it at every rate; at one rate, it warns.

    From less than an hour no month is foretold: the range is shown, but not judged.
    """
    now = state.at or 0.0
    money = {window: _value(answer) for window, answer in asked.items()}
    found = project(_value(month), money, now, covered_s)
    if found is None or not isinstance(month, Answer):
        return state
    limit = budget.monthly_usd
    verdict, key = Verdict.OK, ""
    short = covered_s is not None and covered_s < RATES["1h"]
    if found.spent > limit:
        verdict, key = Verdict.BURNING, "panels.over_budget"
    elif found.low > limit and not short:
        verdict, key = Verdict.BURNING, "panels.will_exceed"
    elif found.high > limit and not short:
        verdict, key = Verdict.WARN, "panels.may_exceed"
    spent, low, high, most = (quantity(one, "usd") for one in (found.spent, found.low, found.high, limit))
    seen = say("panels.text", text="")
    seen_cell: tuple[Message, ...] = ()
    if covered_s is not None and covered_s < now - month_of(now)[0]:
        seen = say("panels.only_seen", span=quantity(covered_s, "s"))
        seen_cell = (say("panels.only_seen_cell", span=quantity(covered_s, "s")),)
    values = {"spent": spent, "low": low, "high": high, "limit": most, "seen": seen}
    worse = ORDER.index(verdict) < ORDER.index(state.verdict)
    rows = (
        Row((say("panels.month_row"), spent, say("panels.of_limit", limit=most), *seen_cell), verdict),
        Row((say("panels.projected_row"), say("panels.projected_range", **values)), verdict),
    )
    readings = tuple(
        Reading(name, value, "usd", month.at, month.source, month.expr, every_s=KEEP_S, called=say(key))
        for name, value, key in (
            ("month to date", found.spent, "panels.month_row"),
            ("month, at least", found.low, "panels.reading_month_low"),
            ("month, at most", found.high, "panels.reading_month_high"),
        )
    )
    return replace(
        state,
        verdict=verdict if worse else state.verdict,
        reason=say(key, **values) if worse else state.reason,
        parts=(
            *state.parts,
            Part(say("panels.month_part", **values), 1, verdict),
            Part(say("panels.projected_part", **values), 2, verdict),
        ),
        rows=(*rows, *state.rows),
        readings=(*readings, *state.readings),
    )


def _value(answer: Answer | SourceError) -> float:
    return answer.series[0].values[-1] if isinstance(answer, Answer) and answer.series else math.nan
