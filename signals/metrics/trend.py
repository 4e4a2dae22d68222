"""Where a curve is heading, from all of its samples rather than from two: direction, and when it meets a limit."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from statistics import median

from signals.reading import Series

FEWEST = 5
"""Below five samples the interval of the slope is wider than any answer."""
RECENT = (10, 5)
"""The last samples, which tell of what has just begun: five minutes of the board's grid, and two and a half."""
MOST_ALIKE = 0.9
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

    P. K. Sen, "Estimates of the Regression Coefficient Based on Kendall's Tau", JASA 63 (1968), section 4. Neighbours
    that are alike, as sums over a sliding window are, count for less than their number: the variance is multiplied by
    (1 + r) / (1 - r), r the correlation of neighbouring distances from the line (Bayley and Hammersley, 1946).
    """
    points = _points(series)
    count = len(points)
    if count < FEWEST:
        return None
    slopes = sorted(
        (later[1] - first[1]) / (later[0] - first[0])
        for index, first in enumerate(points)
        for later in points[index + 1 :]
    )
    middle = median(slopes)
    alike = _likeness(_off(points, middle))
    spread = 1.96 * math.sqrt(count * (count - 1) * (2 * count + 5) / 18 * (1 + alike) / (1 - alike))
    low = max(0, math.floor((len(slopes) - spread) / 2))
    high = min(len(slopes) - 1, math.ceil((len(slopes) + spread) / 2))
    return Slope(slopes[low], middle, slopes[high])


def direction(series: Series) -> Direction | None:
    """Rising or falling only when the interval leaves zero out and the change stands out from noise.

    The last samples are asked first: a storm that began a minute ago is nothing yet among the samples of half an hour.
    """
    whole = slope(series)
    if whole is None:
        return None
    last, level = _last(series, RECENT[0]), _level(series)
    recent = slope(last)
    way = Direction.STEADY if recent is None else _way(last, recent, level)
    return _way(series, whole, level) if way is Direction.STEADY else way


def _way(series: Series, found: Slope, level: float) -> Direction:
    change = abs(found.middle) * (series.times[-1] - series.times[0])
    if change <= NOISE * level or found.low <= 0 <= found.high:
        return Direction.STEADY
    return Direction.RISING if found.middle > 0 else Direction.FALLING


def _level(series: Series) -> float:
    """The usual size of a value."""
    return median(abs(value) for value in series.values if math.isfinite(value))


def reaches(series: Series, limit: float) -> tuple[float, float] | None:
    """Seconds until the curve meets `limit` from below, earliest and latest (infinite when it may never).

    (0, 0) when it is there already; None when it is not rising or not known well enough. The whole curve and its last
    samples each have a say: what began a moment ago shows in the latter alone. The ends are those of the slopes'
    intervals, and of how far single values lie off the line.
    """
    if not series.values or not math.isfinite(series.values[-1]):
        return None
    left = limit - series.values[-1]
    if left <= 0:
        return 0.0, 0.0
    windows = [series, *(_last(series, count) for count in RECENT)]
    known = [(one, found) for one in windows if (found := slope(one)) is not None]
    rising = [(one, found) for one, found in known if _way(one, found, _level(one)) is Direction.RISING]
    if not rising:
        return None
    noise = min(_noise(_points(one), found.middle) for one, found in rising)
    fastest = max(found.high for _, found in rising)
    slowest = min(found.low for _, found in (known if rising[0][0] is series else rising))
    return max(0.0, left - noise) / fastest, (left + noise) / slowest if slowest > 0 else math.inf


def _last(series: Series, count: int) -> Series:
    return Series(series.labels, series.times[-count:], series.values[-count:])


def _points(series: Series) -> list[tuple[float, float]]:
    return [
        (at, value) for at, value in zip(series.times, series.values, strict=True) if math.isfinite(value)
    ]


def _off(points: list[tuple[float, float]], per_s: float) -> list[float]:
    """The distances from the line of this slope through the middle of the points."""
    bare = [value - per_s * at for at, value in points]
    centre = median(bare)
    return [value - centre for value in bare]


def _noise(points: list[tuple[float, float]], per_s: float) -> float:
    """How far a single value lies off the line, but for one in twenty."""
    off = sorted(map(abs, _off(points, per_s)))
    return off[math.ceil(0.95 * len(off)) - 1]


def _likeness(off: list[float]) -> float:
    """The correlation of neighbours, from 0 to `MOST_ALIKE`."""
    largest = max(map(abs, off))
    if largest == 0:
        return 0.0
    if not math.isfinite(largest):
        return MOST_ALIKE
    scaled = [value / largest for value in off]
    power = math.fsum(value * value for value in scaled)
    return min(MOST_ALIKE, max(0.0, math.fsum(one * after for one, after in pairwise(scaled)) / power))
