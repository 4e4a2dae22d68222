"""What the month will cost: a range, from the days that were seen or, of a short history, from the rates of now.

With a week of whole days or more the rest of the month is taken to be like them: the mean of the same weekday from two weeks
on, of all days before. The range is the 95 % prediction interval of that sum, days being independent and normal: with the
deviation s of n days, R days ahead cost their means ± 1.96 s sqrt(R + R²/n) (the mean method of Hyndman & Athanasopoulos,
"Forecasting: Principles and Practice", 5.4 and 5.5, summed). It is widened to what the last day and the last week say, for a
month may have changed since. With less history it reaches from the lowest to the highest rate of the last hour, six hours, day
and week. Either way what nobody saw of the month, or saw with gaps, may have cost nothing, or as much as the highest rate says.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from statistics import fmean
from typing import TYPE_CHECKING, Literal

from panels.costs.calendar import HOUR_S, days_between
from signals.reading import Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import tzinfo

    from panels.costs.calendar import Month

RATES = {"1h": 3600.0, "6h": 21_600.0, "1d": 86_400.0, "7d": 604_800.0}
"""Windows whose rates make the range: spending of the last hour may be a peak, that of the week may be over."""
LONG_RATES = ("1d", "7d")
"""Those that have all hours of a day in them."""
DAY_S = 86_400.0
FEWEST_DAYS, WEEKDAY_DAYS, MOST_DAYS = 7, 14, 28
Z_95 = 1.959964


@dataclass(frozen=True, slots=True)
class Day:
    """A day of the bill: what was seen to be spent (None: nobody saw anything), and of how many of its hours."""

    start: float
    end: float
    usd: float | None
    hours: int

    @property
    def is_whole(self) -> bool:
        """Whether all its hours were seen."""
        return self.hours >= round((self.end - self.start) / HOUR_S)


@dataclass(frozen=True, slots=True, kw_only=True)
class Projection:
    """What was seen to be spent this month (None: not known yet), and the ends of what the whole month may cost.

    `ahead_low` and `ahead_high` are the ends of what is still to be spent; the rest of `high` was, unseen.
    """

    spent: float | None
    low: float
    high: float
    ahead_low: float
    ahead_high: float
    basis: Literal["days", "rates"] = "rates"
    days: int = 0
    """Of how many days it is."""


def project_month(
    spent: float,
    by_window: Mapping[str, float],
    month: Month,
    covered_s: float | None,
    *,
    days: Sequence[Day] = (),
    gaps_s: float = 0.0,
    zone: tzinfo | None = None,
) -> Projection | None:
    """The cost of this month. None when no rate is known, or not what was spent; of a young month that may be so.

    `by_window` is the money spent in each of `RATES`. Where the history is shorter than a window its rate is that of
    the history; where it is shorter than the month, the part that nobody saw may have cost nothing, or as much a second
    as the highest rate says, and so may `gaps_s` in what was seen.
    """
    rates = rates_per_s(by_window, covered_s)
    unknown = math.isnan(spent)
    if not rates or (unknown and not month.is_young):
        return None
    unseen_s = gaps_s if covered_s is None else max(0.0, month.elapsed_s - covered_s) + gaps_s
    if unknown:
        spent, unseen_s = 0.0, month.elapsed_s
    ahead_s = month.end - month.now
    by_days = _by_days(days, month, zone) if zone is not None else None
    lowest, highest = min(rates.values()) * ahead_s, max(rates.values()) * ahead_s
    basis: Literal["days", "rates"] = "rates"
    count = 0
    if by_days is not None:
        low, high, count = by_days
        long = [rate * ahead_s for window, rate in rates.items() if window in LONG_RATES]
        lowest, highest, basis = max(0.0, min(low, *long)), max(high, *long), "days"
    unseen = (highest / ahead_s if ahead_s > 0 else max(rates.values())) * unseen_s
    return Projection(
        spent=None if unknown else spent,
        low=spent + lowest,
        high=spent + highest + unseen,
        ahead_low=lowest,
        ahead_high=highest,
        basis=basis,
        days=count,
    )


def rates_per_s(by_window: Mapping[str, float], covered_s: float | None) -> dict[str, float]:
    """Money a second in each window that is known, of which no more than `covered_s` was seen."""
    return {
        window: money / (RATES[window] if covered_s is None else max(1.0, min(covered_s, RATES[window])))
        for window, money in by_window.items()
        if not math.isnan(money)
    }


def judge_month(projection: Projection, limit: float, *, short: bool) -> tuple[Verdict, str]:
    """Over the budget burns, and so does what goes over it at either end; what does at one end, warns; and the text of why.

    From less than an hour (`short`) no month is foretold: what it will cost is not known then.
    """
    if projection.spent is not None and projection.spent > limit:
        return Verdict.BURNING, "panels.over_budget"
    if short or projection.high <= limit:
        return Verdict.OK, ""
    if projection.low > limit:
        return Verdict.BURNING, "panels.will_exceed"
    return Verdict.WARN, "panels.may_exceed"


def days_of(
    times: Sequence[float], usd: Sequence[float], start: float, end: float, zone: tzinfo
) -> tuple[Day, ...]:
    """The days from `start` to `end`, from what was spent in the hour before each of `times`."""
    hours: dict[int, list[float]] = defaultdict(list)
    bounds = days_between(start, end, zone)
    number = 0
    for at, money in zip(times, usd, strict=True):
        while number < len(bounds) - 1 and at - 1 >= bounds[number][1]:
            number += 1
        if bounds and bounds[number][0] <= at - 1 < bounds[number][1] and not math.isnan(money):
            hours[number].append(money)
    return tuple(
        Day(begin, after, sum(hours[index]) if hours[index] else None, len(hours[index]))
        for index, (begin, after) in enumerate(bounds)
    )


def _by_days(days: Sequence[Day], month: Month, zone: tzinfo | None) -> tuple[float, float, int] | None:
    """The ends of what the rest of the month costs, and of how many days that is; None of too few whole ones."""
    whole = [day for day in days if day.is_whole and day.end <= month.now][-MOST_DAYS:]
    if len(whole) < FEWEST_DAYS or zone is None:
        return None
    by_weekday: dict[int, list[float]] = defaultdict(list)
    for day in whole:
        by_weekday[_weekday(day.start, zone)].append(day.usd or 0.0)
    seasonal = len(whole) >= WEEKDAY_DAYS and len(by_weekday) == 7
    overall = fmean(day.usd or 0.0 for day in whole)
    means = {weekday: fmean(spent) if seasonal else overall for weekday, spent in by_weekday.items()}
    residuals = [money - means[weekday] for weekday, spent in by_weekday.items() for money in spent]
    free = len(whole) - (7 if seasonal else 1)
    deviation = math.sqrt(sum(residual * residual for residual in residuals) / free)
    expected = ahead = 0.0
    for begin, after in days_between(month.now, month.end, zone):
        part = (after - max(begin, month.now)) / (after - begin)
        expected += part * means.get(_weekday(begin, zone), overall)
        ahead += part
    half = Z_95 * deviation * math.sqrt(ahead + ahead * ahead / len(whole))
    return expected - half, expected + half, len(whole)


def _weekday(at: float, zone: tzinfo) -> int:
    return datetime.fromtimestamp(at, zone).weekday()
