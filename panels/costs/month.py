"""The month's money as it is asked: what panel, desk and command line know of it comes from here."""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from panels.costs.calendar import HOUR_S, month_of
from panels.costs.projection import DAY_S, MOST_DAYS, RATES, days_of, project_month
from signals.reading import Answer

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import tzinfo

    from core.errors import SourceError
    from panels.costs.calendar import Month
    from panels.costs.projection import Day, Projection
    from panels.query_cache import QueryCache

MAX_AGE_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthSeen:
    """What was asked and answered.

    `covered_s` is how much up to now anybody saw (None: nobody can say), `gaps_s` how much
    of that month had no data in between.
    """

    month: Month
    spent: Answer | SourceError
    by_window: Mapping[str, Answer | SourceError]
    covered_s: float | None
    days: tuple[Day, ...] = ()
    gaps_s: float = 0.0
    zone: tzinfo

    @property
    def is_short(self) -> bool:
        """Whether the history is too short to foretell anything."""
        return self.covered_s is not None and self.covered_s < RATES["1h"]

    @property
    def is_partly_unseen(self) -> bool:
        """Whether a part of the month is missing."""
        return self.gaps_s > 0 or (self.covered_s is not None and self.covered_s < self.month.elapsed_s)

    @property
    def projection(self) -> Projection | None:
        """The whole month."""
        return project_month(
            math.nan if self.month.is_young else value_of(self.spent),
            {window: value_of(answer) for window, answer in self.by_window.items()},
            self.month,
            self.covered_s,
            days=self.days,
            gaps_s=self.gaps_s,
            zone=self.zone,
        )


async def look_at_month(
    cache: QueryCache, spend: str, now: float, zone: tzinfo, history_s: float | None
) -> MonthSeen:
    """Ask for the month, the run rates and the hours of the last weeks; `spend` is the money in `[$window]`."""
    month = month_of(now, zone)
    windows = [*RATES, month.window]
    *rates, spent = await asyncio.gather(
        *(cache.query(spend.replace("$window", window), MAX_AGE_S) for window in windows)
    )
    start = min(month.start, now - (MOST_DAYS + 1) * DAY_S)
    # On the hours of the bill, from its midnight on.
    first = month.start - math.floor((month.start - start) / HOUR_S) * HOUR_S
    last = first + math.floor((now - first) / HOUR_S) * HOUR_S
    hours = await cache.query_range(spend.replace("$window", "1h"), first + HOUR_S, last, HOUR_S, HOUR_S)
    days, covered_s, gaps_s = _read_hours(hours, month, zone, history_s)
    return MonthSeen(
        month=month,
        spent=spent,
        by_window=dict(zip(RATES, rates, strict=True)),
        covered_s=covered_s,
        days=days,
        gaps_s=gaps_s,
        zone=zone,
    )


def value_of(answer: Answer | SourceError | None) -> float:
    """The one value; NaN without one."""
    return answer.series[0].values[-1] if isinstance(answer, Answer) and answer.series else math.nan


def _read_hours(
    hours: Answer | SourceError, month: Month, zone: tzinfo, history_s: float | None
) -> tuple[tuple[Day, ...], float | None, float]:
    """The days; since when money was counted, if that is later than the source's own beginning; and hours without data."""
    if not isinstance(hours, Answer) or not hours.series:
        return (), history_s, 0.0
    (series, *_) = hours.series
    times, usd = list(series.times), list(series.values)
    begun = times[0] - HOUR_S
    covered_s = history_s
    if begun > month.start:
        # Counting began in the middle of an hour: that hour has a value, too.
        covered_s = min(month.now - begun, math.inf if history_s is None else history_s)
    inside = [at for at in times if at > month.start]
    expected = round((inside[-1] - max(begun, month.start)) / HOUR_S) if inside else 0
    gaps_s = max(0, expected - len(inside)) * HOUR_S
    return days_of(times, usd, begun, month.now, zone), covered_s, gaps_s
