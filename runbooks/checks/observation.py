"""What a check said: the value, the verdict, and the sentence for a screen or the journal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.message import say
from core.units import quantity, threshold
from signals.reading import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable

    from core.message import Message
    from runbooks.model import Check
    from signals.metrics.trend import Direction

FRESH_S = 30.0
"""A younger value is one of this moment; the age of an older one is said."""
_RESULTS = {
    Verdict.OK: "measure.met",
    Verdict.WARN: "measure.not_met",
    Verdict.BURNING: "measure.not_met",
    Verdict.UNKNOWN: "measure.check_unknown",
}


@dataclass(frozen=True, slots=True)
class Observation:
    """What a check said. `value` is None where there is none; `at` (Unix seconds) is when it was measured.

    `warnings` are what the servers said of their answers; `measure` puts them behind the sentence.
    Of several series the one that is furthest from what is expected speaks. `query` is what was asked, without secrets.
    """

    value: float | None
    unit: str
    verdict: Verdict
    trend: Direction | None
    text: Message
    source: str
    at: float | None
    query: str
    warnings: tuple[Message, ...] = ()


def unknown(
    check: Check, why: Message, *, source: str, query: str, value: float | None = None
) -> Observation:
    """What could not be evaluated, and why."""
    text = say("measure.unknown", why=why, wanted=expectation_text(check))
    return Observation(
        value=value,
        unit=check.unit,
        verdict=Verdict.UNKNOWN,
        trend=None,
        text=text,
        source=source,
        at=None,
        query=query,
    )


def expectation_text(check: Check) -> Message:
    """The expectation in words."""
    expect = check.expect
    match expect.kind:
        case "compare":
            return say("measure.want", operator=expect.operator, value=threshold(expect.value, check.unit))
        case "trend":
            return say(f"measure.want_{'not_' if expect.negated else ''}{expect.direction}")
        case "status":
            text = say("measure.want_status_one", status=expect.statuses[0])
            for status in expect.statuses[1:]:
                text = say("measure.want_or", one=text, other=status)
            return text
        case _:
            return say(f"measure.want_{expect.kind}")


def value_text(check: Check, value: float, verdict: Verdict, trend: Direction | None) -> Message:
    """Such as '38/min rising, expected < 20/min'."""
    trend_text = say("measure.no_way") if trend is None else say(f"measure.way_{trend}")
    if verdict is Verdict.UNKNOWN:  # a trend that is not known yet
        why = say("measure.too_few", value=quantity(value, check.unit))
        return say("measure.unknown", why=why, wanted=expectation_text(check))
    return say(
        "measure.seen", value=quantity(value, check.unit), way=trend_text, wanted=expectation_text(check)
    )


def check_result(observation: Observation | None, now: float) -> Message:
    """The value, whether that is what was expected, and how old it is where that matters. None: nobody has measured."""
    if observation is None:
        return say("measure.not_measured")
    text = say(_RESULTS[observation.verdict], text=observation.text)
    age = 0.0 if observation.at is None else now - observation.at
    return text if age <= FRESH_S else say("measure.earlier", text=text, age=quantity(age, "s"))


def check_results(observations: Iterable[Observation | None], now: float) -> tuple[Message, ...]:
    """Of all checks of a step, in their order."""
    return tuple(check_result(observation, now) for observation in observations)
