"""A situation for tests: two phases with a pause point and a gate between them, and an incident that follows them."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from core.message import say
from incidents.events.body import Opened
from incidents.events.fold import fold
from incidents.events.incident import StepKey
from response.situation import Situation
from runbooks.checks.observation import Observation
from signals.reading import Verdict
from tests.incidents.build import START, Chain
from tests.runbooks.build import CHECK, parsed, phase, step

if TYPE_CHECKING:
    from incidents.events.body import Body
    from runbooks.model import Runbook

GATE = "```check\npromql: up\nexpect: < 5\nfor: 10m\n```"
NOW = START + dt.timedelta(hours=1)


def runbook() -> Runbook:
    """`stop` with a killer item and a pause point, `back` with a gate and a pause point, `later` for the postmortem."""
    found = parsed(
        phase("stop", step("cut", CHECK, mark="**!** "), step("look"), pause="It has stopped.")
        + phase("back", step("raise", GATE), step("watch"), pause="It is back.")
        + phase("later", step("budget"), words="prevention")
    )
    return found.runbook


def incident(*events: tuple[str, Body], runbook_id: str = "book") -> Chain:
    """Opened by ic1 with the runbook; `events` follow."""
    chain = Chain(opened=Opened(title="storm", severity="SEV2", runbook=runbook_id))
    for actor, body in events:
        chain.add(actor, body)
    return chain


def situation(
    *events: tuple[str, Body], actor: str = "op1", observed: dict[str, Verdict | None] | None = None
) -> Situation:
    """As `actor` sees it; `observed` is what the one check of each named step says."""
    return Situation(
        label="INC-1",
        incident=fold(incident(*events).events),
        actor=actor,
        now=NOW,
        runbooks=(runbook(),),
        observed={
            key(name): (None if verdict is None else observation(verdict),)
            for name, verdict in (observed or {}).items()
        },
    )


def key(name: str) -> StepKey:
    """A step or a phase of the runbook."""
    return StepKey("book", name)


def observation(verdict: Verdict) -> Observation:
    """What a check said at this moment."""
    at = NOW.timestamp()
    return Observation(1.0, "none", verdict, None, say("event.as_written", text="1"), "test", at, "up")
