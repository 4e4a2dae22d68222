"""Forms about the incident as a whole: roles, moments, severity, title, follow-ups, and its report as files."""

from __future__ import annotations

import asyncio
import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

from rich.text import Text

from core.message import say
from incidents.report.describe import evidence_title
from response import incident as whole
from response import records
from response.checklist import Missing
from tui.incident.exports import free_folder, impact_lines, write_export
from tui.screens.choose import Choose
from tui.screens.form import Field, Form
from tui.screens.incident_actions import in_force_until, with_in_force
from tui.screens.submit import ask, carry_out, forget, submit, submit_answer, submit_form

if TYPE_CHECKING:
    from asyncio import Future
    from collections.abc import Sequence

    from core.message import Message
    from incidents.events.body import Moment
    from panels.state import PanelState
    from response.incident import RoleChoice
    from response.situation import Proposal, Situation
    from response.write import Written
    from runbooks.model import Runbook
    from tui.face import Face
    from tui.feeds.journal import IncidentSnapshot
    from tui.screens.submit import Done


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
    choice = choices[at]
    text, field = _role_text(choice), {"offer": "screen.field_to", "take_over": "screen.field_reason"}
    if choice.what in field:
        name = f"{choice.what} {choice.role} {situation.label}"
        form = Form(face.words.say(text), [Field(face.words.text(field[choice.what]))], draft=name)

        def propose(given: tuple[str, ...]) -> Proposal:
            return whole.change_role(situation, choice, given[0])

        submit_form(face, form, propose, lambda _: say("screen.role_done", what=text))
        return None
    proposal = whole.change_role(situation, choice)
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
    at = await answer
    if at is None:
        return None
    if at < len(moments):
        moment = moments[at]
        if moment == "resolved":
            situation = await with_in_force(face, situation)
        marked = whole.resolve(situation) if moment == "resolved" else whole.mark(situation, moment)
        done = say("screen.marked", moment=say(f"event.moment_{moment}"))
        return await carry_out(face, marked, lambda _: done)
    reopen(face, situation, lambda _: say("screen.reopened_incident"))
    return None


def reopen(face: Face, situation: Situation, done: Done) -> None:
    """It was not over: why, is asked."""
    words = face.words
    reason = Field(words.text("screen.field_reason"))
    form = Form(words.text("screen.reopen_incident"), [reason], draft=f"reopen {situation.label}")
    submit_form(face, form, lambda given: whole.reopen_incident(situation, reason=given[0]), done)


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

    form = Form(words.text("screen.new_severity"), fields, draft=f"severity {situation.label}")
    submit_form(face, form, propose, done)


def change_title(face: Face, situation: Situation) -> None:
    """A better name."""
    words, before = face.words, situation.incident.title
    field = Field(words.text("screen.field_title"), before)
    form = Form(words.text("screen.new_title"), [field], draft=f"title {situation.label}")

    def propose(given: tuple[str, ...]) -> Proposal | None:
        return None if given[0] == before else whole.change_title(situation, given[0])

    submit_form(face, form, propose, lambda _: say("screen.title_changed"))


def add_follow_up(face: Face, situation: Situation) -> None:
    """Work for afterwards."""
    words = face.words
    fields = [
        Field(words.text("screen.field_what")),
        Field(words.text("screen.field_owner"), needed=False),
        Field(words.text("screen.field_due"), needed=False),
    ]

    def check(given: tuple[str, ...]) -> Message | None:
        return None if _date(given[2]) or not given[2] else say("incident.bad_date", text=given[2])

    def propose(given: tuple[str, ...]) -> Proposal:
        text, owner, due = given
        return records.add_follow_up(situation, text, owner=owner, due=_date(due))

    form = Form(words.text("screen.new_follow_up"), fields, check=check, draft=f"follow-up {situation.label}")
    submit_form(face, form, propose, lambda _: say("screen.noted"))


def _date(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None


def pin_panel(face: Face, situation: Situation, state: PanelState | None) -> None:
    """A panel becomes evidence, with its data; None: which one, is asked."""
    from panels.draw.panel import ASCII_MARKS, MARKS, STYLES

    words, states = face.words, face.by_attention()

    def pin(pinned: PanelState) -> Proposal:
        from panels.evidence import panel_evidence

        return records.pin(situation, panel_evidence(pinned, words.say))

    def done(written: Written) -> Message:
        body = written.events[0].body
        return say("screen.pinned", title=evidence_title(body) if body.kind == "evidence_pinned" else "")

    if state is not None:
        submit(face, pin(state), done)
    elif not states:
        face.incidents.notify(say("screen.nothing_to_pin"))
    else:
        marks = ASCII_MARKS if face.ascii_only else MARKS
        options = [
            Text.assemble((marks[known.verdict], STYLES[known.verdict]), f" {words.say(known.title)}")
            for known in states
        ]
        answer = ask(face, Choose(words.text("screen.pin_which"), options))
        submit_answer(face, answer, lambda at: pin(states[at]), done)


def export_report(face: Face, snapshot: IncidentSnapshot, runbooks: Sequence[Runbook | Missing]) -> None:
    """Postmortem draft and timeline, into a folder that is not there yet."""
    words = face.words
    fields = [Field(words.text("screen.field_folder"), free_folder(snapshot.label))]
    form = Form(words.text("screen.export"), fields, draft=f"export {snapshot.label}")
    answer = ask(face, form)

    async def export() -> Message | None:
        given = await answer
        if given is None:
            return None
        written = await _write_report(face, snapshot, given[0], runbooks)
        forget(face, form)
        return written

    face.incidents.run(export())


async def write_report(face: Face, snapshot: IncidentSnapshot) -> str:
    """The same without a question: into a new folder here, which it returns. Raises a `WarroomError`."""
    folder = free_folder(snapshot.label)
    await _write_report(face, snapshot, folder, face.incidents.followed_runbooks(snapshot.incident))
    return folder


async def _write_report(
    face: Face, snapshot: IncidentSnapshot, folder: str, runbooks: Sequence[Runbook | Missing]
) -> Message:
    impact = [line for state in face.by_attention() for line in impact_lines(state, face.words.say)]
    followed = [runbook for runbook in runbooks if not isinstance(runbook, Missing)]
    until = await in_force_until(face)
    return await asyncio.to_thread(
        lambda: write_export(snapshot, Path(folder), face.words.say, impact, followed, in_force=until)
    )
