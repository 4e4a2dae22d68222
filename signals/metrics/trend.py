"""What a curve does now: rising, steady or falling, a jump, or not known; and when it meets a limit."""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from statistics import median
from typing import NamedTuple

from signals.reading import Series

MIN_SAMPLES = 5
"""Below five samples the interval of the slope is wider than any answer."""
MAX_SAMPLES = 120
"""All pairs of samples are looked at: more than these would cost more than they tell."""
MAX_AUTOCORRELATION = 0.9
NOISE_SHARE = 0.1
"""A change over the span below this share of the usual level is noise: rates over a window are correlated, and the
interval of the slope, which takes samples as independent, is then too narrow."""
STEADY_SHARE = 0.2
"""Steady is what stays within a band of this share of its level."""
STEADY_S = 120.0
"""And does so for two minutes: less was not long enough to be measured."""
JUMP_SHARE = 0.5
"""A jump doubles a value at least, or halves it; a wobble does not."""


class Tail(NamedTuple):
    """The last samples: those of so many seconds, but at least so many."""

    span_s: float
    samples: int


RECENT, LATEST, JUMPING = Tail(300.0, 10), Tail(150.0, 5), Tail(120.0, 4)
"""Five minutes of the board's grid tell a slope that has just begun, half of them a level. A jump is over sooner."""


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


@dataclass(frozen=True, slots=True)
class Trend:
    """A direction that was measured, with the samples that show it."""

    direction: Direction
    samples: Series
    slope: Slope


@dataclass(frozen=True, slots=True)
class Jump:
    """A step from one level to another within `seconds`: too short for a slope, too much for steadiness."""

    before: float
    after: float
    seconds: float


def trend(series: Series) -> Trend | Jump | None:
    """What the last samples do; None where they show nothing for sure.

    Steady is measured, not left over: the latest samples stay in a narrow band, and in one that is narrower than what
    the slopes around them expect. A direction comes from the last minutes, else from the whole, unless these contradict.
    """
    finite = _finite(series)
    whole = slope(_thinned(finite))
    if whole is None:
        return None
    size = _typical_size(finite)
    recent_samples, latest = _tail(finite, RECENT), _tail(finite, LATEST)
    recent = slope(recent_samples) or whole
    fits = ((recent_samples, recent), (finite, whole))
    ways = [(samples, fit, _judge(samples, fit, size)) for samples, fit in fits]
    expected = max((abs(fit.middle) for _, fit, way in ways if way is not None), default=0.0)
    if _is_steady(latest, expected):
        return Trend(Direction.STEADY, latest, Slope(0.0, 0.0, 0.0))
    samples, fit, way = ways[0]
    if way is not None:
        return Trend(way, samples, fit)
    if (jump := _jump(finite)) is not None:
        return jump
    samples, fit, way = ways[1]
    if way is not None and recent.low <= fit.middle <= recent.high:
        return Trend(way, samples, fit)
    return None


def direction(series: Series) -> Direction | None:
    """The same in one word: a jump goes its way; None where nothing is sure."""
    now = trend(series)
    if isinstance(now, Jump):
        return Direction.RISING if now.after > now.before else Direction.FALLING
    return None if now is None else now.direction


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


def time_to_limit(series: Series, limit: float) -> tuple[float, float] | None:
    """Seconds until the curve meets `limit` from below, earliest and latest (infinite when it may never).

    (0, 0) when it is there already; None when it does not rise now or is not known well enough. The whole curve and its last
    samples each have a say: what began a moment ago shows in the latter alone. The ends are those of the slopes'
    intervals, and of how far single values lie off the line.
    """
    if not series.values or not math.isfinite(series.values[-1]):
        return None
    left = limit - series.values[-1]
    if left <= 0:
        return 0.0, 0.0
    finite, now = _finite(series), trend(series)
    if isinstance(now, Trend) and now.direction is not Direction.RISING:
        return None
    windows = [_thinned(finite), _tail(finite, RECENT), _tail(finite, LATEST)]
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
    slowest = min(fit.low for _, fit in (fits if rising[0][0] is windows[0] else rising))
    return max(0.0, left - noise) / fastest, (left + noise) / slowest if slowest > 0 else math.inf


def _judge(samples: Series, slope: Slope, typical_size: float) -> Direction | None:
    """Rising or falling only when the interval leaves zero out and the change stands out from noise."""
    change = abs(slope.middle) * (samples.times[-1] - samples.times[0])
    if change <= NOISE_SHARE * typical_size or slope.low <= 0 <= slope.high:
        return None
    return Direction.RISING if slope.middle > 0 else Direction.FALLING


def _is_steady(latest: Series, expected_per_s: float) -> bool:
    """Whether the latest samples stay where they are, and do not go on as the slopes around them expect."""
    span_s = latest.times[-1] - latest.times[0]
    band = max(latest.values) - min(latest.values)
    level = median(abs(value) for value in latest.values)
    flat = expected_per_s == 0 or band <= expected_per_s * span_s / 2
    return span_s >= STEADY_S and band <= STEADY_SHARE * level and flat


def _jump(finite: Series) -> Jump | None:
    """A last value that is far off the level before the last two minutes."""
    after = _tail(finite, JUMPING)
    before = _tail(_head(finite, len(finite.times) - len(after.times)), RECENT)
    if len(before.times) < MIN_SAMPLES:
        return None
    level, last = median(before.values), finite.values[-1]
    band = max(before.values) - min(before.values)
    size = abs(last - level)
    if size <= max(band, JUMP_SHARE * max(abs(level), abs(last))):
        return None
    near = max(band, NOISE_SHARE * size)
    at = max(
        at
        for at, value in zip(finite.times, finite.values, strict=True)
        if at <= before.times[-1] or abs(value - level) <= near
    )
    return Jump(level, last, finite.times[-1] - at)


def _typical_size(finite: Series) -> float:
    """The usual size of a value."""
    return median(map(abs, finite.values))


def _finite(series: Series) -> Series:
    """Without what is no number."""
    points = _points(series)
    return Series(series.labels, tuple(at for at, _ in points), tuple(value for _, value in points))


def _thinned(series: Series) -> Series:
    """Evenly, but with its last sample."""
    step = math.ceil(len(series.times) / MAX_SAMPLES) or 1
    first = (len(series.times) - 1) % step if series.times else 0
    return Series(series.labels, series.times[first::step], series.values[first::step])


def _head(series: Series, count: int) -> Series:
    return Series(series.labels, series.times[:count], series.values[:count])


def _tail(series: Series, tail: Tail) -> Series:
    start = bisect_left(series.times, series.times[-1] - tail.span_s) if series.times else 0
    start = max(0, min(start, len(series.times) - tail.samples))
    return Series(series.labels, series.times[start:], series.values[start:])


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
