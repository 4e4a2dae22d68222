"""Which step of a runbook a person means on the command line, and what its checks say at that moment."""

from __future__ import annotations

import asyncio
import os
import time
from dataclasses import replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Literal

from core.errors import WarroomError
from core.message import say
from core.text import clean
from response.checklist import Missing, finished_before
from runbooks.checks.observation import check_result
from signals.reading import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from incidents.events.incident import StepKey
    from response.checklist import Row
    from response.situation import Situation
    from runbooks.checks.observation import Observation
    from runbooks.model import Runbook, Step
    from tui.cli.command import Invocation
    from tui.config.model import Config


def find_part(situation: Situation, kind: Literal["step", "phase"], runbook_id: str, name: str) -> StepKey:
    """The step or phase that is called `name`, by its id; its name is free where the runbook is not known.

    Raises `WarroomError` for one that a known runbook has not.
    """
    key = situation.incident.key(runbook_id, name)
    runbook = _runbook(situation, key)
    if runbook is None or not name:
        return key
    part = runbook.step(name) if kind == "step" else runbook.phase(name)
    if part is not None:
        return key._replace(step=part.id)
    if key in situation.incident.steps:  # the journal knows it from an earlier edition of the runbook
        return key
    ids = [part.id for part in (runbook.steps() if kind == "step" else runbook.phases)]
    near = get_close_matches(name, ids, n=2)
    text = f"incident.no_{kind}_near" if near else f"incident.no_{kind}"
    raise WarroomError(say(text, runbook=runbook.id, name=clean(name, 80), near=" / ".join(near)))


def find_phase(situation: Situation, runbook_id: str, name: str) -> Row | None:
    """The phase that stands for its steps; None where a step is called so, or the runbook is not known."""
    key = situation.incident.key(runbook_id, name)
    runbook = _runbook(situation, key)
    if runbook is None or runbook.step(name) is not None or (phase := runbook.phase(name)) is None:
        return None
    return next(row for row in situation.rows if row.kind == "phase" and row.phase == phase)


def measure_step(
    situation: Situation, key: StepKey, invocation: Invocation, config: Config, *, approve: bool = False
) -> Situation:
    """The situation with what the step's checks say now, where any source is configured.

    What is not as expected is told; whether that hinders, the guard says. With `approve` (`--yes`) a check of a team's
    runbook may ask a host that the configuration does not name.
    """
    runbook = _runbook(situation, key)
    step = runbook.step(key.step) if runbook is not None else None
    if runbook is None or step is None or not step.checks or not has_sources(config):
        return situation
    since = finished_before(situation.incident, runbook, step)
    observations, now = asyncio.run(_measure(step, since, config, approve=approve)), time.time()
    for observation in observations:
        if observation.verdict is not Verdict.OK:
            invocation.print_notice(check_result(observation, now))
    return replace(situation, observed={key: observations})


def _runbook(situation: Situation, key: StepKey) -> Runbook | None:
    return next(
        (
            runbook
            for runbook in situation.runbooks
            if runbook.id == key.runbook and not isinstance(runbook, Missing)
        ),
        None,
    )


def has_sources(config: Config) -> bool:
    """Whether any source is configured at all."""
    signals = config.signals
    return bool(signals.configured())


async def _measure(step: Step, since: float, config: Config, *, approve: bool) -> Sequence[Observation]:
    """With `approve` hosts that nobody configured are asked, too; secrets go where they are configured to go."""
    from runbooks.checks.measure import measure
    from runbooks.checks.permission import permit, unapproved_origin
    from tui.cli.resources import open_configured_sources

    permission = permit(config.runbooks, os.environ)
    if approve:
        new = {unapproved_origin(check, permission) for check in step.checks}
        permission = permit(config.runbooks, os.environ, new)
    async with open_configured_sources(config.signals) as sources:
        return await asyncio.gather(
            *(measure(check, sources, time.time(), permission, since) for check in step.checks)
        )
