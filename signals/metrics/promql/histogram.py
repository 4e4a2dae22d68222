"""histogram_quantile over classic buckets (prometheus/prometheus, promql/quantile.go, `BucketQuantile`)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from signals.metrics.promql.values import Vector, distinct, drop_name, empty, leave_out

if TYPE_CHECKING:
    from signals.metrics.promql.values import Floats
    from signals.reading import Labels

_TOLERANCE = 1e-12
"""Relative differences between cumulative buckets below this are rounding, not information."""


def histogram_quantile(levels: Floats, vector: Vector) -> Vector:
    """The quantile of each histogram; in the +Inf bucket it is the highest finite bound."""
    count = vector.values.shape[1]
    groups: dict[Labels, list[tuple[float, int]]] = {}
    for row, labels in enumerate(vector.labels):
        bound = _bound(dict(labels).get("le", ""))
        if bound is not None:
            groups.setdefault(leave_out(labels, ("le",)), []).append((bound, row))
    if not groups:
        return empty(count)
    values = np.zeros((len(groups), count))
    present = np.zeros((len(groups), count), bool)
    for index, members in enumerate(groups.values()):
        for column in range(count):
            buckets = [
                (bound, float(vector.values[row, column]))
                for bound, row in members
                if vector.present[row, column]
            ]
            if buckets:
                values[index, column], present[index, column] = (
                    bucket_quantile(float(levels[column]), buckets),
                    True,
                )
    return distinct([drop_name(labels) for labels in groups], values, present)


def bucket_quantile(level: float, buckets: list[tuple[float, float]]) -> float:  # noqa: PLR0911  # each edge has an answer of its own
    """The quantile from cumulative (upper bound, count) pairs; NaN without a +Inf bucket or observations."""
    if math.isnan(level):
        return math.nan
    if level < 0:
        return -math.inf
    if level > 1:
        return math.inf
    merged: dict[float, float] = {}
    for bound, total in sorted(buckets, key=lambda bucket: bucket[0]):
        merged[bound] = merged.get(bound, 0.0) + total
    bounds, counts = list(merged), _monotonic(list(merged.values()))
    if bounds[-1] != math.inf or len(bounds) < 2 or counts[-1] == 0:
        return math.nan
    rank = level * counts[-1]
    at = next((index for index, total in enumerate(counts[:-1]) if total >= rank), len(counts) - 1)
    if at == len(counts) - 1:
        return bounds[-2]
    if at == 0 and bounds[0] <= 0:
        return bounds[0]
    low = bounds[at - 1] if at else 0.0
    before = counts[at - 1] if at else 0.0
    inside = counts[at] - before
    if inside == 0:  # a quantile of 0 in an empty lowest bucket: 0 / 0
        return math.nan
    return low + (bounds[at] - low) * ((rank - before) / inside)


def _monotonic(counts: list[float]) -> list[float]:
    fixed = counts[:1]
    for count in counts[1:]:
        previous = fixed[-1]
        near = abs(count - previous) <= _TOLERANCE * (abs(count) + abs(previous))
        fixed.append(previous if count < previous or near else count)
    return fixed


def _bound(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
