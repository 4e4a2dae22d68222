"""Quantiles of values: between ranks `level × (n - 1)`, linear (prometheus/prometheus, promql/quantile.go)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from signals.metrics.promql.values import Floats, Mask


def quantiles(levels: Floats, values: Floats, present: Mask | None = None) -> Floats:
    """The quantile of each row at its own level, over the values that are there. NaN is the least of all values."""
    numbers = ~np.isnan(values) if present is None else present & ~np.isnan(values)
    count = np.full(len(values), values.shape[1]) if present is None else np.add.reduce(present, axis=1)
    ordered = np.sort(np.where(numbers, values, np.inf), axis=1)
    nans = count - np.add.reduce(numbers, axis=1)
    ranks = np.where(np.isnan(levels), 0.0, np.clip(levels, 0.0, 1.0)) * np.maximum(count - 1, 0)
    low = np.floor(ranks).astype(np.intp)
    high = np.minimum(np.maximum(count - 1, 0), low + 1)
    weight = ranks - low

    def at(rank: np.ndarray[tuple[int], np.dtype[np.intp]]) -> Floats:
        chosen = np.take_along_axis(ordered, np.maximum(rank - nans, 0)[:, None], axis=1)[:, 0]
        return np.where(rank < nans, np.nan, chosen)

    between = at(low) * (1 - weight) + at(high) * weight
    between = np.where(levels < 0, -np.inf, np.where(levels > 1, np.inf, between))
    return np.where(np.isnan(levels) | (count == 0), np.nan, between)
