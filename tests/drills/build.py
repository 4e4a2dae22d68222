"""A response for tests: a scenario, what the journal has, what the conductor wrote down; times in seconds since the start."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING
from uuid import UUID

from drills.faults.model import Injection
from drills.oracles.model import Response
from drills.record import DrillFacts, Sample
from drills.scenarios.model import Scenario
from incidents.events import body as b
from incidents.events import run_body as r
from incidents.events.event import GENESIS, Draft, chain, new_id
from incidents.events.fold import fold
from incidents.events.run import fold_run
from tests.incidents.build import START, Chain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from incidents.events.incident import Incident
    from incidents.events.run import Run


def at(seconds: float) -> dt.datetime:
    return START + dt.timedelta(seconds=seconds)


def scenario(oracles: Sequence[Mapping[str, object]], **more: object) -> Scenario:
    check = {"promql": "p95", "expect": "< 3"}
    text = {"en": "Slow", "zh": "慢"}
    return Scenario.model_validate(
        {
            "id": "slow",
            "title": text,
            "about": text,
            "runbook": "latency",
            "steady": [{"id": "quick", "check": check}],
            "timeline": [{"fault": "chaos-llm-latency", "for_s": 600}],
            "signals": [{"id": "shown", "check": {"promql": "p95", "expect": "> 3"}}],
            "recovered": [{"id": "quick-again", "check": check}],
            "oracles": [{"title": text, **oracle} for oracle in oracles],
            **more,
        }
    )


def incident(*events: tuple[float, b.Body], opened_s: float = 60, by: str = "kim") -> Incident:
    built = Chain(opened=b.Opened(title="slow", severity="SEV2", runbook="latency", drill=True))
    built.events.clear()
    opening = b.Opened(title="slow", severity="SEV2", runbook="latency", drill=True)
    for seconds, body in ((opened_s, opening), *events):
        built.add(by, body, seconds / 60)
    return fold(built.events)


def run(
    action: str = "degrade.set",
    began_s: float = 120,
    *,
    end: str = "finished",
    verified: bool | None = True,
    params: Mapping[str, str] | None = None,
    danger: str = "mitigate",
    undo: r.UndoCall | None = None,
    undoes: UUID | None = None,
) -> Run:
    """A run that began at `began_s`, was verified 5 s and ended 6 s later."""
    planned = r.RunPlanned.model_validate(
        {"action": action, "danger": danger, "params": dict(params or {}), "undoes": undoes, "resource": "x"}
    )
    bodies: list[tuple[float, r.RunBody]] = [(began_s - 2, planned)]
    if end != "refused":
        bodies += [(began_s - 1, r.RunClaimed(host="h")), (began_s, r.RunStarted(host="h"))]
    if verified is not None and end != "refused":
        bodies.append((began_s + 5, r.RunVerified(ok=verified)))
    match end:
        case "finished":
            bodies.append((began_s + 6, r.RunFinished(undo=undo)))
        case "refused" | "failed":
            bodies.append((began_s + 6, r.RunFailed(detail="not allowed")))
        case _:
            pass
    own, events = new_id(), []
    after = (0, GENESIS)
    for seconds, body in bodies:
        event = chain(Draft(new_id(), own, "kim", body, at(seconds)), after)
        events.append(event)
        after = (event.sequence, event.digest)
    return fold_run(events)


def facts(**more: object) -> DrillFacts:
    """From 0 s to 600 s, the fault from 10 s on."""
    injection = Injection(id="i", fault="chaos-llm-latency", state="lifted", since=at(10), until=at(600))
    values: dict[str, object] = {
        "id": "d1",
        "scenario": "slow",
        "target": "sandbox",
        "master": "ada",
        "players": ("kim",),
        "started_at": at(0),
        "ended_at": at(600),
        "ending": "recovered",
        "injections": (injection,),
        **more,
    }
    return DrillFacts(**values)  # type: ignore[arg-type]  # each test gives what the dataclass wants


def samples(check: str, *values: tuple[float, bool | None]) -> tuple[Sample, ...]:
    return tuple(
        Sample(check, at(seconds), None if met is None else 1.0 if met else 9.0, met)
        for seconds, met in values
    )


def response(
    oracle: Mapping[str, object] | Scenario,
    opened: Incident | None = None,
    runs: Sequence[Run] = (),
    **more: object,
) -> Response:
    played = oracle if isinstance(oracle, Scenario) else scenario([{"id": "x", **oracle}])
    return Response(
        scenario=played,
        facts=facts(**more),
        incident=opened,
        runs=tuple(runs),
        labels={each.id: f"RUN-{number}" for number, each in enumerate(runs, 1)},
        met={},
    )
