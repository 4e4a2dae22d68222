"""`avoided`: none of the ways was gone, though somebody did something. To begin is enough: what it did can't be known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.message import say
from drills.oracles.deeds import describe_run, first_deed, is_way, step_key
from drills.oracles.model import OracleKind, OracleResult
from drills.oracles.verdict import is_running, missing, moment, pending

if TYPE_CHECKING:
    from drills.oracles.model import Response
    from drills.scenarios.model import OracleSpec


def judge(spec: OracleSpec, response: Response) -> OracleResult:
    """Who does nothing avoids nothing."""
    ways = ", ".join(way.action or way.step for way in spec.any_of)
    for way in spec.any_of:
        for run in response.runs:
            if way.action and is_way(way, run) and run.started_at is not None:
                text = describe_run(response, run, "begun", run.started_at)
                return OracleResult(spec.id, passed=False, evidence=text, at=run.started_at)
        step = response.incident.steps.get(step_key(way)) if way.step and response.incident else None
        if step is not None and step.state == "ticked":
            text = say("oracles.step_done", step=way.step, by=step.by, at=moment(response, step.at))
            return OracleResult(spec.id, passed=False, evidence=text, at=step.at)
    if first_deed(response) is None:
        return missing(spec, response, say("oracles.nobody_acted"))
    if is_running(response):
        return pending(spec, say("oracles.avoided", ways=ways))
    return OracleResult(spec.id, passed=True, evidence=say("oracles.avoided", ways=ways))


KIND = OracleKind("avoided", judge)
