"""What the incident's screen runs: the action of the step in hand, and what it asks before the incident is resolved."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from rich.text import Text

from core.message import say
from tui.actions.intent import Intent
from tui.incident.draw.action import DANGER_STYLES, next_action
from tui.screens.actions.run import RunScreen
from tui.screens.choose import Choose
from tui.screens.submit import ask

if TYPE_CHECKING:
    from asyncio import Future
    from collections.abc import Sequence
    from uuid import UUID

    from core.message import Message
    from response.checklist import Row
    from response.situation import Situation
    from response.step_actions import StepAction
    from tui.face import Face


def run_step_action(face: Face, row: Row, actions: Sequence[StepAction], incident: UUID) -> None:
    """The plan of the next action of the step; where a block stands beside it, or all was done, it is asked which one.

    Where nothing is to be begun but a run goes on, that run is shown.
    """
    running = next((action.running for action in actions if action.running is not None), None)
    if running is not None and running.noted.run_id is not None and next_action(actions) is None:
        face.push_screen(RunScreen(running.noted.run_id))
        return
    offered = [action for action in actions if action.refused is None]
    if not offered:
        refused = next((action.refused for action in actions if action.refused is not None), None)
        face.incidents.notify(refused or say("screen.no_action"))
        return
    following = next_action(offered)
    alone = len(offered) == 1 or not any(action.is_block for action in offered)
    if following is not None and alone:
        face.propose(_intent(following, row, incident))
        return
    title = "screen.action_done" if following is None else "screen.ask_action"
    options = [_option(action, face) for action in offered]
    at = offered.index(following) if following is not None else 0
    answer = ask(face, Choose(face.words.text(title), options, at=at))
    face.incidents.run(_chosen(face, row, offered, incident, answer))


async def _chosen(
    face: Face, row: Row, offered: Sequence[StepAction], incident: UUID, answer: Future[int | None]
) -> Message | None:
    at = await answer
    if at is not None:
        face.propose(_intent(offered[at], row, incident))
    return None


def _option(action: StepAction, face: Face) -> Text:
    danger = face.words.text(f"event.danger_{action.danger}")
    given = "" if action.is_block else " ".join(f"{name}={value}" for name, value in action.params.items())
    return Text.assemble(
        face.words.say(action.title), "  ", (danger, DANGER_STYLES[action.danger]), f"  {given}"
    )


def _intent(action: StepAction, row: Row, incident: UUID) -> Intent:
    return Intent(
        action=action.id,
        params=dict(action.params),
        asks=dict(action.asks),
        incident=incident,
        runbook=row.runbook.id,
        step=row.step.id if row.step else "",
    )


async def in_force_until(face: Face) -> dict[str, str] | None:
    """Until when runs are in force, by their ids; None where nobody can say it now."""
    from core.errors import WarroomError
    from incidents.report.describe import short_time
    from response.in_force import in_force

    now = dt.datetime.now(dt.UTC)
    try:
        settings = face.runs.configured()
        effects = await face.runs.load(lambda journal: in_force(journal, settings, now))
    except WarroomError:
        return None
    return {str(effect.run.id): short_time(effect.until) for effect in effects}


async def with_in_force(face: Face, situation: Situation) -> Situation:
    """The situation with what the incident leaves in force, for who wants to resolve it."""
    from response.in_force import with_in_force as look

    settings, now = face.runs.configured(), dt.datetime.now(dt.UTC)
    return await face.runs.load(lambda journal: look(journal, settings, situation, now))
