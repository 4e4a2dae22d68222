"""All oracles of a scenario about one response, those first that others come after."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from core.message import say
from drills.oracles.registry import oracle_kinds
from drills.oracles.verdict import missing, unknown

if TYPE_CHECKING:
    import datetime as dt

    from drills.oracles.model import OracleResult, Response
    from drills.scenarios.model import OracleSpec


def judge_all(response: Response) -> tuple[OracleResult, ...]:
    """One result an oracle, in the order of the scenario. Those of a cycle, and of no known kind, are unknown."""
    waiting = list(response.scenario.oracles)
    results: dict[str, OracleResult] = {}
    times: dict[str, dt.datetime] = dict(response.met)
    ends = response.facts.ended_at or response.facts.started_at
    while waiting:
        ready = [spec for spec in waiting if all(name in results for name in spec.after)]
        for spec in ready:
            result = _judge(spec, replace(response, met=times), results)
            results[spec.id] = result
            if result.passed:
                times[spec.id] = result.at or ends
        if not ready:
            results |= {spec.id: unknown(spec, say("oracles.no_order")) for spec in waiting}
            break
        waiting = [spec for spec in waiting if spec.id not in results]
    return tuple(results[spec.id] for spec in response.scenario.oracles)


def _judge(spec: OracleSpec, response: Response, earlier: dict[str, OracleResult]) -> OracleResult:
    open_ones = [name for name in spec.after if not earlier[name].passed]
    if open_ones:
        text = say("oracles.not_before", names=", ".join(open_ones))
        decided = all(earlier[name].passed is False for name in open_ones)
        return missing(spec, response, text) if decided else unknown(spec, text)
    kind = oracle_kinds().get(spec.kind)
    if kind is None:
        return unknown(spec, say("oracles.no_kind", kind=spec.kind))
    return kind.judge(spec, response)
