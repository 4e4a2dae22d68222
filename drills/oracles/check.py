"""`check`: after somebody had done something, all of its checks were met, in time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.message import say
from drills.oracles.deeds import first_deed
from drills.oracles.model import OracleKind
from drills.oracles.verdict import begins, met, missing, moment, unknown
from drills.record import oracle_check

if TYPE_CHECKING:
    from drills.oracles.model import OracleResult, Response
    from drills.scenarios.model import OracleSpec


def judge(spec: OracleSpec, response: Response) -> OracleResult:
    """When the last of them was first met; one that could never be measured is unknown."""
    deed = first_deed(response)
    if deed is None:
        return missing(spec, response, say("oracles.nobody_acted"))
    since = max(deed, begins(spec, response))
    last = since
    for index in range(len(spec.checks)):
        name = oracle_check(spec.id, index)
        samples = [sample for sample in response.facts.samples if sample.check == name and sample.at >= since]
        first = next((sample for sample in samples if sample.met), None)
        if first is not None:
            last = max(last, first.at)
        elif any(sample.met is False for sample in samples):
            return missing(spec, response, say("oracles.check_unmet", check=name))
        else:
            return unknown(spec, say("oracles.check_unknown", check=name))
    return met(spec, response, last, say("oracles.check_met", at=moment(response, last)))


KIND = OracleKind("check", judge)
