"""Whether what was measured meets what a check expects."""

from __future__ import annotations

import math
import operator
from typing import TYPE_CHECKING

from signals.reading import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from runbooks.model import Expectation
    from signals.metrics.trend import Direction

_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
}


def judge_values(expect: Expectation, values: Sequence[float]) -> Verdict:
    """What an instant answer says. Every series has to meet a comparison.

    No series at all is NO DATA: unknown, unless series are what is counted. NaN is no number to compare.
    """
    if expect.kind in ("some", "none"):
        return _met(bool(values) == (expect.kind == "some"))
    if expect.kind != "compare" or not values or any(math.isnan(value) for value in values):
        return Verdict.UNKNOWN
    return _met(all(_COMPARE[expect.operator](value, expect.value) for value in values))


def badness(expect: Expectation, value: float) -> float:
    """The higher, the further on the wrong side: by this the worst of several values is found."""
    if expect.operator in (">", ">="):
        return -value
    if expect.operator in ("==", "!="):
        return abs(value - expect.value) * (1 if expect.operator == "==" else -1)
    return value


def judge_trend(expect: Expectation, direction: Direction | None) -> Verdict:
    """Where a curve is heading; with too few samples (None) nobody knows."""
    if expect.kind != "trend" or direction is None:
        return Verdict.UNKNOWN
    return _met((direction is expect.direction) != expect.negated)


def judge_status(expect: Expectation, status: int) -> Verdict:
    """What an HTTP answer says; a comparison is with the status itself."""
    if expect.kind == "status":
        return _met(status in expect.statuses)
    return judge_values(expect, [float(status)])


def _met(met: bool) -> Verdict:  # noqa: FBT001  # its only meaning
    return Verdict.OK if met else Verdict.BURNING
