"""Sums, means and variances without rounding between the terms."""

from __future__ import annotations

import math


def total(values: list[float]) -> float:
    """The sum, rounded once (Shewchuk, as `math.fsum`); infinities as IEEE 754 says."""
    try:
        return math.fsum(values)
    except (OverflowError, ValueError):  # intermediate overflow; inf - inf
        return sum(values)


def mean(values: list[float]) -> float:
    """The mean; the sum may overflow where the mean need not."""
    whole = total(values)
    if math.isinf(whole) and all(map(math.isfinite, values)):
        return total([value / len(values) for value in values])
    return whole / len(values)


def variance(values: list[float]) -> float:
    """The variance of the population."""
    middle = mean(values)
    return total([(value - middle) * (value - middle) for value in values]) / len(values)
