"""Carries out what a key proposes: asks what the guard asks, writes, and says what came of it.

The first question goes on top at once, so that what is typed next goes there. Another one follows where somebody else was
quicker: the guard is asked again at the moment of writing.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

from core.errors import WarroomError
from core.message import say
from response.decision import ALLOWED, Ask, Refused
from response.guard import may_propose
from tui.screens.confirm import Confirm
from tui.screens.form import Form

if TYPE_CHECKING:
    from asyncio import Future
    from collections.abc import Callable

    from core.message import Message
    from response.decision import Decision
    from response.situation import Proposal
    from response.write import Written
    from tui.face import Face
    from tui.screens.confirm import Choice
    from tui.screens.dialogue import Dialogue

    Done = Callable[[Written], Message | None]
    """What is said, and done, once it is written."""

R = TypeVar("R")


def ask(face: Face, dialogue: Dialogue[R]) -> Future[R | None]:
    """Put a dialogue on top; its answer comes later, None when it was left.

    What was typed into a form that has a name for it is kept until `forget`: the same form begins with it.
    """
    future: Future[R | None] = asyncio.get_running_loop().create_future()
    drafts = face.incidents.drafts
    form = dialogue if isinstance(dialogue, Form) and dialogue.draft else None
    if form is not None and form.draft in drafts:
        form.fill(drafts[form.draft])

    def answered(result: R | None) -> None:
        if form is not None:
            drafts.pop(form.draft, None)
            if form.is_touched():
                drafts[form.draft] = form.typed
                if result is None:
                    face.incidents.notify(say("screen.draft_kept"))
        if not future.done():
            if result is not None:
                face.input_queue.hold()
            future.set_result(result)

    face.push_screen(dialogue, answered)
    face.input_queue.release()
    return future


def submit(face: Face, proposal: Proposal | Refused, done: Done) -> None:
    """Write a proposal, after the guard's question if it has one; `done` makes the notice, and does what follows."""
    decision = _decide(proposal)
    if isinstance(decision, Refused) or isinstance(proposal, Refused):
        face.incidents.notify(decision.message if isinstance(decision, Refused) else None)
        return
    answer = _ask_question(face, decision) if isinstance(decision, Ask) else None
    face.incidents.run(_carry_out(face, proposal, decision, answer, done))


def forget(face: Face, form: Form) -> None:
    """What was typed into the form stands where it should."""
    face.incidents.drafts.pop(form.draft, None)


def submit_form(
    face: Face, form: Form, propose: Callable[[tuple[str, ...]], Proposal | Refused | None], done: Done
) -> None:
    """Ask with a form and write what `propose` makes of its values; what was typed is kept until that is written."""
    answer, drafts = ask(face, form), face.incidents.drafts

    def written(result: Written) -> Message | None:
        forget(face, form)
        return done(result)

    async def work() -> Message | None:
        given = await answer
        proposal = None if given is None else propose(given)
        if proposal is None:
            return None
        try:
            message = await carry_out(face, proposal, written)
        except WarroomError as error:
            message = error.message
        if form.draft not in drafts:
            return message
        return say("screen.draft_kept_after", reason=message) if message else say("screen.draft_kept")

    face.incidents.run(work())


def submit_answer(
    face: Face, answer: Future[R | None], propose: Callable[[R], Proposal | Refused | None], done: Done
) -> None:
    """Write what `propose` makes of a dialogue's answer; nothing where the dialogue was left or None is made of it."""

    async def work() -> Message | None:
        given = await answer
        proposal = None if given is None else propose(given)
        return None if proposal is None else await carry_out(face, proposal, done)

    face.incidents.run(work())


async def carry_out(face: Face, proposal: Proposal | Refused, done: Done) -> Message | None:
    """As `submit`, inside of a coroutine."""
    if isinstance(proposal, Refused):
        return proposal.message
    return await _carry_out(face, proposal, _decide(proposal), None, done)


async def _carry_out(
    face: Face, proposal: Proposal, decision: Decision, answer: Future[Choice | None] | None, done: Done
) -> Message | None:
    while True:
        if isinstance(decision, Refused):
            return decision.message
        if isinstance(decision, Ask):
            if await (answer or _ask_question(face, decision)) is None:
                return None
            proposal, answer = proposal.answered(decision), None
        written = await face.incidents.write(proposal)
        decision = written.decision
        if written.events or decision == ALLOWED:
            return done(written)


def _decide(proposal: Proposal | Refused) -> Decision:
    return proposal if isinstance(proposal, Refused) else may_propose(proposal)


def _ask_question(face: Face, question: Ask) -> Future[Choice | None]:
    words = face.words
    return ask(face, Confirm(words.say(question.message), [words.say(line) for line in question.details]))
