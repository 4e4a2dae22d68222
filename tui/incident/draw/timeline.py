"""The timeline on screen: time, who, what; steps by their number and their words instead of their id."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from response.checklist import Missing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from incidents.events.event import Event
    from incidents.events.incident import Incident
    from incidents.report.describe import Names
    from runbooks.model import Runbook
    from tui.i18n import Language

LOUD = ("severity_changed", "step_failed", "reopened")


def names_here(runbooks: Sequence[Runbook | Missing]) -> Names:
    """What the runbooks that are here call their steps and phases."""
    from response.names import runbook_names

    return runbook_names(runbook for runbook in runbooks if not isinstance(runbook, Missing))


def event_lines(
    incident: Incident,
    runbooks: Sequence[Runbook | Missing],
    words: Language,
    width: int,
    height: int,
    *,
    back: int = 0,
) -> list[Text]:
    """The last events in `height` lines, the newest at the bottom; `back` so many events are left out there.

    An event has as many lines as its text needs, at most three; what was taken back is struck and said.
    """
    lines: list[Text] = []
    names = names_here(runbooks)
    events = incident.events[: len(incident.events) - back] if back else incident.events
    for event in reversed(events):
        block = event_block(incident, names, event, words, width)
        left = height - len(lines)
        if left <= 0:
            break
        if len(block) > left:
            block = block[:left]
            block[-1].append("…")
            block[-1].truncate(width)
        lines = block + lines
    return lines


def event_block(incident: Incident, names: Names, event: Event, words: Language, width: int) -> list[Text]:
    """One event, cut after three lines."""
    from incidents.report.describe import describe_event
    from panels.draw.text import wrap_to_width

    text = " ".join(words.say(describe_event(incident, event, names)).split())
    gone = event.id in incident.undone
    if gone:
        text = f"{words.text('screen.taken_back')} {text}"
    clock = f"{event.at:%H:%M:%S}" if width >= 40 else f"{event.at:%H:%M}"
    actor = set_cell_size(event.actor, min(10, max(3, cell_len(event.actor))))
    head = f"{clock} {actor} "
    style = "quiet strike" if gone else "burning" if event.body.kind in LOUD else ""
    indent = cell_len(head) if width - cell_len(head) >= 24 else 2
    first = wrap_to_width(text, max(4, width - cell_len(head))) or [""]
    rest = wrap_to_width(text.removeprefix(first[0]).lstrip(), max(4, width - indent))
    block = [Text.assemble((head, "quiet"), (first[0], style))]
    block += [Text(" " * indent + part, style) for part in rest[:2]]
    if len(rest) > 2:
        block[-1].append("…")
    for line in block:
        line.truncate(width)
    return block
