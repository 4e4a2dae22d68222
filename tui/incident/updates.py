"""A status update from the screen: what to say, the whole text with live numbers, where it would go, then the sending."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from core.message import say

if TYPE_CHECKING:
    from asyncio import Future
    from collections.abc import Sequence

    from core.message import Message
    from incidents.updates.deliver import Outcome
    from incidents.updates.update import Sending
    from tui.feeds.journal import IncidentSnapshot
    from tui.incident.context import IncidentContext


def live_numbers(context: IncidentContext) -> list[str]:
    """One line for each panel that burns or warns, worst first, as it shows now."""
    from signals.reading import Verdict

    words = context.face.words
    return [
        words.text("postmortem.budget", name=state.title, rest=state.reason)
        for state in context.face.by_attention()
        if state.verdict in (Verdict.BURNING, Verdict.WARN)
    ]


async def send_update(
    context: IncidentContext, seen: IncidentSnapshot, answer: Future[tuple[str, ...] | None]
) -> Message | None:
    """Nothing leaves and nothing is written before the person has seen the whole text and its targets."""
    from incidents.events.body import UpdateWritten
    from incidents.updates.update import plan_sendings, update_text
    from tui.screens.confirm import Preview
    from tui.screens.edit import Edit

    given, words, settings = await answer, context.face.words, context.updates
    if given is None or settings is None or context.follower is None:
        return None
    text = update_text(
        seen.incident, seen.label, settings, words.say, given[0], numbers=live_numbers(context)
    )
    while True:
        sendings = plan_sendings(text, seen.incident, seen.label, settings.webhooks)
        said = await context.ask(
            Preview(words.text("screen.update_preview"), preview_lines(context, text, sendings))
        )
        if said is None:
            return say("update.nothing_written")
        if said == "copy":
            context.face.copy_to_clipboard(text)
            context.notify(say("screen.copied_update"))
        elif said == "edit":
            edited = await context.ask(Edit(words.text("screen.update_edit"), text))
            drill = words.text("update.drill")
            text = text if not edited or not edited.strip() else edited
            if seen.incident.drill and not text.startswith(drill):
                text = f"{drill} {text}"
        else:
            break
    written = await context.follower.write(seen.incident.id, UpdateWritten(text=text))
    if written.event is None or not sendings:
        return written.against or say("screen.update_written")
    context.notify(say("screen.update_sending", count=len(sendings)))
    outcomes = await context.follower.deliver(written.event, sendings, settings.webhooks)
    return outcome_message(outcomes)


def preview_lines(context: IncidentContext, text: str, sendings: Sequence[Sending]) -> list[str | Text]:
    """The text as people will read it, then the dry run."""
    words = context.face.words
    lines: list[str | Text] = [Text(line) for line in text.splitlines()]
    lines.append("")
    if not sendings:
        lines.append(words.text("update.no_webhooks"))
    lines += [
        words.text(
            "screen.would_send", target=each.target, kind=each.kind, host=each.host, size=len(each.body)
        )
        for each in sendings
    ]
    return lines


def outcome_message(outcomes: Sequence[Outcome]) -> Message:
    """The first that failed is told, else how many arrived."""
    failed = [outcome for outcome in outcomes if not outcome.ok]
    if failed:
        return say("update.not_sent", target=failed[0].target, detail=failed[0].detail)
    return say("screen.update_sent", count=len(outcomes))
