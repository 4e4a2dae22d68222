"""`recovered`: all checks of `recovered` were met for good, in time, after somebody had done something about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.message import say
from drills.oracles.deeds import first_deed
from drills.oracles.model import OracleKind, OracleResult
from drills.oracles.verdict import met, missing, moment, unknown

if TYPE_CHECKING:
    from drills.oracles.model import Response
    from drills.scenarios.model import OracleSpec


def judge(spec: OracleSpec, response: Response) -> OracleResult:
    """What comes back by itself once the faults are lifted is nobody's merit."""
    at = response.facts.recovered_at
    if at is None:
        for check in response.scenario.recovered:
            if check.id in response.facts.unknown:
                return unknown(spec, say("oracles.check_unknown", check=check.id))
        return missing(spec, response, say("oracles.not_recovered"))
    deed = first_deed(response)
    if deed is None or deed > at:
        text = say("oracles.by_itself", at=moment(response, at))
        return OracleResult(spec.id, passed=False, evidence=text, at=at)
    return met(spec, response, at, say("oracles.recovered", at=moment(response, at)))


KIND = OracleKind("recovered", judge)
