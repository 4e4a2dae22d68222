"""`order`: one of the ways was gone, and by nobody before its `after` were met."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.message import say
from drills.oracles import done
from drills.oracles.deeds import deeds
from drills.oracles.model import OracleKind, OracleResult
from drills.oracles.verdict import begins, moment

if TYPE_CHECKING:
    from drills.oracles.model import Response
    from drills.scenarios.model import OracleSpec


def judge(spec: OracleSpec, response: Response) -> OracleResult:
    """What was tried too early stays too early, also where it is done again in order."""
    since = begins(spec, response)
    all_deeds = sorted(
        (deed for way in spec.any_of for deed in deeds(way, response)), key=lambda deed: deed.at
    )
    if all_deeds and all_deeds[0].at < since:
        first = all_deeds[0]
        early = say("oracles.early", what=first.text, since=moment(response, since))
        return OracleResult(spec.id, passed=False, evidence=early, at=first.at)
    return done.judge(spec, response)


KIND = OracleKind("order", judge)
