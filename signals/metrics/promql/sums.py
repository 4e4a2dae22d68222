"""Sums and means as Prometheus 3 makes them: term after term, with what rounding lost beside them.

Prometheus adds by Kahan and Neumaier (util/kahansum). The sum that it makes is here the same, bit for bit; what was
lost is summed in another order, in which many terms can be added at once: it differs from Prometheus' by as much as
rounding it does, which is a 1e-16th of a 1e-16th of the sum.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from signals.metrics.promql.values import Floats


_WIDE = 400
"""So many sums at once that a loop over their terms costs less than pairing them."""


def total(terms: Floats) -> Floats:
    """The sum over the first axis."""
    summed, lost = _compensated(terms)
    return np.asarray(summed + lost)


def mean(terms: Floats, count: Floats | float) -> Floats:
    """The mean of `count` terms along the first axis, of which others are 0; the sum may overflow where it need not."""
    summed, lost = _compensated(terms)
    means = np.asarray(summed / count + lost / count)
    overflown = np.isinf(summed) & np.isfinite(terms).all(axis=0)
    return np.where(overflown, total(terms / count), means) if overflown.any() else means


def add(term: Floats, summed: Floats, lost: Floats) -> tuple[Floats, Floats]:
    """A sum with one more term, and all that was lost."""
    after = summed + term
    back = after - summed
    return after, np.where(np.isinf(after), 0.0, lost + ((summed - (after - back)) + (term - back)))


def _compensated(terms: Floats) -> tuple[Floats, Floats]:
    """The sum of terms one after the other, rounded each time, and what all the rounding lost."""
    wide = terms[0].size >= _WIDE
    summed, lost = _one_after_another(terms) if wide else _in_pairs(terms)
    return summed, np.where(np.isfinite(lost), lost, 0.0)


def _one_after_another(terms: Floats) -> tuple[Floats, Floats]:
    summed, lost = terms[0].copy(), np.zeros_like(terms[0])
    after, back, rest = np.empty_like(summed), np.empty_like(summed), np.empty_like(summed)
    for term in terms[1:]:  # in place: as many numbers as stay near the processor
        np.add(summed, term, out=after)
        np.subtract(after, summed, out=back)
        np.subtract(term, back, out=rest)
        np.subtract(after, back, out=back)
        np.subtract(summed, back, out=back)
        lost += back
        lost += rest
        summed, after = after, summed
    return summed, lost


def _in_pairs(terms: Floats) -> tuple[Floats, Floats]:
    summed = np.add.reduce(terms, axis=0)
    lost, left = np.zeros_like(summed), terms
    while len(left) > 1:
        half = len(left) // 2
        first, second = left[:half], left[half : 2 * half]
        both = first + second
        back = both - first
        lost += np.add.reduce((first - (both - back)) + (second - back), axis=0)  # exact, by Knuth
        left = np.concatenate([both, left[-1:]]) if len(left) % 2 else both
    return summed, lost + (left[0] - summed)
