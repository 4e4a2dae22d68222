"""A gate: what a check expects must have been so for a while, and every lapse begins the wait anew."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

from core.errors import SourceError
from core.message import say
from core.units import quantity
from runbooks.checks.judge import judge_values
from runbooks.checks.observation import expectation_text
from signals.reading import Verdict, server_warnings

if TYPE_CHECKING:
    from core.message import Message
    from runbooks.checks.observation import Observation
    from runbooks.model import Check
    from signals.reading import Series
    from signals.sources import Sources

POINTS = 60
"""How closely the time behind us is looked at: every 10 s of ten minutes."""
MAX_GAP_STEPS = 2.5
"""A gap of more steps than this is a time of which nothing is known: unknown is not green."""


async def apply_gate(
    check: Check, present: Observation, sources: Sources, now: float, since: float | None
) -> Observation:
    """`present` where it is not as expected or nothing has to last; else whether it has lasted for `check.for_s`.

    `since` (Unix seconds) is when the step before was finished: what was so before that says nothing about the stage
    that began then; infinite while it is not finished. None: there is no incident, only the window counts.
    """
    if not check.for_s or present.verdict is not Verdict.OK:
        return present
    begin = now - check.for_s if since is None else min(now, max(since, now - check.for_s))
    step = max(1.0, check.for_s / POINTS)
    try:
        answer = await sources.metrics.query_range_unguarded(check.promql, begin, now, step)
    except SourceError as error:
        text = say("measure.unknown", why=error.message, wanted=expectation_text(check))
        return replace(present, verdict=Verdict.UNKNOWN, text=text)
    present = replace(present, warnings=_once(*present.warnings, *server_warnings(answer)))
    lasted = now - _green_since(check, answer.series, begin, now, step)
    needed = quantity(check.for_s, "s")
    if lasted >= check.for_s - step:
        return replace(present, text=say("measure.held", text=present.text, needed=needed))
    text = say(
        "measure.holding",
        text=present.text,
        lasted=quantity(float(max(0, round(lasted))), "s"),
        needed=needed,
    )
    return replace(present, verdict=Verdict.BURNING, text=text)


def _once(*messages: Message) -> tuple[Message, ...]:
    return tuple(message for index, message in enumerate(messages) if message not in messages[:index])


def _green_since(check: Check, curves: tuple[Series, ...], begin: float, now: float, step: float) -> float:
    """The time from which on every sample is known and as expected; `now` where there is none."""
    points = sorted(
        (at, value) for curve in curves for at, value in zip(curve.times, curve.values, strict=True)
    )
    known = [point for point in points if math.isfinite(point[1])]
    lapses = [at for at, value in known if judge_values(check.expect, [value]) is not Verdict.OK]
    times = [begin, *(at for at, _ in known), now]
    gaps = [later for earlier, later in pairwise(times) if later - earlier > MAX_GAP_STEPS * step]
    return max([begin, *lapses, *gaps])
