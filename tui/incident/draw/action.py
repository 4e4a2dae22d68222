"""The buttons of a step: what each would do, how dangerous that is, and what became of the runs of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from core.units import quantity
from incidents.report.describe import localize, run_detail, run_state

if TYPE_CHECKING:
    from collections.abc import Sequence

    from incidents.report.actions import RunStory
    from response.step_actions import StepAction
    from tui.incident.draw.options import RenderOptions

DANGER_STYLES = {"observe": "quiet", "mitigate": "warn", "destructive": "burning"}
MARKS = {"verified": "✔", "running": "▶", "planned": "☐", "claimed": "▶", "undone": "–", "finished": "?"}
ASCII_MARKS = {
    "verified": "+",
    "running": ">",
    "planned": "_",
    "claimed": ">",
    "undone": "-",
    "finished": "?",
}
STYLES = {
    "verified": "ok",
    "running": "cursor",
    "claimed": "cursor",
    "finished": "unknown",
    "undone": "quiet",
}
"""Of a run's state; every other one did not do what it should."""
EARLIER = 2
"""Runs before the last one that still have a line."""


def action_lines(actions: Sequence[StepAction], options: RenderOptions, *, is_key: bool) -> list[Text]:
    """Each action in a line, its parameters where they need one more, and its runs; `is_key`: `a` runs the next one here."""
    lines: list[Text] = []
    chosen = next_action(actions) if is_key else None
    for action in actions:
        lines += _action(action, options, is_chosen=action is chosen)
    return lines


def next_action(actions: Sequence[StepAction]) -> StepAction | None:
    """The first one that may be run, does not go on and was not verified yet; None where there is none."""
    open_actions = (each for each in actions if each.refused is None and each.running is None)
    return next((each for each in open_actions if not each.is_done), None)


def _action(action: StepAction, options: RenderOptions, *, is_chosen: bool) -> list[Text]:
    from panels.draw.text import wrap_to_width

    words, width = options.words, options.width
    key = "[a]" if is_chosen else "   "
    head = Text.assemble("  ", (key, "key"), " ", (words.say(action.title), "title"), "  ")
    head.append(words.text(f"event.danger_{action.danger}"), DANGER_STYLES[action.danger])
    if action.lasts_s:
        head.append(
            f"  {words.text('screen.action_lasts', time=words.say(quantity(action.lasts_s, 's')))}", "quiet"
        )
    given = [f"{name}={value}" for name, value in action.params.items() if not action.is_block]
    given += [f"{name}=<{text}>" for name, text in action.asks.items()]
    call = " ".join([action.id, *given])
    lines = [head]
    if not action.is_block:
        lines += [Text(f"      {part}", "quiet") for part in wrap_to_width(call, max(4, width - 7))]
    if action.refused is not None:
        text = words.text("screen.action_refused", why=words.say(action.refused))
        lines += [Text(f"      {part}", "quiet") for part in wrap_to_width(text, max(4, width - 7))]
    for line in lines:
        line.truncate(width)
    newest, *earlier = reversed(action.stories) if action.stories else (None,)
    if newest is not None:
        lines += story_lines(newest, options)
    return lines + [
        line for story in earlier[:EARLIER] for line in story_lines(story, options, is_short=True)
    ]


def run_block(story: RunStory, options: RenderOptions) -> list[Text]:
    """A run in the list of all of them: what it did, then how it stands."""
    head = Text(f"  {story.noted.action}", "title")
    return [head, *story_lines(story, options)]


def story_lines(story: RunStory, options: RenderOptions, *, is_short: bool = False) -> list[Text]:
    """`✔ RUN-7 verified  op1 03:04:40  4/4 workers confirm`, and that it was taken back; without what it said if `is_short`."""
    from panels.draw.text import wrap_to_width

    words, noted = options.words, story.noted
    state = "undone" if story.undone is not None else noted.state
    mark = (ASCII_MARKS if options.ascii_only else MARKS).get(state, "X" if options.ascii_only else "✖")
    parts = [story.label, words.say(run_state(noted)), story.first.actor, f"{story.last.at:%H:%M:%S}Z"]
    if story.undone is not None:
        undone = words.text("screen.run_undone", by=story.undone.actor, at=f"{story.undone.at:%H:%M:%S}Z")
        parts.append(undone)
    elif (
        noted.state != "running"
        and options.in_force
        and (until := options.in_force.get(story.key)) is not None
    ):
        parts.append(words.text("screen.in_force", until=f"{until:%H:%MZ}"))
    if not is_short:
        parts.append(
            localize(
                run_detail(noted.model_copy(update={"said": None}) if noted.checks else noted), words.say
            )
        )
    style = STYLES.get(state, "burning" if state != "planned" else "")
    if noted.state == "finished" and noted.verified is False:
        mark, style = ("X" if options.ascii_only else "✖"), "burning"
    text = "  ".join(part for part in parts if part)
    first, *rest = wrap_to_width(text, max(4, options.width - 9)) or [""]
    return [
        Text.assemble("      ", (mark, style), " ", first),
        *(Text(f"        {part}", "quiet") for part in rest[:2]),
    ]
