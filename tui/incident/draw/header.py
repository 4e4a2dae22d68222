"""The incident in a few lines: the head of its screen, the strip in the head of other pages, the column beside a wide board."""

from __future__ import annotations

import datetime as dt
from itertools import zip_longest
from typing import TYPE_CHECKING, NamedTuple

from rich.cells import cell_len
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from incidents.events.incident import Incident
    from incidents.updates.update import UpdateClock
    from runbooks.model import Runbook
    from signals.reading import Verdict
    from tui.feeds.journal import IncidentSnapshot, JournalState
    from tui.i18n import Language
    from tui.incident.context import IncidentContext

STRIP_WIDTH = 32
"""Columns of the strip beside a wide board, its gap included."""


def clock_text(seconds: float) -> str:
    """`00:18:03`."""
    whole = max(0, int(seconds))
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}"


def short_clock(seconds: float) -> str:
    """`6:12` or `1:06:12`."""
    whole = abs(int(seconds))
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"


def elapsed_s(incident: Incident, now: float) -> float:
    """Since it was opened, until now or until it was resolved."""
    resolved = incident.times.get("resolved")
    end = resolved.timestamp() if resolved else now
    return end - incident.opened_at.timestamp()


def status_update_clock(context: IncidentContext, incident: Incident, now: float) -> UpdateClock | None:
    """The status-update clock; None when it does not run."""
    from incidents.updates.update import update_clock

    if context.updates is None:
        return None
    return update_clock(incident, context.updates, dt.datetime.fromtimestamp(now, dt.UTC))


def clock_part(clock: UpdateClock | None, words: Language) -> Text:
    """When people must hear something; overdue is loud."""
    if clock is None:
        return Text()
    left = short_clock(clock.left_s)
    if clock.overdue:
        return Text(f" {words.text('screen.overdue', left=left)} ", "stale")
    return Text(words.text("screen.update_in", left=left))


def journal_part(state: JournalState, words: Language) -> Text:
    """What is not as usual about the journal; empty when all is well."""
    text = Text()
    for shown, key in (
        (state.problem is not None, "screen.no_journal_short"),
        (state.away is not None or state.spooled > 0, "screen.spooling"),
        (state.read_only, "screen.read_only"),
    ):
        if shown:
            text.append(" ")
            text.append(f" {words.text(key, count=state.spooled)} ", "stale")
    return text


class Around(NamedTuple):
    """What the head of every page says besides its own: how many panels are how bad, and whether all stands still."""

    counts: Text
    paused: bool
    runs: Text | None = None
    """How many runs go on and how much is in force; None before that is known."""


def count_part(verdicts: Iterable[Verdict], *, ascii_only: bool) -> Text:
    """`✖2 ▲1 ✔5 `: how many panels are how bad."""
    from panels.draw.panel import ASCII_MARKS, MARKS, STYLES
    from signals.reading import Verdict

    marks, known, text = ASCII_MARKS if ascii_only else MARKS, list(verdicts), Text()
    for verdict in (Verdict.BURNING, Verdict.WARN, Verdict.UNKNOWN, Verdict.OK):
        if count := known.count(verdict):
            text.append(f"{marks[verdict]}{count} ", STYLES[verdict])
    return text


def pause_part(words: Language) -> Text:
    """Nothing on the screen moves any more: said before anything else is."""
    return Text(f" {words.text('tui.paused')} ", "stale")


def fit(parts: Sequence[tuple[int, Text]], width: int) -> list[Text]:
    """The texts of `parts`, without those of the highest rank as long as they are too wide together; rank 0 stays."""
    kept = list(parts)
    while kept and sum(text.cell_len for _, text in kept) > width and max(rank for rank, _ in kept) > 0:
        last = max(rank for rank, _ in kept)
        kept.remove(next(part for part in reversed(kept) if part[0] == last))
    return [text for _, text in kept]


def reading_head(
    runbook: Runbook | None, around: Around, words: Language, width: int, *, ascii_only: bool
) -> Text:
    """A runbook that is only read; or an incident that is not known yet."""
    from panels.draw.text import shorten

    right = [(0, Text("  "))]
    if runbook:
        right.append((2, Text(f" {words.text('screen.reading')} ", "stale")))
    right.append((1, Text.assemble(" ", around.counts)))
    if around.paused:
        right.append((0, pause_part(words)))
    behind = Text.assemble(*fit(right, width))
    title = Text(f" {runbook.title if runbook else words.text('screen.opening')}", "title")
    title = shorten(title, max(0, width - behind.cell_len), ascii_only=ascii_only)
    return shorten(title.append_text(behind), width, ascii_only=ascii_only)


def incident_head(
    context: IncidentContext,
    snapshot: IncidentSnapshot,
    around: Around,
    width: int,
    now: float,
    *,
    past: bool,
) -> Text:
    """`INC-42 SEV2 Cloudflare ban near   IC ic1 · ops op1   00:18:03  update in 6:12  ✖2 ▲1 ✔5`."""
    from incidents.events.incident import ROLES
    from panels.draw.text import shorten

    incident, words = snapshot.incident, context.host.words
    drill = f"{words.text('update.drill')} " if incident.drill else ""
    status = "" if incident.status == "open" else f" {words.text(f'screen.status_{incident.status}')}"
    left = Text(f" {drill}{snapshot.label} {incident.severity}{status} ", "burning" if not status else "warn")
    lasts = (4, Text(f" {clock_text(elapsed_s(incident, now))} "))
    if past:
        clocks = [lasts, (1, Text(f" {words.text('screen.past')} ", "stale"))]
    else:
        update = status_update_clock(context, incident, now)
        clock = Text.assemble(" ", clock_part(update, words), " ") if update else Text()
        clocks = [lasts, (2 if update and update.overdue else 5, clock)]
        clocks.append((1, journal_part(context.journal, words)))
    paused = [(0, pause_part(words))] if around.paused else []
    runs = [] if around.runs is None else [(4, Text.assemble(" ", around.runs))]
    right = Text.assemble(
        *fit([*clocks, *runs, (3, Text.assemble(" ", around.counts)), *paused], width - left.cell_len)
    )
    ascii_only = context.host.ascii_only
    left = shorten(left, max(0, width - right.cell_len), ascii_only=ascii_only)
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
    shorten(name, space, ascii_only=ascii_only)
    text = Text.assemble(left, name, " " * max(0, space - name.cell_len), people, right)
    return shorten(text, width, ascii_only=ascii_only)


def strip(context: IncidentContext, words: Language, now: float) -> Text:
    """`INC-42 SEV2 IC:ic1 00:18:03`, an overdue update and a journal that is away; empty without any of it."""
    text = Text(no_wrap=True)
    if (snapshot := context.current()) is not None:
        incident = snapshot.incident
        name = f"{words.text('update.drill')} {snapshot.label}" if incident.drill else snapshot.label
        text.append(f"{name} {incident.severity}", "burning" if incident.status == "open" else "warn")
        text.append(f" IC:{incident.roles.get('ic', '–')} {clock_text(elapsed_s(incident, now))}")
        others = len(context.worst_first()) - 1
        if others:
            text.append(f" +{others}")
        clock = status_update_clock(context, incident, now)
        if clock is not None and clock.overdue:
            text.append(" ")
            text.append_text(clock_part(clock, words))
    text.append_text(journal_part(context.journal, words))
    return text


def board_strip(
    context: IncidentContext, snapshot: IncidentSnapshot, words: Language, height: int, now: float
) -> list[Text]:
    """Roles, where people are and what happened last, in a column beside the board."""
    from incidents.events.incident import ROLES
    from panels.draw.text import shorten, wrap_to_width
    from response.checklist import checklist_rows, is_here
    from tui.incident.draw.timeline import event_lines

    incident = snapshot.incident
    width = STRIP_WIDTH - 2
    lines = [
        Text(
            f"{snapshot.label} {incident.severity} {words.text(f'update.status_{incident.status}')}", "title"
        ),
        *(Text(part) for part in wrap_to_width(incident.title, width)[:3]),
        clock_part(status_update_clock(context, incident, now), words),
        *(
            Text(f"{words.text(f'screen.role_{role}')} {incident.roles[role]}")
            for role in ROLES
            if role in incident.roles
        ),
    ]
    runbooks = context.followed_runbooks(incident)
    here = next((row for row in checklist_rows(runbooks) if is_here(incident, row)), None)
    if here is not None and here.step is not None:
        lines += [
            Text(),
            Text(words.text("screen.here"), "quiet"),
            *(Text(part) for part in wrap_to_width(f"▶ {here.step.number} {here.step.text}", width)[:3]),
        ]
    lines += [Text(), Text(words.text("screen.pane_timeline"), "quiet")]
    lines += event_lines(incident, runbooks, words, width, max(0, height - len(lines)))
    for line in lines:
        shorten(line, width, ascii_only=context.host.ascii_only)
    return lines[:height]


def beside(left: list[Text], right: list[Text], width: int) -> list[Text]:
    """Two blocks of lines side by side; the left one is `width` wide."""
    lines = []
    for line, beside_it in zip_longest(left, right, fillvalue=Text()):
        gap = " " * max(0, width - line.cell_len)
        lines.append(Text.assemble(line, gap, ("│ ", "quiet"), beside_it))
    return lines
