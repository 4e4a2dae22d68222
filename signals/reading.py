"""The words in which facts travel: labels, readings, series, and how fresh they are."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Literal, TypeAlias

from core.message import say

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from core.errors import SourceError
    from core.message import Message

Labels: TypeAlias = tuple[tuple[str, str], ...]
"""Label pairs sorted by name; the metric's own name is the label `__name__`."""

ResultType = Literal["scalar", "vector", "matrix", "string"]


class Freshness(StrEnum):
    """Whether a number may be believed: promise 1."""

    LIVE = "live"
    STALE = "stale"
    NONE = "none"


class Verdict(StrEnum):
    """What a judgement says. `UNKNOWN` is never a pass."""

    OK = "ok"
    WARN = "warn"
    BURNING = "burning"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Reading:
    """One measured value with its time and source.

    `value` is None where there is NO DATA. `unit` is a UCUM-like short name (`s`, `ratio`, `1/min`, `usd`,
    `count`, `bytes`). `at` is when the value was measured (Unix seconds), None when it never was. `query` is
    what was asked, in the language of the source (PromQL, a Redis command, SQL). `every_s` is how often it is asked
    where that is less often than the panel looks. `seen_s` is how much of the window in its question the source has seen,
    where that is known; of too little of it there is no value. `called` is what people call it, where that is not its name.
    """

    name: str
    value: float | None
    unit: str
    at: float | None
    source: str
    query: str
    labels: Labels = ()
    every_s: float = 0.0
    seen_s: float | None = None
    called: Message | None = field(default=None, compare=False)

    @property
    def is_missing(self) -> bool:
        """Whether a value should be here and is not: of a window that was hardly seen there can't be one yet."""
        return self.value is None and self.seen_s is None

    def freshness(self, now: float, interval_s: float) -> Freshness:
        """Live up to two intervals of age, then stale; none without a value."""
        if self.value is None or self.at is None or math.isnan(self.value):
            return Freshness.NONE
        return Freshness.LIVE if now - self.at <= 2 * max(interval_s, self.every_s) else Freshness.STALE


@dataclass(frozen=True, slots=True)
class Series:
    """Readings of one thing over time: `times` (Unix seconds, ascending) and `values` of equal length."""

    labels: Labels
    times: Sequence[float]
    values: Sequence[float]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a source of metrics said to one expression.

    A vector or scalar has one sample in each series; a string has its text in `text`. `warnings` are the
    server's own words (warnings and infos), cleaned.
    """

    expr: str
    kind: ResultType
    series: tuple[Series, ...]
    source: str
    at: float
    text: str = ""
    warnings: tuple[str, ...] = ()


class MetricNames(frozenset[str]):
    """The names that a source knows, and its own words on that answer: a partial one may lack what is there."""

    source: str = ""
    warnings: tuple[str, ...] = ()

    @classmethod
    def of(cls, names: Iterable[str], source: str, warnings: tuple[str, ...]) -> MetricNames:
        """The names with what the source said of them."""
        made = cls(names)
        made.source, made.warnings = source, warnings
        return made


def server_warnings(*answers: Answer | frozenset[str] | SourceError | None) -> tuple[Message, ...]:
    """What the sources themselves say of their answers, such as that a part of them is missing, each once."""
    texts = dict.fromkeys(
        (answer.source, text)
        for answer in answers
        if isinstance(answer, Answer | MetricNames)
        for text in answer.warnings
    )
    return tuple(say("panels.server_warns", source=source, text=text) for source, text in texts)


def with_warnings(text: Message, warnings: Sequence[Message]) -> Message:
    """A sentence about a number, with what is to be known of the number behind it: three at most."""
    # One message, and not one inside the other: the journal takes none that is nested deeply.
    match warnings:
        case ():
            return text
        case (first,):
            return say("signals.warned", text=text, first=first)
        case (first, second):
            return say("signals.warned_two", text=text, first=first, second=second)
        case (first, second, third, *_):
            return say("signals.warned_three", text=text, first=first, second=second, third=third)
    return text


def format_value(value: float) -> str:
    """A sample's value as Go's `strconv.FormatFloat(v, 'f', -1, 64)` writes it."""
    text = repr(value)
    if text.endswith(".0"):
        return text[:-2]
    if "n" in text:
        return "NaN" if math.isnan(value) else "+Inf" if value > 0 else "-Inf"
    if "e" in text:
        from decimal import Decimal

        return format(Decimal(text), "f").removesuffix(".0")
    return text
