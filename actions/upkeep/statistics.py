"""Two tests of an A/B experiment, exact to double precision, without SciPy.

Sample-ratio mismatch: Pearson's chi-square with the upper incomplete gamma function. For whole degrees of freedom
Q(1/2, x) = erfc(√x), Q(1, x) = e⁻ˣ and Q(a+1, x) = Q(a, x) + xᵃe⁻ˣ/Γ(a+1) (NIST, Digital Library of Mathematical Functions,
8.4.6, 8.4.8 and 8.8.6). Fabijan et al., “Diagnosing Sample Ratio Mismatch in Online Controlled Experiments”, KDD 2019.

Difference of means: Welch's unpooled statistic against the normal distribution, p = erfc(|z|/√2); for a hundred and more of
each the t distribution differs in the third place (NIST/SEMATECH e-Handbook, 1.3.5.3).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

MIN_EXPECTED = 5.0
"""A cell that expects fewer makes the chi-square approximation worthless (Cochran 1954)."""


@dataclass(frozen=True, slots=True)
class Ratio:
    """Whether the groups are as large as they should be."""

    chi2: float
    p_value: float


@dataclass(frozen=True, slots=True)
class Sample:
    """Outcomes of one group; `variance` is that of the sample (n - 1)."""

    count: int
    mean: float
    variance: float


@dataclass(frozen=True, slots=True)
class Means:
    """The treatment's mean less the control's, and how sure that is."""

    difference: float
    standard_error: float
    z: float
    p_value: float
    ci_low: float
    ci_high: float


def sample_ratio(counts: Sequence[int], shares: Sequence[float]) -> Ratio | None:
    """None where there is too little to say anything."""
    total = sum(counts)
    expected = [total * share for share in shares]
    if len(counts) < 2 or min(expected) < MIN_EXPECTED:
        return None
    chi2 = sum((count - wanted) ** 2 / wanted for count, wanted in zip(counts, expected, strict=True))
    return Ratio(chi2, chi_square_tail(chi2, len(counts) - 1))


def chi_square_tail(chi2: float, degrees: int) -> float:
    """The probability of so much or more by chance."""
    x = chi2 / 2
    if x <= 0:
        return 1.0
    a, tail = (0.5, math.erfc(math.sqrt(x))) if degrees % 2 else (1.0, math.exp(-x))
    while a < degrees / 2:
        tail += math.exp(a * math.log(x) - x - math.lgamma(a + 1))
        a += 1
    return min(1.0, tail)


def compare_means(control: Sample, treatment: Sample, alpha: float) -> Means | None:
    """None where nothing varies, or there are too few."""
    if min(control.count, treatment.count) < 2:
        return None
    variance = control.variance / control.count + treatment.variance / treatment.count
    if not variance > 0 or not math.isfinite(variance):
        return None
    error, difference = math.sqrt(variance), treatment.mean - control.mean
    reach = NormalDist().inv_cdf(1 - alpha / 2) * error
    z = difference / error
    return Means(
        difference=difference,
        standard_error=error,
        z=z,
        p_value=math.erfc(abs(z) / math.sqrt(2)),
        ci_low=difference - reach,
        ci_high=difference + reach,
    )
