"""`communicated`: a status update was written in time (a drill's never leaves, so its delivery is not asked for)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.message import say
from drills.oracles.model import OracleKind
from drills.oracles.verdict import begins, met, missing, moment

if TYPE_CHECKING:
    from drills.oracles.model import OracleResult, Response
    from drills.scenarios.model import OracleSpec


def judge(spec: OracleSpec, response: Response) -> OracleResult:
    """The first update since its time began."""
    since = begins(spec, response)
    for update in () if response.incident is None else response.incident.updates:
        if update.at >= since:
            text = say("oracles.updated", by=update.by, at=moment(response, update.at))
            return met(spec, response, update.at, text)
    return missing(spec, response, say("oracles.no_update"))


KIND = OracleKind("communicated", judge)
