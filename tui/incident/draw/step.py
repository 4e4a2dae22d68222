"""The step under the cursor, unfolded: what its checks say now, what to do and why, what to copy, who did what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from response.checklist import is_confirmed, open_killers, step_state
from response.step_actions import step_stories
from tui.incident.draw.action import action_lines, story_lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from incidents.events.incident import Incident
    from response.checklist import Row
    from response.step_actions import StepAction
    from runbooks.checks.observation import Observation
    from runbooks.model import Block, Check
    from tui.incident.draw.options import RenderOptions


STALE_S = 12.0
"""A check that was measured longer ago is said to be old: it is asked every few seconds."""


def step_lines(
    row: Row,
    rows: Sequence[Row],
    incident: Incident | None,
    observed: Mapping[int, Observation],
    options: RenderOptions,
    *,
    actions: Sequence[StepAction] = (),
) -> list[Text]:
    """All lines, in order of need: what it is, how it stands, its buttons, its checks, then the manual's own words."""
    words, width = options.words, options.width
    if row.kind == "pause":
        return list(_pause(row, rows, incident, options))
    step = row.step
    if step is None:
        return []
    killer = f"! {words.text('screen.killer')}  " if step.killer else ""
    title = f"{step.number} {killer}{step.text}"
    lines = [Text(f" {part}", "title") for part in _wrapped(title, width - 2)]
    lines += _state(row, incident, options)
    lines += action_lines(actions, options, is_key=options.is_writable)
    lines += _other_runs(row, incident, actions, options)
    for index, check in enumerate(step.checks):
        lines += check_lines(check, observed.get(index), options)
    for block in step.blocks:
        lines += block_lines(block, options)
    return lines


def _other_runs(
    row: Row, incident: Incident | None, actions: Sequence[StepAction], options: RenderOptions
) -> Iterator[Text]:
    """Runs of the step that are none of its actions: those that took another one back, first of all."""
    shown = {story.key for action in actions for story in action.stories}
    for story in step_stories(row, incident):
        if story.key not in shown:
            yield from story_lines(story, options)


def block_lines(block: Block, options: RenderOptions) -> list[Text]:
    """Prose, or a command as it stands; checks are shown by `check_lines`, actions by `action_lines`."""
    from runbooks.model import Command, Paragraph

    words, width = options.words, options.width
    if isinstance(block, Paragraph):
        label = f"{words.text(f'screen.block_{block.role}')} " if block.role else ""
        parts = _wrapped(f"{label}{block.text}", width - 3)
        lines = [Text(f"  {part}") for part in parts]
        if lines and label:
            lines[0].stylize("key", 2, 2 + len(label))
        return lines
    if isinstance(block, Command):
        onward = "  ~ " if options.ascii_only else "  ↪ "
        return [
            Text.assemble(("  $ " if not index + cut else onward if cut else "    ", "quiet"), (part, "key"))
            for index, line in enumerate(block.text.splitlines() or [""])
            for cut, part in enumerate(_cut(line, width - 5))
        ]
    return []


def check_lines(check: Check, observation: Observation | None, options: RenderOptions) -> list[Text]:
    """`check ✔ as expected  38/min falling, expected falling  2s`; what was not measured is never a pass."""
    from panels.draw.panel import ASCII_MARKS, MARKS, STYLES, age_text
    from signals.reading import Verdict

    words, width, now = options.words, options.width, options.now
    marks = ASCII_MARKS if options.ascii_only else MARKS
    label = words.text("screen.check")
    if observation is None:
        return [
            Text.assemble(
                ("  " + label, "key"), f" {check.expect.text}  ", (words.text("screen.measuring"), "quiet")
            )
        ]
    verdict = observation.verdict
    word = words.text(f"screen.verdict_{verdict.value}")
    text = Text.assemble(
        ("  " + label, "key"),
        " ",
        (f"{marks[verdict]} {word}", "no_data" if verdict is Verdict.UNKNOWN else STYLES[verdict]),
        f"  {words.say(observation.text)}",
    )
    if observation.at is not None:
        age = max(0.0, now - observation.at)
        text.append("  ")
        text.append(
            words.text("screen.old", age=age_text(age)) if age > STALE_S else age_text(age),
            "stale" if age > STALE_S else "quiet",
        )
    return [text] if text.cell_len <= width else _on_two_lines(text, width)


def _on_two_lines(text: Text, width: int) -> list[Text]:
    """The verdict, then what was seen."""
    cut = text.plain.find("  ", 2)
    lines = [text[:cut], Text.assemble("     ", text[cut + 2 :])] if cut > 0 else [text]
    for line in lines:
        line.truncate(width)
    return lines


def _state(row: Row, incident: Incident | None, options: RenderOptions) -> Iterator[Text]:
    from incidents.report.describe import localize, observation_text

    words, width = options.words, options.width
    state = step_state(incident, row)
    if state is None:
        return
    by_run = words.text("screen.by_run", run=state.run) if state.run else ""
    seen = "" if state.run else localize(observation_text(state), words.say)  # its run says it below
    parts = [by_run, state.reason, seen]
    more = "  ".join(part for part in parts if part)
    if state.state != "open" or more:
        state_name = words.text(f"event.state_{state.state}")
        line = f"{state_name} · {state.by} {state.at:%H:%M:%S}Z  {more}".rstrip()
        style = "burning" if state.state == "failed" else "quiet"
        yield from (Text(f"  {part}", style) for part in _wrapped(line, width - 3)[:2])
    for remark in state.remarks:
        yield from (
            Text(f"  {part}", "remark")
            for part in _wrapped(f"{words.text('screen.remark')} {remark}", width - 3)
        )


def _pause(
    row: Row, rows: Sequence[Row], incident: Incident | None, options: RenderOptions
) -> Iterator[Text]:
    words, width = options.words, options.width
    phase = row.phase
    if phase is None:
        return
    yield from (Text(f" {part}", "title") for part in _wrapped(phase.pause, width - 2))
    if is_confirmed(incident, row):
        yield Text(f"  {words.text('screen.pause_behind')}", "ok")
        return
    for killer in open_killers(incident, rows, row):
        if killer.step is not None:
            yield Text(
                f"  {words.text('response.killer_open', step=f'{killer.step.number} {killer.step.text}')}",
                "burning",
            )
    commander = incident.roles.get("ic", "") if incident else ""
    key = "screen.pause_by" if commander else "screen.pause_by_anyone"
    yield from (Text(f"  {part}") for part in _wrapped(words.text(key, ic=commander), width - 3))


def _wrapped(text: str, width: int) -> list[str]:
    from panels.draw.text import wrap_to_width

    return [part for line in text.splitlines() for part in wrap_to_width(line, max(4, width))]


def _cut(line: str, width: int) -> list[str]:
    """A command is never rewrapped at spaces: it is cut where the screen ends, and goes on below."""
    from rich.cells import chop_cells

    return chop_cells(line, max(4, width)) or [""]
