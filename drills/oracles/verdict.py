"""How a kind says what it saw: in time, too late, not yet, or nobody knows; and since when its time runs."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from core.message import say
from core.units import duration
from drills.oracles.model import OracleResult

if TYPE_CHECKING:
    from core.message import Message
    from drills.oracles.model import Response
    from drills.record import DrillFacts
    from drills.scenarios.model import OracleSpec


def first_fault(facts: DrillFacts) -> dt.datetime:
    """When the first fault was there; the drill's start where none was."""
    return min(
        (injection.since for injection in facts.injections if injection.state != "failed"),
        default=facts.started_at,
    )


def begins(spec: OracleSpec, response: Response) -> dt.datetime:
    """Since when the oracle's time runs: when the last of its `after` was met, else the first fault."""
    return max(
        (response.met[name] for name in spec.after if name in response.met),
        default=first_fault(response.facts),
    )


def is_running(response: Response) -> bool:
    """Whether there may still come something."""
    return response.facts.ended_at is None


def moment(response: Response, at: dt.datetime) -> Message:
    """A time of day, and how long that was after the first fault."""
    seconds = (at - first_fault(response.facts)).total_seconds()
    key = "oracles.moment_before" if seconds < 0 else "oracles.moment"
    return say(key, at=at.astimezone(dt.UTC).strftime("%H:%M:%S"), span=duration(abs(seconds)))


def met(spec: OracleSpec, response: Response, at: dt.datetime, what: Message) -> OracleResult:
    """It happened at `at`: passed unless that was later than `by_s`."""
    late_s = 0.0
    if spec.by_s is not None:
        late_s = (at - begins(spec, response)).total_seconds() - spec.by_s
    if late_s > 0:
        late = duration(max(1.0, late_s))
        return OracleResult(spec.id, passed=False, evidence=say("oracles.late", what=what, late=late), at=at)
    return OracleResult(spec.id, passed=True, evidence=what, at=at)


def missing(spec: OracleSpec, response: Response, what: Message) -> OracleResult:
    """It did not happen; while the drill goes on nobody can tell yet."""
    if is_running(response):
        return pending(spec, what)
    return OracleResult(spec.id, passed=False, evidence=what)


def pending(spec: OracleSpec, what: Message) -> OracleResult:
    """It stands so now, and the drill goes on."""
    return OracleResult(spec.id, passed=None, evidence=say("oracles.not_yet", what=what), is_pending=True)


def unknown(spec: OracleSpec, what: Message) -> OracleResult:
    """Nobody can tell."""
    return OracleResult(spec.id, passed=None, evidence=what)
