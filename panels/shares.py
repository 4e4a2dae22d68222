"""A ratio of counted requests: how well it is known, and whether it is known well enough to be judged."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from panels.enrich.burn import FEWEST_BAD
from panels.limits import judge_value
from signals.reading import Verdict

if TYPE_CHECKING:
    from panels.settings import QuerySpec

Z_95 = 1.959964


@dataclass(frozen=True, slots=True)
class Share:
    """A ratio, the ends of its 95 % interval, and of how many requests it is."""

    ratio: float
    low: float
    high: float
    total: float


def share(ratio: float, total: float) -> Share:
    """With the Wilson score interval: E. B. Wilson, JASA 22 (1927). Of nothing, everything is possible."""
    if not total > 0 or math.isnan(ratio):
        return Share(ratio, 0.0, 1.0, 0.0)
    held = min(1.0, max(0.0, ratio))
    spread = Z_95 * Z_95 / total
    centre = (held + spread / 2) / (1 + spread)
    half = Z_95 * math.sqrt(held * (1 - held) / total + spread / (4 * total)) / (1 + spread)
    return Share(ratio, max(0.0, centre - half), min(1.0, centre + half), total)


def judge_share(spec: QuerySpec, found: Share) -> Verdict:
    """As its limits say where even the better end of the interval is over them; unknown where that is not so."""
    verdict = judge_value(spec, found.ratio)
    if verdict in (Verdict.OK, Verdict.UNKNOWN):
        return verdict
    bad = (found.ratio if spec.worse == "above" else 1 - found.ratio) * found.total
    if found.total < spec.fewest or bad < FEWEST_BAD - 0.5:  # extrapolated counts are no whole numbers
        return Verdict.UNKNOWN
    sure = judge_value(spec, found.low if spec.worse == "above" else found.high)
    return Verdict.UNKNOWN if sure is Verdict.OK else sure
