"""Which step of a runbook a person means on the command line, and what its checks say at that moment."""

from __future__ import annotations

import argparse
import asyncio
import os
import time
from difflib import get_close_matches
from typing import TYPE_CHECKING

from core.errors import WarroomError
from core.message import say
from core.text import clean
from incidents.events.phrase import Phrase
from response.checklist import Row, finished_before, open_steps, rows_of
from runbooks.checks.observation import check_result
from signals.reading import Verdict
from tui.cli.runbook.find import incident_runbook

if TYPE_CHECKING:
    from collections.abc import Sequence

    from incidents.events.incident import Incident
    from runbooks.checks.observation import Observation
    from runbooks.model import Runbook, Step
    from tui.cli.command import Invocation
    from tui.config.load import Config


def with_step(
    args: argparse.Namespace, incident: Incident, invocation: Invocation, config: Config
) -> argparse.Namespace:
    """The arguments with the step's id for its number, and with what its checks say when it is ticked.

    Where the runbook is not known, a step's name is free. Raises `WarroomError` for a step that a known one has not.
    """
    place = "phase" if args.verb == "confirm" else "step"
    name = getattr(args, place)
    key = incident.key(args.runbook, name)
    if not name or not key.runbook:
        return args
    runbook = incident_runbook(key.runbook, config, invocation)
    if runbook is None:
        return args
    changed = argparse.Namespace(**vars(args))
    if place == "phase":
        phase = runbook.phase(name)
        if phase is None:
            raise _unknown("phase", runbook, name, [one.id for one in runbook.phases])
        changed.phase = phase.id
        return changed
    step = runbook.step(name)
    if step is None:
        if key in incident.steps:  # the journal knows it from an earlier edition of the runbook
            return args
        raise _unknown("step", runbook, name, [one.id for one in runbook.steps()])
    changed.step = step.id
    if args.verb == "tick" and not args.observed and not args.no_check and step.checks and _asks(config):
        since = finished_before(incident, runbook, step)
        changed.checks = _observed(step, since, invocation, config)
    return changed


def each_step(
    args: argparse.Namespace, incident: Incident, invocation: Invocation, config: Config
) -> Sequence[argparse.Namespace]:
    """The arguments themselves; where a phase stands for the step, once for each of its steps that is not done.

    Raises `WarroomError` for a phase without such a step.
    """
    key = incident.key(args.runbook, args.step)
    runbook = incident_runbook(key.runbook, config, invocation) if key.runbook else None
    phase = runbook.phase(args.step) if runbook is not None and runbook.step(args.step) is None else None
    if runbook is None or phase is None:
        return (args,)
    rows = open_steps(incident, rows_of([runbook]), Row("phase", runbook, phase))
    if not rows:
        raise WarroomError(say("screen.phase_done", phase=phase.title))
    return [argparse.Namespace(**vars(args) | {"step": row.step.id}) for row in rows if row.step is not None]


def _unknown(place: str, runbook: Runbook, name: str, ids: Sequence[str]) -> WarroomError:
    near = get_close_matches(name, ids, n=2)
    key = f"incident.no_{place}_near" if near else f"incident.no_{place}"
    return WarroomError(say(key, runbook=runbook.id, name=clean(name, 80), near=" / ".join(near)))


def _asks(config: Config) -> bool:
    """Whether any source is configured at all."""
    signals = config.signals
    return any((signals.prometheus, signals.scrape, signals.redis, signals.celery, signals.postgres))


def _observed(step: Step, since: float, invocation: Invocation, config: Config) -> tuple[Phrase, ...]:
    """One text a check. A check that is not met is told, and does not hinder: the person has decided."""
    found, now = asyncio.run(_measure(step, since, config)), time.time()
    for one in found:
        if one.verdict is not Verdict.OK:
            invocation.print_notice(check_result(one, now))
    return tuple(Phrase.from_message(check_result(one, now), invocation.words.say) for one in found)


async def _measure(step: Step, since: float, config: Config) -> list[Observation]:
    from runbooks.checks.measure import measure
    from tui.cli.resources import open_configured_sources

    async with open_configured_sources(config.signals) as sources:
        return list(
            await asyncio.gather(
                *(measure(check, sources, time.time(), os.environ, since) for check in step.checks)
            )
        )
