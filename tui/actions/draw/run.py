"""A run as lines: how it stands, what it says, what can be done about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rich.text import Text

from core.text import clean
from core.units import binary_size, duration
from incidents.report.describe_run import describe_run_event
from tui.actions.draw.fold import fold
from tui.actions.words import call_text, run_state, short_call

if TYPE_CHECKING:
    from core.message import Message
    from incidents.events.run import Run
    from incidents.journal.lease import Heartbeat
    from tui.actions.output import Window
    from tui.i18n import Language

MAX_LINE = 2000
"""Cells of a line of output that are shown; the whole stands in the file."""
STYLES = {
    "planned": "warn",
    "approved": "warn",
    "claimed": "cursor",
    "started": "cursor",
    "verified": "ok",
    "failed": "burning",
    "orphaned": "burning",
    "cancelled": "warn",
    "undone": "quiet",
}
MARKS = {"failed": "✖", "orphaned": "?", "cancelled": "▲", "undone": "–", "verified": "✔", "planned": "☐"}


class Known(NamedTuple):
    """A run at one moment, as the journal has it; `lost` says why it is no longer waited for, `waits` that people must act."""

    label: str
    run: Run
    beat: Heartbeat | None
    lost: Message | None
    intact: Message | None = None
    waits: bool = False


def state_mark(run: Run) -> tuple[str, str]:
    """A mark and its style: done and not verified is not calm."""
    if run.state == "finished":
        return {True: ("✔", "ok"), False: ("✖", "burning"), None: ("?", "unknown")}[run.verified]
    return MARKS.get(run.state, "▶"), STYLES.get(run.state, "")


def elapsed_s(run: Run, now: float) -> float:
    """From its start, or from its plan on, until its end or now."""
    begin = run.started_at or run.planned_at
    end = run.ended_at.timestamp() if run.ended_at else now
    return max(0.0, end - begin.timestamp())


def head_lines(known: Known, words: Language, width: int, now: float) -> list[Text]:
    """What it is, how it stands, since when, where; after its end what was looked at, and how it is taken back."""
    run, (mark, style) = known.run, state_mark(known.run)
    first = Text.assemble(" ", (known.label, "title"), "  ", (call_text(run.action, run.params), "key"))
    state_text = words.say(run_state(run))
    if known.lost is not None and run.was_begun:
        mark, style, state_text = "?", "burning", f"{state_text}: {words.text('act.strip_lost')}"
    state = Text.assemble(" ", (f"{mark} ", style), (state_text, style))
    state.append(f"   {words.say(duration(elapsed_s(run, now)))}", "title" if not run.has_ended else "quiet")
    by = words.text("act.run_by", by=run.planned_by, at=f"{run.planned_at:%H:%M:%SZ}")
    state.append(f"   {by}", "quiet")
    if run.host:
        place = words.text("act.run_on", host=run.host, process=run.process or "–")
        state.append(f"   {place}", "quiet")
    lines = [*_hanging(first, width), *_hanging(state, width)]
    if run.detail:
        lines += _indented(Text(clean(run.detail), "quiet"), width)
    for check, result in zip(run.checks, run.results, strict=True):
        checked = {True: ("✔ ", "ok"), False: ("✖ ", "burning"), None: ("? ", "unknown")}[result]
        lines += _indented(Text.assemble(checked, words.say(check.message)), width)
    if run.cancel_asked_by and not run.has_ended:
        lines += _indented(Text(words.text("act.cancel_asked_by", by=run.cancel_asked_by), "warn"), width)
    if known.intact is not None:
        lines += _indented(Text(words.say(known.intact), "burning"), width)
    if known.lost is not None:
        lines += _lost_lines(known, words, width)
    if run.until is not None and run.state == "finished":
        until = words.text("act.until", at=f"{run.until:%m-%d %H:%MZ}")
        lines += _indented(Text(until, "quiet"), width)
    return lines


def _lost_lines(known: Known, words: Language, width: int) -> list[Text]:
    """What is known of a run whose runner is silent, for the person who has to find out."""
    run = known.run
    lines = _indented(Text(words.say(known.lost) if known.lost else "", "burning"), width)
    process = run.process if run.process is not None else words.text("act.unknown")
    lines += _indented(Text(words.text("act.lost_where", host=run.host or "?", process=process)), width)
    if run.resource:
        lines += _indented(Text(words.text("act.lost_resource", resource=run.resource)), width)
    began = "act.lost_begun" if run.was_begun else "act.lost_not_begun"
    return lines + _indented(Text(words.text(began)), width)


def output_rule(
    window: Window, words: Language, width: int, *, following: bool, missing: Message | None
) -> Text:
    """The line over the output: how much there is, and where one is in it."""
    if missing is not None:
        text = words.say(missing)
    elif not window.size:
        text = words.text("act.no_output")
    else:
        percent = 100 if window.end >= window.size else min(99, 100 * window.end // window.size)
        key = "act.output_end" if following else "act.output_at"
        text = words.text(key, size=binary_size(window.size), percent=percent)
    line = Text(f" ── {text} ", "quiet")
    return line.append("─" * max(0, width - line.cell_len - 1), "quiet")


def output_lines(window: Window, width: int) -> list[Text]:
    """The lines, broken where the screen ends."""
    lines: list[Text] = []
    for line in window.lines:
        shown = clean(line, MAX_LINE) if line.strip() else ""
        lines += fold(Text(f" {shown}"), width - 1)
    return lines


def event_lines(run: Run, words: Language, width: int) -> list[Text]:
    """Every event of its chain."""
    lines: list[Text] = []
    for event in run.events:
        text = words.say(describe_run_event(event))
        head = Text(f" {event.at:%m-%d %H:%M:%SZ}  {event.actor}  ", "quiet")
        lines += fold(head.append(text, ""), width - 1)
    return lines


def list_line(label: str, run: Run, words: Language, now: float) -> Text:
    """One line of a list of runs."""
    mark, style = state_mark(run)
    at = run.planned_at
    when = f"{at:%m-%d %H:%M}" if now - at.timestamp() > 86_400 else f"{at:%H:%M:%S}"
    state = words.say(run_state(run))
    return Text.assemble(
        (f"{mark} ", style),
        (f"{label:<8}", "title"),
        (f"{when:<12}", "quiet"),
        short_call(run.action, run.params),
        (f"  {state}", style),
        (f"  {run.planned_by}", "quiet"),
    )


def _hanging(text: Text, width: int) -> list[Text]:
    """What does not fit stands under the first words."""
    first, *more = fold(text, width - 1)
    rest = Text(" ").join(more) if more else None
    return [first] if rest is None else [first, *_indented(rest, width)]


def _indented(text: Text, width: int) -> list[Text]:
    return [Text("   ").append_text(part) for part in fold(text, width - 4)]
