"""Before a drill breaks a configured system: every plan of its time line is shown, and its master types the system's name."""

from __future__ import annotations

import sys
from contextlib import closing
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse

    from drills.configured.plans import FaultPlan
    from drills.scenarios.model import Scenario
    from drills.site import Site
    from tui.cli.command import Invocation


def confirmed_plans(
    scenario: Scenario, site: Site, args: argparse.Namespace, invocation: Invocation
) -> tuple[FaultPlan, ...]:
    """What the person has agreed to. Raises `DrillRefused` where they have not, `NotInjected` where it may not be."""
    from core.message import say
    from drills.conduct import refuse_beside_incidents, refuse_elsewhere
    from drills.configured.plans import plan_faults
    from drills.steady import DrillRefused
    from incidents.journal import open_journal
    from tui.actions.words import plan_lines
    from tui.runtime.output import is_terminal, write_notice

    if args.autopilot:
        raise DrillRefused(say("drill.autopilot_sandbox"))
    refuse_elsewhere(scenario, site)
    refuse_beside_incidents(site)
    with closing(open_journal(site.run.journal)) as journal:
        plans = plan_faults(scenario, site.run, journal)
    for each in plans:
        for line in plan_lines(each.prepared.plan, each.prepared.action, invocation.words):
            write_notice(line + "\n")
    name, typed = f"{site.run.service}/{site.run.environment}", args.confirm
    if not typed and is_terminal(sys.stdin) and is_terminal(sys.stderr):
        write_notice(invocation.words.text("drill.ask_system", name=name) + " ")
        typed = sys.stdin.readline().strip()
    if typed != name:
        raise DrillRefused(say("drill.not_confirmed", name=name))
    return plans
