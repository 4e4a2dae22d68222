"""What keys do to a step: from a row of the checklist to one event, and what the person is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.message import say

if TYPE_CHECKING:
    from asyncio import Future
    from collections.abc import Sequence

    from core.message import Message
    from incidents.events.event import Event
    from incidents.events.phrase import Phrase
    from response.checklist import Row
    from tui.feeds.journal import IncidentSnapshot
    from tui.incident.context import IncidentContext
    from tui.screens.confirm import Answer


async def tick(
    context: IncidentContext,
    seen: IncidentSnapshot,
    row: Row,
    saw: tuple[Message, ...],
    answer: Future[Answer | None] | None,
    *,
    doubtful: bool,
) -> Message | None:
    """Done, with what the checks said; a check that says otherwise is told, and at a gate the person is asked first."""
    from incidents.events.body import StepTicked
    from incidents.report.describe import observation_text

    if answer is not None and await answer is None:
        return None
    assert row.step is not None  # noqa: S101  # the caller stands on a step
    checks = _kept(context, saw)
    body = StepTicked(runbook=row.runbook.id, step=row.step.id, checks=checks)
    against = await context.write(seen.incident.id, body)
    if against is None and doubtful:
        return say("screen.ticked_doubtful", step=row.step.number, observed=observation_text(body))
    return against or say("screen.ticked", step=row.step.number)


def _kept(context: IncidentContext, saw: tuple[Message, ...]) -> tuple[Phrase, ...]:
    from incidents.events.phrase import Phrase

    return tuple(Phrase.from_message(one, context.face.words.say) for one in saw)


async def start(context: IncidentContext, seen: IncidentSnapshot, row: Row) -> Message | None:
    """We are at this step: who comes back after an interruption sees where it was."""
    from incidents.events.body import StepStarted

    assert row.step is not None  # noqa: S101  # the caller stands on a step
    body = StepStarted(runbook=row.runbook.id, step=row.step.id)
    return await context.write(seen.incident.id, body) or say("screen.started", step=row.step.number)


async def skip(
    context: IncidentContext, seen: IncidentSnapshot, row: Row, answer: Future[tuple[str, ...] | None]
) -> Message | None:
    """Left out, with the reason that was asked for."""
    from incidents.events.body import StepSkipped

    given = await answer
    if given is None or row.step is None:
        return None
    body = StepSkipped(runbook=row.runbook.id, step=row.step.id, reason=given[0])
    return await context.write(seen.incident.id, body) or say("screen.skipped", step=row.step.number)


async def skip_all(
    context: IncidentContext,
    seen: IncidentSnapshot,
    rows: Sequence[Row],
    answer: Future[tuple[str, ...] | None],
) -> Message | None:
    """All left out for the same reason; what somebody finished meanwhile stays as it is."""
    from incidents.events.body import StepSkipped

    given = await answer
    if given is None:
        return None
    count, phase = 0, ""
    for row in rows:
        if row.step is not None and row.phase is not None:
            phase = row.phase.title
            body = StepSkipped(runbook=row.runbook.id, step=row.step.id, reason=given[0])
            count += await context.write(seen.incident.id, body) is None
    return say("screen.skipped_phase", count=count, phase=phase)


async def fail(
    context: IncidentContext,
    seen: IncidentSnapshot,
    row: Row,
    saw: tuple[Message, ...],
    answer: Future[tuple[str, ...] | None],
) -> Message | None:
    """It did not do what it should."""
    from incidents.events.body import StepFailed

    given = await answer
    if given is None or row.step is None:
        return None
    checks = _kept(context, saw)
    body = StepFailed(runbook=row.runbook.id, step=row.step.id, reason=given[0], checks=checks)
    return await context.write(seen.incident.id, body) or say("screen.failed", step=row.step.number)


async def reopen(context: IncidentContext, seen: IncidentSnapshot, row: Row) -> Message | None:
    """To be done again."""
    from incidents.events.body import StepReopened

    assert row.step is not None  # noqa: S101  # the caller stands on a step
    body = StepReopened(runbook=row.runbook.id, step=row.step.id)
    return await context.write(seen.incident.id, body) or say("screen.reopened", step=row.step.number)


async def confirm_pause(
    context: IncidentContext, seen: IncidentSnapshot, row: Row, answer: Future[Answer | None] | None
) -> Message | None:
    """The IC lets the checklist go on; with killer items open only after a question."""
    from incidents.events.body import PauseConfirmed

    if row.phase is None or (answer is not None and await answer is None):
        return None
    body = PauseConfirmed(runbook=row.runbook.id, phase=row.phase.id)
    return await context.write(seen.incident.id, body) or say("screen.confirmed", phase=row.phase.title)


async def note(
    context: IncidentContext,
    seen: IncidentSnapshot,
    row: Row | None,
    answer: Future[tuple[str, ...] | None],
) -> Message | None:
    """On the incident, or on the step under the cursor where that was picked."""
    from incidents.events.body import Noted, StepAnnotated

    given = await answer
    if given is None:
        return None
    text, about = given[0], given[1] if len(given) > 1 else ""
    if row is not None and row.step is not None and about == context.face.words.text("screen.about_step"):
        body: Noted | StepAnnotated = StepAnnotated(runbook=row.runbook.id, step=row.step.id, text=text)
    else:
        body = Noted(text=text)
    return await context.write(seen.incident.id, body) or say("screen.noted")


async def add_follow_up(
    context: IncidentContext, seen: IncidentSnapshot, answer: Future[tuple[str, ...] | None]
) -> Message | None:
    """Work for afterwards."""
    import datetime as dt

    from incidents.events.body import FollowUpAdded

    given = await answer
    if given is None:
        return None
    text, owner, due = given
    try:
        until = dt.date.fromisoformat(due) if due else None
    except ValueError:
        return say("incident.bad_date", text=due)
    return await context.write(seen.incident.id, FollowUpAdded(text=text, owner=owner, due=until)) or say(
        "screen.noted"
    )


async def finish_follow_up(context: IncidentContext, seen: IncidentSnapshot, at: int) -> Message | None:
    """It is done."""
    from incidents.events.body import FollowUpDone

    follow_ups = seen.incident.follow_ups
    if not 0 <= at < len(follow_ups) or follow_ups[at].done:
        return None
    return await context.write(seen.incident.id, FollowUpDone(follow_up=follow_ups[at].event)) or say(
        "screen.noted"
    )


async def pin(context: IncidentContext, seen: IncidentSnapshot) -> Message | None:
    """The panel that is chosen on the board, as it shows now, with its data."""
    from panels.evidence import panel_evidence

    state = context.face.under_cursor()
    if state is None:
        return say("screen.nothing_to_pin")
    body = panel_evidence(state, context.face.words.say)
    return await context.write(seen.incident.id, body) or say("screen.pinned", title=state.title)


async def undo(
    context: IncidentContext, seen: IncidentSnapshot, event: Event, answer: Future[Answer | None]
) -> Message | None:
    """Take an event back after it was shown."""
    from incidents.events.body import Undone

    if await answer is None:
        return None
    return await context.write(seen.incident.id, Undone(event=event.id)) or say("screen.undone")
