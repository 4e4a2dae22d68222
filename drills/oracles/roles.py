"""`roles`: somebody took the lead (incident commander), in time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.message import say
from drills.oracles.deeds import live_events
from drills.oracles.model import OracleKind
from drills.oracles.verdict import met, missing, moment
from incidents.events.body import RoleAccepted, RoleTaken

if TYPE_CHECKING:
    from drills.oracles.model import OracleResult, Response
    from drills.scenarios.model import OracleSpec


def judge(spec: OracleSpec, response: Response) -> OracleResult:
    """The first one who took it counts; a handover later is no fault."""
    for event in live_events(response.incident):
        if isinstance(event.body, RoleTaken | RoleAccepted) and event.body.role == "ic":
            text = say("oracles.led", by=event.actor, at=moment(response, event.at))
            return met(spec, response, event.at, text)
    return missing(spec, response, say("oracles.nobody_led"))


KIND = OracleKind("roles", judge)
