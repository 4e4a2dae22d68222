"""A status update from the screen: what to say, the whole text with live numbers, where it would go, then the sending."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from core.message import say
from response import records
from tui.screens.confirm import Choice, Preview, PreviewKept
from tui.screens.edit import Edit
from tui.screens.form import Field, Form
from tui.screens.submit import ask, carry_out, forget

if TYPE_CHECKING:
    from asyncio import Future
    from collections.abc import Sequence

    from core.message import Message
    from incidents.events.event import Event
    from incidents.updates.deliver import Outcome
    from incidents.updates.update import Sending
    from response.situation import Situation
    from response.write import Written
    from tui.face import Face


def write_update(face: Face, situation: Situation) -> None:
    """Ask what people have to know; a text that was changed and not sent is there again."""
    words = face.words
    if (edited := face.incidents.drafts.get(_edited(situation))) is not None:
        face.incidents.run(_send(face, situation, None, edited[0]))
        return
    text_field = Field(words.text("screen.field_say"), lines=True)
    form = Form(words.text("screen.new_update"), [text_field], draft=f"update {situation.label}")
    face.incidents.run(_compose(face, situation, form, ask(face, form)))


async def _compose(
    face: Face, situation: Situation, form: Form, answer: Future[tuple[str, ...] | None]
) -> Message | None:
    """The whole text: what was said, under the incident's state, with the numbers of this moment."""
    from incidents.updates.update import update_text
    from tui.incident.exports import attention_lines

    given, words, settings = await answer, face.words, face.incidents.updates
    if given is None or settings is None:
        return None
    numbers = attention_lines(face.by_attention(), words.say)
    text = update_text(situation.incident, situation.label, settings, words.say, given[0], numbers=numbers)
    return await _send(face, situation, form, text)


async def _send(face: Face, situation: Situation, form: Form | None, text: str) -> Message | None:
    """Nothing leaves and nothing is written before the person has seen the whole text and its targets."""
    from incidents.updates.update import plan_sendings

    words, settings = face.words, face.incidents.updates
    if settings is None:
        return None
    incident, label, drafts = situation.incident, situation.label, face.incidents.drafts
    while True:
        sendings = plan_sendings(text, incident, label, settings.webhooks)
        lines = _preview_lines(face, text, sendings, drill=incident.drill)
        preview = (
            Preview(words.text("screen.update_preview"), lines)
            if sendings
            else PreviewKept(words.text("screen.update_kept"), lines)
        )
        choice = await ask(face, preview)
        if choice is None:
            return say("update.nothing_written")
        if choice is Choice.COPY:
            face.copy_to_clipboard(text)
            face.incidents.notify(say("screen.copied_update"))
        elif choice is Choice.EDIT:
            text = await _edit(face, text, drill=incident.drill)
            drafts[_edited(situation)] = (text,)
        else:
            break
    events: list[Event] = []

    def written(result: Written) -> Message:
        events.extend(result.events)
        drafts.pop(_edited(situation), None)
        if form is not None:
            forget(face, form)
        return say("screen.update_written")

    message = await carry_out(face, records.write_update(situation, text), written)
    if not events or not sendings:
        return message
    face.incidents.notify(say("screen.update_sending", count=len(sendings)))
    journal = face.incidents.opened_journal()
    return _outcome_message(await journal.deliver(events[0], sendings, settings.webhooks))


def _edited(situation: Situation) -> str:
    """The name under which a changed text is kept until it is written."""
    return f"edited update {situation.label}"


async def _edit(face: Face, text: str, *, drill: bool) -> str:
    """The text as the person changed it; a drill still says that it is one."""
    edited = await ask(face, Edit(face.words.text("screen.update_edit"), text))
    text = edited if edited and edited.strip() else text
    mark = face.words.text("update.drill")
    return f"{mark} {text}" if drill and not text.startswith(mark) else text


def _preview_lines(face: Face, text: str, sendings: Sequence[Sending], *, drill: bool) -> list[str | Text]:
    """The text as people will read it, then where it goes."""
    words = face.words
    lines: list[str | Text] = [Text(line) for line in text.splitlines()]
    lines.append("")
    if not sendings:
        lines.append(words.text("update.drill_stays" if drill else "update.no_webhooks"))
    lines += [
        words.text(
            "screen.would_send",
            target=sending.target,
            kind=sending.kind,
            host=sending.host,
            size=len(sending.body),
        )
        for sending in sendings
    ]
    return lines


def _outcome_message(outcomes: Sequence[Outcome]) -> Message:
    """The first that failed is told, else how many arrived."""
    failed = [outcome for outcome in outcomes if not outcome.ok]
    if failed:
        return say("update.not_sent", target=failed[0].target, detail=failed[0].detail)
    return say("screen.update_sent", count=len(outcomes))
