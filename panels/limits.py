"""One value against its limits, and which verdict stands before which."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from signals.reading import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from panels.settings import QuerySpec

ORDER = (Verdict.BURNING, Verdict.WARN, Verdict.UNKNOWN, Verdict.OK)
"""Worst first. Unknown stands before ok: it is not a pass."""


def worst(verdicts: Sequence[Verdict]) -> Verdict:
    """The worst verdict; of nothing, unknown."""
    return min(verdicts, key=ORDER.index) if verdicts else Verdict.UNKNOWN


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
