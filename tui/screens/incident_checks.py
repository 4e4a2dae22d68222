"""What the checks of a step say now, and whom a team's runbook may ask: the person decides about a new host."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from core.errors import WarroomError
from runbooks.settings import RunbooksSettings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from runbooks.checks.observation import Observation
    from runbooks.checks.permission import Permission
    from runbooks.model import Check
    from tui.face import Face


async def measure_checks(
    face: Face, runbook: str, checks: tuple[Check, ...], since: float | None
) -> AsyncIterator[tuple[int, Observation]]:
    """What each check of a step sees, with its place; without an answer nothing: what was seen last grows old on the screen.

    A gate counts from `since` on (Unix seconds).
    """
    from runbooks.checks.measure import measure

    if (signals := face.signals_thread) is None:
        return
    permission = await _permission(face, runbook, checks)
    for index, check in enumerate(checks):
        try:
            observation = await signals.ask(
                lambda sources, check=check: measure(check, sources, time.time(), permission, since)  # type: ignore[misc]  # mypy can't see a default as the binding of a loop
            )
        except WarroomError:
            continue
        if observation is not None:
            yield index, observation


async def _permission(face: Face, runbook: str, checks: tuple[Check, ...]) -> Permission:
    """What these checks may ask and send; before a team's runbook asks a new host for the first time, the person is asked."""
    from runbooks.checks.permission import permit, unapproved_origin
    from tui.screens.confirm import Confirm
    from tui.screens.submit import ask

    settings, answers = face.incidents.runbooks or RunbooksSettings(), face.incidents.approved
    permission, words = permit(settings, os.environ), face.words
    for check in checks:
        origin = unapproved_origin(check, permission)
        if origin and (runbook, origin) not in answers:
            question = words.text("screen.ask_host", runbook=runbook, host=origin)
            what = (
                f"{(check.parameters or {}).get('method', 'GET')} {(check.parameters or {}).get('url', '')}"
            )
            confirm = Confirm(question, [what, words.text("screen.ask_host_why")])
            answers[runbook, origin] = await ask(face, confirm) is not None
    yes = [origin for (name, origin), answer in answers.items() if answer and name == runbook]
    return permit(settings, os.environ, yes)
