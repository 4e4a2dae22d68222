"""histogram_quantile and histogram_fraction over classic buckets (prometheus/prometheus, promql/quantile.go)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from signals.metrics.promql.values import Vector, distinct, drop_name, empty, leave_out
from signals.store.label_sets import LabelSets

if TYPE_CHECKING:
    from collections.abc import Callable

    from signals.metrics.promql.values import Floats, Indices, Mask
    from signals.reading import Labels

_TOLERANCE = 1e-12
"""Relative differences between cumulative buckets below this are rounding, not information."""

Bucket: TypeAlias = "tuple[float, Floats, Mask]"
"""An upper bound, and of each histogram at each time the count up to it, and whether it is there."""


def histogram_quantile(levels: Floats, vector: Vector) -> Vector:
    """The quantile of each histogram; in the +Inf bucket it is the highest finite bound."""
    return _of_buckets(vector, lambda buckets: _quantile(levels, buckets))


def histogram_fraction(lower: Floats, upper: Floats, vector: Vector) -> Vector:
    """The share of each histogram's observations between two values."""

    def fraction(buckets: list[Bucket]) -> Floats:
        count = buckets[-1][1]
        below_upper, below_lower = _rank_of(upper, buckets), _rank_of(lower, buckets)
        shares = np.where(lower >= upper, 0.0, (below_upper - below_lower) / count)
        return np.where(
            _has_top(buckets) & (count != 0) & ~np.isnan(lower) & ~np.isnan(upper), shares, np.nan
        )

    return _of_buckets(vector, fraction)


def _of_buckets(vector: Vector, function: Callable[[list[Bucket]], Floats]) -> Vector:
    """A function of each histogram's buckets; histograms of the same bounds are looked at together."""
    labels, alike = vector.labels.derived("histograms", _histograms)
    if not labels:
        return empty(vector.values.shape[1])
    shape = len(labels), vector.values.shape[1]
    values, present = np.empty(shape), np.empty(shape, bool)
    for bounds, which, tables in alike:
        buckets: list[Bucket] = []
        for bound, rows in zip(bounds, tables, strict=True):
            there = vector.present[rows]
            counts = np.where(there, vector.values[rows], 0.0).sum(
                axis=0
            )  # one bound may be written in two ways
            buckets.append((bound, counts, np.logical_or.reduce(there, axis=0)))
        values[which] = function(buckets)
        present[which] = np.logical_or.reduce([there for _, _, there in buckets], axis=0)
    return distinct(labels, values, present)


_Alike: TypeAlias = "tuple[tuple[float, ...], Indices, tuple[Indices, ...]]"
"""Bounds, the histograms that have them, and for each bound a table of rows: a column for each histogram."""


def _histograms(rows: LabelSets) -> tuple[LabelSets, list[_Alike]]:
    """The labels of all histograms, and those that are of the same bounds."""
    histograms: dict[Labels, dict[float, list[int]]] = {}
    for row, labels in enumerate(rows):
        bound = _bound(dict(labels).get("le", ""))
        if bound is not None:
            own = histograms.setdefault(leave_out(labels, ("le",)), {})
            own.setdefault(bound, []).append(row)
    alike: dict[tuple[tuple[float, int], ...], list[int]] = {}
    buckets = [dict(sorted(own.items())) for own in histograms.values()]
    for index, own in enumerate(buckets):
        alike.setdefault(tuple((bound, len(same)) for bound, same in own.items()), []).append(index)
    return LabelSets(map(drop_name, histograms)), [
        (
            tuple(bound for bound, _ in layout),
            np.array(which),
            tuple(np.array([buckets[index][bound] for index in which]).T for bound, _ in layout),
        )
        for layout, which in alike.items()
    ]


def _quantile(levels: Floats, buckets: list[Bucket]) -> Floats:
    """The quantile from cumulative buckets; NaN without a +Inf bucket, another one or observations."""
    buckets = _monotonic(buckets)
    count = buckets[-1][1]
    rank = levels * count
    value = np.full(count.shape, np.nan)
    reached = np.zeros(count.shape, bool)
    start, before = np.zeros(count.shape), np.zeros(count.shape)
    is_first = np.ones(count.shape, bool)
    for bound, counts, there in buckets[:-1]:
        here = there & ~reached & (counts >= rank)
        inside = start + (bound - start) * ((rank - before) / (counts - before))
        value = np.where(here, np.where(is_first & (bound <= 0), bound, inside), value)
        reached |= here
        start, before = np.where(there, bound, start), np.where(there, counts, before)
        is_first &= ~there
    value = np.where(reached, value, start)
    known = _has_top(buckets) & ~is_first & (count != 0)
    value = np.where(known, value, np.nan)
    value = np.where(levels < 0, -np.inf, np.where(levels > 1, np.inf, value))
    return np.where(np.isnan(levels), np.nan, value)


def _monotonic(buckets: list[Bucket]) -> list[Bucket]:
    """Counts that fall are lifted, and steps that are mere rounding are taken out."""
    _, previous, seen = buckets[0]
    fixed = buckets[:1]
    for bound, counts, there in buckets[1:]:
        near = np.abs(counts - previous) <= _TOLERANCE * (np.abs(counts) + np.abs(previous))
        kept = ~there | (seen & ((counts < previous) | near))
        previous, seen = np.where(kept, previous, counts), seen | there
        fixed.append((bound, previous, there))
    return fixed


def _has_top(buckets: list[Bucket]) -> Mask:
    bound, _, there = buckets[-1]
    return there & (bound == math.inf)


def _rank_of(limit: Floats, buckets: list[Bucket]) -> Floats:
    """How many observations lie below a value, linear inside a bucket (`BucketFraction`)."""
    count = buckets[-1][1]
    rank, before = np.zeros(count.shape), np.zeros(count.shape)
    reached = np.zeros(count.shape, bool)
    start = np.zeros(count.shape)
    is_first = np.ones(count.shape, bool)
    for bound, counts, there in buckets:
        start = np.where(is_first & (bound <= 0), -math.inf, start)
        at_start = there & ~reached & (start >= limit)
        inside = there & ~reached & ~at_start & (bound > limit)
        between = np.where(
            start == -math.inf, counts, before + (counts - before) * (limit - start) / (bound - start)
        )
        rank = np.where(at_start, before, np.where(inside, between, rank))
        reached |= at_start | inside
        start, before = np.where(there, bound, start), np.where(there, counts, before)
        is_first &= ~there
    return np.where(reached & (rank <= count), rank, count)


def _bound(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
