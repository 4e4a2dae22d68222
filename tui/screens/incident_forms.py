"""Forms about the incident as a whole: roles, moments, severity, title, follow-ups, and its report as files."""

from __future__ import annotations

import asyncio
import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import WarroomError
from core.message import say
from response import incident as whole
from response import records
from response.checklist import Missing
from tui.incident.exports import free_folder, impact_lines, write_export
from tui.screens.choose import Choose
from tui.screens.form import Field, Form
from tui.screens.submit import ask, carry_out, submit_answer

if TYPE_CHECKING:
    from asyncio import Future
    from collections.abc import Sequence

    from core.message import Message
    from incidents.events.body import Moment
    from response.incident import RoleChoice
    from response.situation import Proposal, Situation
    from response.write import Written
    from runbooks.model import Runbook
    from tui.face import Face
    from tui.feeds.journal import IncidentSnapshot


def change_role(face: Face, situation: Situation) -> None:
    """Take, offer, accept, lay down."""
    words = face.words
    choices = whole.role_choices(situation.incident, situation.actor)
    options = [words.say(_role_text(choice)) for choice in choices]
    answer = ask(face, Choose(words.text("screen.roles"), options))
    face.incidents.run(_change_role(face, situation, choices, answer))


async def _change_role(
    face: Face, situation: Situation, choices: Sequence[RoleChoice], answer: Future[int | None]
) -> Message | None:
    """Ask what else is needed: to whom, or why."""
    at = await answer
    if at is None:
        return None
    choice, detail = choices[at], ""
    text, field = _role_text(choice), {"offer": "screen.field_to", "take_over": "screen.field_reason"}
    if choice.what in field:
        form = Form(face.words.say(text), [Field(face.words.text(field[choice.what]))])
        given = await ask(face, form)
        if given is None:
            return None
        (detail,) = given
    proposal = whole.change_role(situation, choice, detail)
    return await carry_out(face, proposal, lambda _: say("screen.role_done", what=text))


def _role_text(choice: RoleChoice) -> Message:
    return say(f"screen.role_{choice.what}", role=say(f"event.role_{choice.role}"), holder=choice.holder)


def mark_moment(face: Face, situation: Situation) -> None:
    """Mitigated, resolved, acknowledged: now; behind them stands that it was not over."""
    words, moments = face.words, whole.open_moments(situation.incident)
    options = [
        words.text("screen.mark_now", moment=words.text(f"event.moment_{moment}")) for moment in moments
    ]
    if situation.incident.status != "open":
        options.append(words.text("screen.reopen_incident"))
    answer = ask(face, Choose(words.text("screen.marks"), options))
    face.incidents.run(_mark_moment(face, situation, moments, answer))


async def _mark_moment(
    face: Face, situation: Situation, moments: Sequence[Moment], answer: Future[int | None]
) -> Message | None:
    at, words = await answer, face.words
    if at is None:
        return None
    if at < len(moments):
        moment = moments[at]
        marked = whole.resolve(situation) if moment == "resolved" else whole.mark(situation, moment)
        done = say("screen.marked", moment=say(f"event.moment_{moment}"))
        return await carry_out(face, marked, lambda _: done)
    reason = [Field(words.text("screen.field_reason"))]
    given = await ask(face, Form(words.text("screen.reopen_incident"), reason))
    if given is None:
        return None
    reopened = whole.reopen_incident(situation, reason=given[0])
    return await carry_out(face, reopened, lambda _: say("screen.reopened_incident"))


def change_severity(face: Face, situation: Situation) -> None:
    """Worse, or less bad, than thought; the reason may stay empty."""
    words, before = face.words, situation.incident.severity
    fields = [
        Field(words.text("screen.field_severity"), before, whole.SEVERITIES),
        Field(words.text("screen.field_reason"), needed=False),
    ]

    def propose(given: tuple[str, ...]) -> Proposal | None:
        severity = next((severity for severity in whole.SEVERITIES if severity == given[0]), before)
        return None if severity == before else whole.change_severity(situation, severity, reason=given[1])

    def done(written: Written) -> Message:
        body = written.events[0].body
        return say("screen.severity_is", severity=body.severity if body.kind == "severity_changed" else "")

    submit_answer(face, ask(face, Form(words.text("screen.new_severity"), fields)), propose, done)


def change_title(face: Face, situation: Situation) -> None:
    """A better name."""
    words, before = face.words, situation.incident.title
    answer = ask(
        face, Form(words.text("screen.new_title"), [Field(words.text("screen.field_title"), before)])
    )

    def propose(given: tuple[str, ...]) -> Proposal | None:
        return None if given[0] == before else whole.change_title(situation, given[0])

    submit_answer(face, answer, propose, lambda _: say("screen.title_changed"))


def add_follow_up(face: Face, situation: Situation) -> None:
    """Work for afterwards."""
    words = face.words
    fields = [
        Field(words.text("screen.field_what")),
        Field(words.text("screen.field_owner"), needed=False),
        Field(words.text("screen.field_due"), needed=False),
    ]

    def propose(given: tuple[str, ...]) -> Proposal:
        text, owner, due = given
        try:
            date = dt.date.fromisoformat(due) if due else None
        except ValueError as error:
            raise WarroomError(say("incident.bad_date", text=due)) from error
        return records.add_follow_up(situation, text, owner=owner, due=date)

    answer = ask(face, Form(words.text("screen.new_follow_up"), fields))
    submit_answer(face, answer, propose, lambda _: say("screen.noted"))


def export_report(face: Face, snapshot: IncidentSnapshot, runbooks: Sequence[Runbook | Missing]) -> None:
    """Postmortem draft and timeline, into a folder that is not there yet."""
    words = face.words
    fields = [Field(words.text("screen.field_folder"), free_folder(snapshot.label))]
    answer = ask(face, Form(words.text("screen.export"), fields))

    async def export() -> Message | None:
        given = await answer
        if given is None:
            return None
        impact = [line for state in face.by_attention() for line in impact_lines(state, words.say)]
        followed = [runbook for runbook in runbooks if not isinstance(runbook, Missing)]
        return await asyncio.to_thread(write_export, snapshot, Path(given[0]), words.say, impact, followed)

    face.incidents.run(export())
