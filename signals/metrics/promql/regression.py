"""The least-squares line through windows of samples (prometheus/prometheus, promql/functions.go, `linearRegression`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from signals.metrics.promql.sums import total

if TYPE_CHECKING:
    from signals.metrics.promql.values import Floats, Times

_STEEP = 1e3
"""How much larger than their difference two sums may be: beyond, rounding would show, and they are made exactly."""


def regression(times: Times, values: Floats, origins: Times) -> tuple[Floats, Floats]:
    """Slopes per second, and values at `origins` (ms), of the lines through windows of equal length, one a row."""
    seconds = (times - origins[:, None]) / 1000
    slope, intercept, sure = _line(seconds, values, exact=False)
    if not sure.all():
        slope[~sure], intercept[~sure], _ = _line(seconds[~sure], values[~sure], exact=True)
    first = values[:, 0]
    level = (values == first[:, None]).all(axis=1)
    infinite = level & np.isinf(first)
    return (
        np.where(infinite, np.nan, np.where(level, 0.0, slope)),
        np.where(infinite, np.nan, np.where(level, first, intercept)),
    )


def _line(
    seconds: Floats, values: Floats, *, exact: bool
) -> tuple[Floats, Floats, np.ndarray[tuple[int], np.dtype[np.bool_]]]:
    """Slope, intercept, and whether rounding of the sums does not show."""
    count = values.shape[1]
    terms = (seconds, values, seconds * values, seconds * seconds)
    if exact:
        sum_x, sum_y, sum_xy, sum_xx = (total(np.ascontiguousarray(term.T)) for term in terms)
    else:
        sum_x, sum_y, sum_xy, sum_xx = (np.add.reduce(term, axis=1) for term in terms)
    covariance = sum_xy - sum_x * sum_y / count
    variance = sum_xx - sum_x * sum_x / count
    slope = covariance / variance
    intercept = sum_y / count - slope * sum_x / count
    sure = (
        (np.abs(sum_xy) < _STEEP * np.abs(covariance))
        & (np.abs(sum_x * sum_y) < _STEEP * count * np.abs(covariance))
        & (sum_xx < _STEEP * variance)
        & (np.abs(slope * sum_x) < _STEEP * count * np.abs(intercept))
    )
    return slope, intercept, sure
