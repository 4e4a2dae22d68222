"""Where a curve is heading, from all of its samples rather than from two: direction, and when it meets a limit."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from statistics import median

from signals.reading import Series

MIN_SAMPLES = 5
"""Below five samples the interval of the slope is wider than any answer."""
RECENT_SAMPLES = (10, 5)
"""The last samples, which tell of what has just begun: five minutes of the board's grid, and two and a half."""
MAX_AUTOCORRELATION = 0.9
NOISE_SHARE = 0.1
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
    if count < MIN_SAMPLES:
        return None
    slopes = sorted(
        (later[1] - first[1]) / (later[0] - first[0])
        for index, first in enumerate(points)
        for later in points[index + 1 :]
    )
    middle = median(slopes)
    correlation = _autocorrelation(_residuals(points, middle))
    spread = 1.96 * math.sqrt(
        count * (count - 1) * (2 * count + 5) / 18 * (1 + correlation) / (1 - correlation)
    )
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
    tail, size = _tail(series, RECENT_SAMPLES[0]), _typical_size(series)
    recent = slope(tail)
    recent_direction = Direction.STEADY if recent is None else _judge(tail, recent, size)
    return _judge(series, whole, size) if recent_direction is Direction.STEADY else recent_direction


def _judge(series: Series, slope: Slope, typical_size: float) -> Direction:
    change = abs(slope.middle) * (series.times[-1] - series.times[0])
    if change <= NOISE_SHARE * typical_size or slope.low <= 0 <= slope.high:
        return Direction.STEADY
    return Direction.RISING if slope.middle > 0 else Direction.FALLING


def _typical_size(series: Series) -> float:
    """The usual size of a value."""
    return median(abs(value) for value in series.values if math.isfinite(value))


def time_to_limit(series: Series, limit: float) -> tuple[float, float] | None:
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
    windows = [series, *(_tail(series, count) for count in RECENT_SAMPLES)]
    fits = [(window, fit) for window in windows if (fit := slope(window)) is not None]
    rising = [
        (window, fit)
        for window, fit in fits
        if _judge(window, fit, _typical_size(window)) is Direction.RISING
    ]
    if not rising:
        return None
    noise = min(_residual_bound(_points(window), fit.middle) for window, fit in rising)
    fastest = max(fit.high for _, fit in rising)
    slowest = min(fit.low for _, fit in (fits if rising[0][0] is series else rising))
    return max(0.0, left - noise) / fastest, (left + noise) / slowest if slowest > 0 else math.inf


def _tail(series: Series, count: int) -> Series:
    return Series(series.labels, series.times[-count:], series.values[-count:])


def _points(series: Series) -> list[tuple[float, float]]:
    return [
        (at, value) for at, value in zip(series.times, series.values, strict=True) if math.isfinite(value)
    ]


def _residuals(points: list[tuple[float, float]], slope_per_s: float) -> list[float]:
    """The distances from the line of this slope through the middle of the points."""
    detrended = [value - slope_per_s * at for at, value in points]
    centre = median(detrended)
    return [value - centre for value in detrended]


def _residual_bound(points: list[tuple[float, float]], slope_per_s: float) -> float:
    """How far a single value lies off the line, but for one in twenty."""
    residuals = sorted(map(abs, _residuals(points, slope_per_s)))
    return residuals[math.ceil(0.95 * len(residuals)) - 1]


def _autocorrelation(residuals: list[float]) -> float:
    """The correlation of neighbours, from 0 to `MAX_AUTOCORRELATION`."""
    largest = max(map(abs, residuals))
    if largest == 0:
        return 0.0
    if not math.isfinite(largest):
        return MAX_AUTOCORRELATION
    scaled = [value / largest for value in residuals]
    power = math.fsum(value * value for value in scaled)
    return min(
        MAX_AUTOCORRELATION, max(0.0, math.fsum(first * second for first, second in pairwise(scaled)) / power)
    )
