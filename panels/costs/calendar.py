"""The month of the bill: it begins at midnight in the bill's time zone, and has as many hours as clocks there make of it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import tzinfo

FIRST_S = 300.0
"""So long a month is too young for its sum: a counter was read a few times, and zero would look like calm."""
HOUR_S = 3600.0


@dataclass(frozen=True, slots=True)
class Month:
    """The month that `now` is in (Unix seconds)."""

    start: float
    end: float
    now: float

    @property
    def elapsed_s(self) -> float:
        """How much of it is over."""
        return self.now - self.start

    @property
    def is_young(self) -> bool:
        """Whether it has just begun."""
        return self.elapsed_s < FIRST_S

    @property
    def window(self) -> str:
        """The month so far as a PromQL duration, in whole minutes so that the same question comes back."""
        return f"{max(1, math.ceil(self.elapsed_s / 60))}m"


def month_of(now: float, zone: tzinfo) -> Month:
    """The month that `now` (Unix seconds) is in."""
    first = datetime.fromtimestamp(now, zone).replace(
        day=1, hour=0, minute=0, second=0, microsecond=0, fold=0
    )
    after = first.replace(year=first.year + first.month // 12, month=first.month % 12 + 1)
    return Month(first.timestamp(), after.timestamp(), now)


def days_between(start: float, end: float, zone: tzinfo) -> list[tuple[float, float]]:
    """Start and end of each day from the one that `start` is in to the one before `end`, by the clocks of the zone."""
    day = datetime.fromtimestamp(start, zone).replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    days = []
    while day.timestamp() < end:
        after = (day + timedelta(days=1)).replace(fold=0)
        days.append((day.timestamp(), after.timestamp()))
        day = after
    return days
