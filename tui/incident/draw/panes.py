"""The panes beside the checklist: roles and clocks, timeline, evidence, follow-ups."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.text import Text

from incidents.events.incident import ROLES
from incidents.report.actions import run_stories
from tui.incident.draw.action import run_block
from tui.incident.draw.checklist import ASCII_MARKS, MARKS
from tui.incident.draw.header import clock_part, clock_text, elapsed_s, status_update_clock
from tui.incident.draw.timeline import event_block, event_lines, names_here

if TYPE_CHECKING:
    from collections.abc import Sequence

    from incidents.events.incident import Incident
    from response.checklist import Missing
    from runbooks.model import Runbook
    from tui.i18n import Language
    from tui.incident.context import IncidentContext
    from tui.incident.draw.options import RenderOptions

Pane = str
# The last one is there only once something was run.
PANES: tuple[Pane, ...] = ("checklist", "timeline", "evidence", "follow_ups", "runs")


def roles_lines(
    context: IncidentContext, incident: Incident, words: Language, width: int, now: float
) -> list[Text]:
    """Who does what, what is offered, how long it lasts, which alerts belong to it."""
    lines = []
    for role in ROLES:
        holder = incident.roles.get(role, "–")
        line = Text(f" {words.text(f'screen.role_{role}'):<8} {holder}")
        if (offer := incident.offers.get(role)) is not None:
            line.append("  ")
            line.append(words.text("screen.offered", to=offer.to), "warn")
        lines.append(line)
    clock = Text(f" {clock_text(elapsed_s(incident, now))}  ")
    clock.append_text(clock_part(status_update_clock(context, incident, now), words))
    lines.append(clock)
    for alert in incident.alerts.values():
        over = alert.resolved_at
        state = (
            words.text("screen.alert_over", at=f"{over:%H:%M:%S}")
            if over
            else words.text("screen.alert_fires")
        )
        lines.append(Text(f" {alert.name}  {state}", "ok" if over else "burning"))
    for line in lines:
        line.truncate(width)
    return lines


def pane_lines(
    pane: Pane,
    incident: Incident,
    runbooks: Sequence[Runbook | Missing],
    options: RenderOptions,
    height: int,
    *,
    at: int,
    focused: bool,
) -> list[Text]:
    """One pane with its title in `height` lines; `at` is where its cursor stands."""
    words, width, ascii_only = options.words, options.width, options.ascii_only
    title = words.text(f"screen.pane_{pane}")
    rule = ("-" if ascii_only else "─") * max(0, width - cell_len(title) - 2)
    head = Text(f" {title} {rule}", "cursor" if focused else "quiet")
    head.truncate(width)
    room = max(0, height - 1)
    if pane == "timeline":
        events = event_lines(incident, runbooks, words, width - 1, room, back=at)
        shown = [Text.assemble(" ", line) for line in events]
        if focused and events:
            names = names_here(runbooks)
            newest = event_block(incident, names, incident.events[-1 - at], words, width - 1)
            here = max(0, len(events) - len(newest))
            shown[here] = Text.assemble(("›", "cursor"), events[here])
            shown[here].stylize("chosen", 1)
        return [head, *shown]
    if pane == "evidence":
        blocks = _evidence(incident, words, width, ascii_only=ascii_only)
    elif pane == "runs":
        blocks = [run_block(story, options) for story in run_stories(incident)]
    else:
        blocks = _follow_ups(incident, words, ascii_only=ascii_only)
    if not blocks:
        return [head, Text(f"  {words.text(f'screen.none_{pane}')}", "quiet")][:height]
    lines: list[Text] = []
    for index, block in enumerate(blocks):
        if focused and index == at:
            block[0] = Text.assemble(("›", "cursor"), block[0][1:])
            block[0].stylize("chosen", 2)
        lines += block
    before = sum(len(block) for block in blocks[:at])
    start = max(0, min(before, len(lines) - room)) if focused else max(0, len(lines) - room)
    for line in lines:
        line.truncate(width)
    return [head, *lines[start : start + room]][: max(0, height)]


def _evidence(incident: Incident, words: Language, width: int, *, ascii_only: bool) -> list[list[Text]]:
    from incidents.report.describe import localize_evidence
    from panels.draw.panel import ASCII_MARKS as VERDICT_ASCII
    from panels.draw.panel import MARKS as VERDICT_MARKS
    from panels.draw.panel import STYLES, sparkline
    from signals.reading import Verdict

    blocks = []
    for evidence in incident.evidence:
        pinned = localize_evidence(evidence.pinned, words.say)
        verdict = Verdict(pinned.verdict or "unknown")
        mark = (VERDICT_ASCII if ascii_only else VERDICT_MARKS)[verdict]
        block = [
            Text.assemble(
                "  ",
                (mark, STYLES[verdict]),
                f" {evidence.at:%H:%M:%S} {evidence.by}  ",
                (pinned.title, "title"),
            )
        ]
        if pinned.line:
            block.append(Text(f"    {pinned.line}"))
        if pinned.curves:
            curve = pinned.curves[0]
            values = [float("nan") if value is None else value for value in curve.values]
            spark = sparkline(values, max(8, min(40, width - 8)), ascii_only=ascii_only)
            block.append(Text(f"    {spark} {curve.name}", "quiet"))
        blocks.append(block)
    return blocks


def _follow_ups(incident: Incident, words: Language, *, ascii_only: bool) -> list[list[Text]]:
    marks = ASCII_MARKS if ascii_only else MARKS
    return [
        [
            Text(
                f"  {marks['ticked' if item.done else 'open']} {item.text}  "
                f"{item.owner or words.text('screen.no_owner')}  {item.due or ''}".rstrip(),
                "quiet" if item.done else "",
            )
        ]
        for item in incident.follow_ups
    ]
