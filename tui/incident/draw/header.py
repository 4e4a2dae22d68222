"""The first line of the incident's screen: which one, how bad, who leads, how long, and when people must hear something."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.text import Text

from tui.incident.draw.strip import ROLES, clock_part, clock_text, elapsed_s, journal_part, update_clock_of

if TYPE_CHECKING:
    from runbooks.model import Runbook
    from tui.feeds.journal import IncidentSnapshot
    from tui.i18n import Language
    from tui.incident.context import IncidentContext


def reading_head(runbook: Runbook | None, words: Language, width: int, *, ascii_only: bool) -> Text:
    """A runbook that is only read; or an incident that is not known yet."""
    from panels.draw.text import shorten

    text = Text(f" {runbook.title if runbook else words.text('screen.opening')}  ", "title")
    if runbook:
        text.append(f" {words.text('screen.reading')} ", "stale")
    return shorten(text, width, ascii_only=ascii_only)


def incident_head(
    context: IncidentContext, seen: IncidentSnapshot, words: Language, width: int, now: float, *, past: bool
) -> Text:
    """`INC-42 SEV2 Cloudflare ban near   IC ic1 · ops op1   00:18:03  update in 6:12`."""
    from panels.draw.text import shorten

    incident = seen.incident
    drill = f"{words.text('update.drill')} " if incident.drill else ""
    status = "" if incident.status == "open" else f" {words.text(f'screen.status_{incident.status}')}"
    left = Text(f" {drill}{seen.label} {incident.severity}{status} ", "burning" if not status else "warn")
    right = Text(f"{clock_text(elapsed_s(incident, now))} ")
    if not past:
        clock = clock_part(update_clock_of(context, incident, now), words)
        right = Text.assemble("  ", right, " ", clock, " ") if clock else right
        right.append_text(journal_part(context.journal, words))
    else:
        right.append(f" {words.text('screen.past')} ", "stale")
    roles = [
        f"{words.text(f'screen.role_{role}')} {incident.roles.get(role, '–')}"
        for role in ROLES
        if role == "ic" or role in incident.roles
    ]
    space = width - left.cell_len - right.cell_len
    while roles and cell_len(" · ".join(roles)) > max(space - 12, space // 2):
        roles.pop()
    people = f"  {' · '.join(roles)} " if roles else ""
    name, space = Text(incident.title), max(0, space - cell_len(people))
    shorten(name, space, ascii_only=context.face.ascii_only)
    text = Text.assemble(left, name, " " * max(0, space - name.cell_len), people, right)
    return shorten(text, width, ascii_only=context.face.ascii_only)
