"""What a drill would break on a configured system: a plan of `chaos.inject` for each fault of its time line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from actions.chaos_settings import CHAOS
from core.message import say
from core.text import clean
from drills.faults.errors import NoSuchFault, NotInjected
from response.decision import Refused
from response.identity import read_identity
from response.run_guard import Wish, may_plan
from response.runs import beside_open_incidents, prepare

if TYPE_CHECKING:
    from actions.runner.request import RunSettings
    from drills.scenarios.model import Injected, Scenario
    from incidents.journal import Journal
    from response.runs import Prepared


@dataclass(frozen=True, slots=True)
class FaultPlan:
    """One fault as the time line has it, and what injecting it would do now."""

    injected: Injected
    prepared: Prepared


def plan_faults(scenario: Scenario, settings: RunSettings, journal: Journal) -> tuple[FaultPlan, ...]:
    """One for each fault of the time line. Raises `NoSuchFault`, `NotInjected` where one is refused, a `SourceError`."""
    return tuple(plan_fault(scenario.id, injected, settings, journal) for injected in scenario.timeline)


def plan_fault(drill: str, injected: Injected, settings: RunSettings, journal: Journal) -> FaultPlan:
    """See `plan_faults`; `drill` is the scenario that it belongs to."""
    fault, known = injected.fault, settings.actions.chaos
    if fault not in known:
        raise NoSuchFault(say("faults.not_configured", fault=clean(fault, 80), known=", ".join(known) or "–"))
    if len(injected.params) > 1:
        raise NotInjected(say("faults.one_value", fault=fault))
    identity, values = read_identity(journal), {"fault": fault}
    values.update(zip(("value",), injected.params.values(), strict=False))
    prepared = prepare(settings, CHAOS, values, identity.actor, lasts_s=injected.for_s)
    if isinstance(prepared, Refused):
        raise NotInjected(say("faults.not_injected", fault=fault, why=prepared.message))
    wish = Wish(plan=prepared.plan, identity=identity, drill=drill)
    decision = may_plan(beside_open_incidents(journal, settings, wish), settings.actions)
    if isinstance(decision, Refused):
        raise NotInjected(say("faults.not_injected", fault=fault, why=decision.message))
    return FaultPlan(injected, prepared)
