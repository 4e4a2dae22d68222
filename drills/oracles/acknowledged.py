"""`acknowledged`: somebody opened an incident about it, in time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.message import say
from drills.oracles.model import OracleKind
from drills.oracles.verdict import met, missing, moment

if TYPE_CHECKING:
    from drills.oracles.model import OracleResult, Response
    from drills.scenarios.model import OracleSpec


def judge(spec: OracleSpec, response: Response) -> OracleResult:
    """The incident's first event counts: marks may be dated back."""
    incident = response.incident
    if incident is None:
        return missing(spec, response, say("oracles.nobody_opened"))
    at = incident.opened_at
    return met(spec, response, at, say("oracles.opened", by=incident.opened_by, at=moment(response, at)))


KIND = OracleKind("acknowledged", judge)
