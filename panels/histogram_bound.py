"""What only the buckets tell about a quantile: whether it lies beyond the last one, and of how many values it is."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from signals.reading import Answer, Labels


def beyond(buckets: Answer, quantile: float, labels: Labels = ()) -> float | None:
    """The highest finite bound when the quantile falls into the `+Inf` bucket, else None.

    Prometheus documentation, "Query functions", histogram_quantile: in the highest bucket the answer is the upper
    bound of the second highest. `buckets` are cumulative counts or rates by `le` and what else the quantile's series
    has as its `labels`.
    """
    counts = _own(buckets, labels)
    finite = [bound for bound in counts if math.isfinite(bound)]
    total = counts.get(math.inf)
    if total is None or not finite or not total > 0:
        return None
    highest = max(finite)
    return highest if quantile * total > counts[highest] else None


def observed(buckets: Answer, labels: Labels = ()) -> float | None:
    """Of how many observations a quantile is, when `buckets` are counts; None where they do not say."""
    return _own(buckets, labels).get(math.inf)


def _own(buckets: Answer, labels: Labels) -> dict[float, float]:
    """The buckets by bound of the series that has these labels beside `le`."""
    found = {}
    for one in buckets.series:
        own = dict(one.labels)
        bound = float(own.pop("le", "nan"))
        if own == dict(labels):
            found[bound] = one.values[-1]
    return found
