"""Where a curve is heading, from all of its samples rather than from two: direction, and when it meets a limit."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from signals.reading import Series

FEWEST = 5
"""Below five samples the interval of the slope is wider than any answer."""
NOISE = 0.1
"""A change over the span below this share of the usual level is steady: rates over a window are correlated, and the
interval of the slope, which takes samples as independent, is then too narrow."""


class Direction(StrEnum):
    RISING = "rising"
    STEADY = "steady"
    FALLING = "falling"


@dataclass(frozen=True, slots=True)
class Slope:
    """Change per second: the middle, and the ends of its 95 % interval."""

    low: float
    middle: float
    high: float


def slope(series: Series) -> Slope | None:
    """The median of the slopes of all pairs, with its interval; None with too few finite samples.

    P. K. Sen, "Estimates of the Regression Coefficient Based on Kendall's Tau", JASA 63 (1968), section 4.
    """
    points = [
        (at, value) for at, value in zip(series.times, series.values, strict=True) if math.isfinite(value)
    ]
    count = len(points)
    if count < FEWEST:
        return None
    slopes = sorted(
        (later[1] - first[1]) / (later[0] - first[0])
        for index, first in enumerate(points)
        for later in points[index + 1 :]
    )
    spread = 1.96 * math.sqrt(count * (count - 1) * (2 * count + 5) / 18)
    low = max(0, math.floor((len(slopes) - spread) / 2))
    high = min(len(slopes) - 1, math.ceil((len(slopes) + spread) / 2))
    return Slope(slopes[low], median(slopes), slopes[high])


def direction(series: Series) -> Direction | None:
    """Rising or falling only when the interval leaves zero out and the change stands out from noise."""
    found = slope(series)
    if found is None:
        return None
    level = median(abs(value) for value in series.values if math.isfinite(value))
    change = abs(found.middle) * (series.times[-1] - series.times[0])
    if change <= NOISE * level or found.low <= 0 <= found.high:
        return Direction.STEADY
    return Direction.RISING if found.middle > 0 else Direction.FALLING


def reaches(series: Series, limit: float) -> tuple[float, float] | None:
    """Seconds until the curve meets `limit` from below, earliest and latest (infinite when it may never).

    (0, 0) when it is there already; None when it is not rising or not known well enough.
    """
    if not series.values or not math.isfinite(series.values[-1]):
        return None
    left = limit - series.values[-1]
    if left <= 0:
        return 0.0, 0.0
    found = slope(series)
    if found is None or direction(series) is not Direction.RISING:
        return None
    return left / found.high, left / found.low if found.low > 0 else math.inf
