"""What a check expects, in the words of `FORMAT.md`, and whether what was seen meets it."""

from __future__ import annotations

import math
import operator
import re
from typing import TYPE_CHECKING, Literal

from runbooks.model import Expectation
from signals.metrics.trend import Direction
from signals.reading import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
}
_NUMBER = re.compile(
    r"(<=|>=|==|!=|<|>)\s*([-+]?(?:\d[\d_]*\.?\d*|\.\d+)(?:e[-+]?\d+)?)\s*(%?)", re.IGNORECASE
)
_TREND = re.compile(r"(not\s+)?(falling|rising|steady)")
_STATUS = re.compile(r"status\s+(\d{3}(?:\s*(?:,|or|/)\s*\d{3})*)")
_SOME: tuple[Literal["some", "none"], ...] = ("some", "none")


def parse_expectation(text: str) -> Expectation:
    """Raises `ValueError` for what is none of the known forms."""
    said = " ".join(text.split()).lower()
    if found := _NUMBER.fullmatch(said):
        value = float(found[2].replace("_", "")) / (100 if found[3] else 1)
        return Expectation(text, "compare", operator=_operator(found[1]), value=value)
    if found := _TREND.fullmatch(said):
        return Expectation(text, "trend", direction=Direction(found[2]), negated=bool(found[1]))
    if found := _STATUS.fullmatch(said):
        return Expectation(
            text, "status", statuses=tuple(int(code) for code in re.findall(r"\d{3}", found[1]))
        )
    for kind in _SOME:
        if said == kind:
            return Expectation(text, kind)
    raise ValueError(text)


def judge_values(expect: Expectation, values: Sequence[float]) -> Verdict:
    """What an instant answer says. Every series has to meet a comparison.

    No series at all is NO DATA: unknown, unless series are what is counted. NaN is no number to compare.
    """
    if expect.kind in ("some", "none"):
        return _met(bool(values) == (expect.kind == "some"))
    if expect.kind != "compare" or not values or any(math.isnan(value) for value in values):
        return Verdict.UNKNOWN
    return _met(all(_COMPARE[expect.operator](value, expect.value) for value in values))


def compared(expect: Expectation, value: float) -> float:
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


def _operator(text: str) -> Literal["<", "<=", ">", ">=", "==", "!=", ""]:
    known: tuple[Literal["<", "<=", ">", ">=", "==", "!="], ...] = ("<", "<=", ">", ">=", "==", "!=")
    return next((one for one in known if one == text), "")
