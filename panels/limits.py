"""One value against its limits: a plain number, a ratio of few requests, a quantile beyond the last bucket."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from panels.burn_rate import MIN_BAD
from signals.reading import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from panels.spec import QuerySpec
    from panels.state import PanelState
    from signals.reading import Answer, Labels

ORDER = (Verdict.BURNING, Verdict.WARN, Verdict.UNKNOWN, Verdict.OK)
"""Worst first. Unknown stands before ok: it is not a pass."""
Z_95 = 1.959964


def worst(verdicts: Sequence[Verdict]) -> Verdict:
    """The worst verdict; of nothing, unknown."""
    return min(verdicts, key=ORDER.index) if verdicts else Verdict.UNKNOWN


def worst_first(states: Iterable[PanelState]) -> list[PanelState]:
    """The panels in the order of attention; equal ones keep theirs."""
    return sorted(states, key=lambda state: ORDER.index(state.verdict))


def judge_value(spec: QuerySpec, value: float) -> Verdict:
    """One value against its limits. NaN is unknown."""
    if math.isnan(value):
        return Verdict.UNKNOWN
    sign = 1 if spec.worse == "above" else -1
    if spec.burning is not None and sign * value > sign * spec.burning:
        return Verdict.BURNING
    if spec.warn is not None and sign * value > sign * spec.warn:
        return Verdict.WARN
    return Verdict.OK


@dataclass(frozen=True, slots=True)
class Share:
    """A ratio, the ends of its 95 % interval, and of how many requests it is."""

    ratio: float
    low: float
    high: float
    total: float


def share_interval(ratio: float, total: float) -> Share:
    """With the Wilson score interval: E. B. Wilson, JASA 22 (1927). Of nothing, everything is possible."""
    if not total > 0 or math.isnan(ratio):
        return Share(ratio, 0.0, 1.0, 0.0)
    held = min(1.0, max(0.0, ratio))
    spread = Z_95 * Z_95 / total
    centre = (held + spread / 2) / (1 + spread)
    half = Z_95 * math.sqrt(held * (1 - held) / total + spread / (4 * total)) / (1 + spread)
    return Share(ratio, max(0.0, centre - half), min(1.0, centre + half), total)


def judge_share(spec: QuerySpec, share: Share) -> Verdict:
    """As its limits say where even the better end of the interval is over them; unknown where that is not so."""
    verdict = judge_value(spec, share.ratio)
    if verdict in (Verdict.OK, Verdict.UNKNOWN):
        return verdict
    bad = (share.ratio if spec.worse == "above" else 1 - share.ratio) * share.total
    if share.total < spec.fewest or bad < MIN_BAD - 0.5:  # extrapolated counts are no whole numbers
        return Verdict.UNKNOWN
    sure = judge_value(spec, share.low if spec.worse == "above" else share.high)
    return Verdict.UNKNOWN if sure is Verdict.OK else sure


def exceeded_bound(buckets: Answer, quantile: float, labels: Labels = ()) -> float | None:
    """The highest finite bound when the quantile falls into the `+Inf` bucket, else None.

    Prometheus documentation, "Query functions", histogram_quantile: in the highest bucket the answer is the upper
    bound of the second highest. `buckets` are cumulative counts or rates by `le` and what else the quantile's series
    has as its `labels`.
    """
    counts = _by_bound(buckets, labels)
    finite = [bound for bound in counts if math.isfinite(bound)]
    total = counts.get(math.inf)
    if total is None or not finite or not total > 0:
        return None
    highest = max(finite)
    return highest if quantile * total > counts[highest] else None


def observation_count(buckets: Answer, labels: Labels = ()) -> float | None:
    """Of how many observations a quantile is, when `buckets` are counts; None where they do not say."""
    return _by_bound(buckets, labels).get(math.inf)


def _by_bound(buckets: Answer, labels: Labels) -> dict[float, float]:
    """The buckets by bound of the series that has these labels beside `le`."""
    counts = {}
    for series in buckets.series:
        own = dict(series.labels)
        bound = float(own.pop("le", "nan"))
        if own == dict(labels):
            counts[bound] = series.values[-1]
    return counts
