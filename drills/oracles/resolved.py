"""`resolved`: the incident was resolved once it was over, not before."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from core.message import say
from drills.oracles.deeds import live_events
from drills.oracles.model import OracleKind, OracleResult
from drills.oracles.verdict import met, missing, moment, unknown
from incidents.events.body import Marked

if TYPE_CHECKING:
    from drills.oracles.model import Response
    from drills.scenarios.model import OracleSpec

MEASURED_LATE = dt.timedelta(seconds=10)
"""So much sooner than the drill's own measurement a board may have shown that it is over."""


def judge(spec: OracleSpec, response: Response) -> OracleResult:
    """The first time that anybody called it resolved counts, by when that was written."""
    first = next(
        (
            event
            for event in live_events(response.incident)
            if isinstance(event.body, Marked) and event.body.moment == "resolved"
        ),
        None,
    )
    if first is None:
        return missing(spec, response, say("oracles.not_resolved"))
    text = say("oracles.resolved", by=first.actor, at=moment(response, first.at))
    recovered = response.facts.recovered_at
    if recovered is None and any(check.id in response.facts.unknown for check in response.scenario.recovered):
        return unknown(spec, say("oracles.resolved_unknown", what=text))
    if recovered is None or first.at < recovered - MEASURED_LATE:
        early = say("oracles.resolved_early", what=text)
        return OracleResult(spec.id, passed=False, evidence=early, at=first.at)
    return met(spec, response, first.at, text)


KIND = OracleKind("resolved", judge)
