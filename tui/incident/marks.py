"""How bad it is and how far: severity, and the times acknowledged, mitigated and resolved."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from core.message import say

if TYPE_CHECKING:
    from asyncio import Future

    from core.message import Message
    from incidents.events.body import Body, Moment, Severity
    from incidents.events.incident import Incident
    from tui.feeds.journal import IncidentSnapshot
    from tui.incident.context import IncidentContext

SEVERITIES: tuple[Severity, ...] = ("SEV1", "SEV2", "SEV3", "SEV4")


def moments(incident: Incident) -> tuple[Moment, ...]:
    """What comes next first: who has mitigated wants to resolve."""
    following: tuple[Moment, ...] = ("acknowledged", "mitigated", "resolved")
    missing = tuple(moment for moment in following if moment not in incident.times)
    if missing[:1] == ("acknowledged",):
        missing = (*missing[1:], "acknowledged")
    return missing


async def mark(
    context: IncidentContext,
    seen: IncidentSnapshot,
    choices: tuple[Moment, ...],
    answer: Future[int | None],
) -> Message | None:
    """The moment is now; behind the moments stands reopening, which wants a reason."""
    from incidents.events.body import Marked, Reopened
    from tui.screens.form import Field, Form

    at = await answer
    if at is None:
        return None
    body: Body
    if at < len(choices):
        moment = choices[at]
        body = Marked(moment=moment, at=dt.datetime.now(dt.UTC))
        told = say("screen.marked", moment=say(f"event.moment_{moment}"))
    else:
        words = context.face.words
        given = await context.ask(
            Form(words.text("screen.reopen_incident"), [Field(words.text("screen.field_reason"))])
        )
        if given is None:
            return None
        body, told = Reopened(reason=given[0]), say("screen.reopened_incident")
    return await context.write(seen.incident.id, body) or told


async def change_severity(
    context: IncidentContext, seen: IncidentSnapshot, answer: Future[tuple[str, ...] | None]
) -> Message | None:
    """Worse, or less bad, than thought; the reason may stay empty."""
    from incidents.events.body import SeverityChanged

    given = await answer
    severity = next((one for one in SEVERITIES if given and one == given[0]), None)
    if given is None or severity is None or severity == seen.incident.severity:
        return None
    body = SeverityChanged(severity=severity, reason=given[1])
    return await context.write(seen.incident.id, body) or say("screen.severity_is", severity=severity)
