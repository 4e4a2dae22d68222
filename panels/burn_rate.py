"""How fast an error budget is spent: the multi-window, multi-burn-rate arithmetic, without a word about metrics.

Google, "The Site Reliability Workbook", chapter 5, "Alerting on SLOs", table 5-8 (for a window of 30 days).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from signals.reading import Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

WINDOWS = {
    "5m": 300,
    "30m": 1800,
    "1h": 3600,
    "2h": 7200,
    "6h": 21_600,
    "1d": 86_400,
    "3d": 259_200,
    "30d": 2_592_000,
}
"""Seconds of each window, by its PromQL name. The last one is the objective's own."""
BUDGET_WINDOW = "30d"
SEEN_SHARE = 0.25
"""A window of which less was seen is not known: nothing wrong in one second is no good month."""
MIN_BAD = 3
"""One or two failures are a blip, whatever ratio they make."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A condition that holds only when both windows burn faster than `factor`."""

    factor: float
    long: str
    short: str
    verdict: Verdict


PAIRS = (
    Pair(14.4, "1h", "5m", Verdict.BURNING),
    Pair(6, "6h", "30m", Verdict.BURNING),
    Pair(3, "1d", "2h", Verdict.WARN),
    Pair(1, "3d", "6h", Verdict.WARN),
)
"""The two that page burn, the two that open a ticket warn."""


@dataclass(frozen=True, slots=True)
class Count:
    """Requests in a window: the bad ones, and all."""

    bad: float
    total: float


def burn_rate(count: Count, target: float) -> float:
    """Error ratio over budget; 1 spends the budget exactly in the objective's window. NaN without requests."""
    return count.bad / count.total / (1 - target) if count.total > 0 else math.nan


def budget_left(count: Count, target: float) -> float:
    """The share of the budget that is left; negative when it is overspent. NaN without requests."""
    return 1 - burn_rate(count, target)


def is_seen(window: str, covered_s: float | None) -> bool:
    """Whether enough of a window was seen to say that it is well; `covered_s` is the history, None for all."""
    return covered_s is None or covered_s >= SEEN_SHARE * WINDOWS[window]


def judge_pair(
    pair: Pair, counts: Mapping[str, Count], target: float, *, fewest: float, covered_s: float | None = None
) -> Verdict:
    """The pair's verdict when both windows are over; unknown when they are, but on too few requests to tell.

    Too few are fewer than `fewest` in the short window, or one or two failures in the long one. Windows that are not
    over are well only where one of them was seen (`covered_s`): what was not may have been over.
    """
    long, short = counts.get(pair.long), counts.get(pair.short)
    if long is None or short is None:
        return Verdict.UNKNOWN
    if not (burn_rate(long, target) > pair.factor and burn_rate(short, target) > pair.factor):
        return Verdict.OK if is_seen(pair.short, covered_s) else Verdict.UNKNOWN
    few = short.total < fewest or long.bad < MIN_BAD - 0.5  # extrapolated counts are no whole numbers
    return Verdict.UNKNOWN if few else pair.verdict


def exhausted_in(counts: Mapping[str, Count], target: float) -> tuple[float, float] | None:
    """Seconds until the budget is gone at the rates of the last 5 min and the last hour, earliest first.

    (0, 0) when it is gone; None when nothing is being spent or nothing is known.
    """
    whole = counts.get(BUDGET_WINDOW)
    rates = [burn_rate(counts[name], target) for name in ("5m", "1h") if name in counts]
    if whole is None or math.isnan(left := budget_left(whole, target)):
        return None
    if left <= 0:
        return 0.0, 0.0
    ends = sorted(left * WINDOWS[BUDGET_WINDOW] / rate for rate in rates if rate > 0)
    return (ends[0], ends[-1] if len(ends) == len(rates) else math.inf) if ends else None
