"""`done`: one of the ways was gone: a verified run that ended well, or a ticked step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.message import say
from drills.oracles.deeds import deeds
from drills.oracles.model import OracleKind, OracleResult
from drills.oracles.verdict import begins, is_running, met, missing, moment, unknown

if TYPE_CHECKING:
    from drills.oracles.model import Response
    from drills.scenarios.model import OracleSpec


def judge(spec: OracleSpec, response: Response) -> OracleResult:
    """The first that counts, since its time began; a run that nobody could verify is unknown, not done."""
    since = begins(spec, response)
    all_deeds = sorted(
        (deed for way in spec.any_of for deed in deeds(way, response)), key=lambda deed: deed.at
    )
    in_time = [deed for deed in all_deeds if deed.at >= since]
    for deed in in_time:
        if deed.counts:
            return met(spec, response, deed.at, deed.text)
    if any(deed.counts is None for deed in in_time):
        return unknown(spec, next(deed.text for deed in in_time if deed.counts is None))
    if in_time:
        return missing(spec, response, in_time[-1].text)
    if all_deeds and not is_running(response):
        early = say("oracles.early", what=all_deeds[-1].text, since=moment(response, since))
        return OracleResult(spec.id, passed=False, evidence=early)
    ways = ", ".join(way.action or way.step for way in spec.any_of)
    return missing(spec, response, say("oracles.not_done", ways=ways))


KIND = OracleKind("done", judge)
