"""What the incident's screen shows of what it has: the checklist with its step unfolded, panes, the panel that it is about."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from rich.text import Text

from response.checklist import (
    Missing,
    can_stand,
    checklist_rows,
    first_row,
    is_done,
)
from tui.incident.draw.checklist import ChecklistView
from tui.incident.draw.header import incident_head, reading_head
from tui.incident.draw.options import RenderOptions
from tui.incident.draw.panes import PANES, pane_lines, roles_lines
from tui.incident.draw.step import step_lines
from tui.keymap import EVERYWHERE, KEYS
from tui.runtime.exit import report_crash
from tui.screens.page import Page
from tui.screens.panel import panel_block

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence
    from uuid import UUID

    from incidents.events.incident import Incident
    from panels.state import PanelState
    from response.checklist import Row, RowKey
    from response.step_actions import StepAction
    from runbooks.checks.observation import Observation
    from runbooks.model import Runbook
    from tui.feeds.journal import IncidentSnapshot
    from tui.incident.context import IncidentContext
    from tui.keymap import Key

WIDE = 110
"""From this width on the panes stand beside the checklist."""
MIN_FOR_PANEL, MAX_TILE = 12, 20
"""From this height of body on the panel has a line, and the most lines that it gets where it has a tile."""
ALL_PANES, MIN_FOR_NEXT = 24, 6
"""From so many lines on all panes stand below each other, and the step that comes next stands below the one in hand."""
READ_ACTIONS = frozenset({"move", "why", "killer", "copy", "app.runbook", "scroll", "phase", "top", "bottom"})
PAST_ACTIONS = frozenset({"pane", "export", "start"})
"""Actions that write nothing: of a runbook that is only read, and of an incident of the past beside them."""


class IncidentPage(Page, abstract=True):
    """An incident with its checklist. `past` comes from the history; without an incident a runbook is read."""

    def __init__(
        self, incident_id: UUID | None, runbook: Runbook | None = None, past: IncidentSnapshot | None = None
    ) -> None:
        super().__init__()
        self.incident_id = incident_id
        self.past = past
        self.pane = 1 if past else 0
        self.cursor: RowKey | None = None
        self.observed: dict[RowKey, dict[int, Observation]] = {}
        self._runbook_read = runbook
        self._pane_cursor = 0
        self._panel_shown = ""
        self._scroll = 0
        self._copied = 0
        self._measure_at = 0.0
        self._told_at = 0.0
        self._in_force: dict[str, dt.datetime] | None = None

    # What is shown

    @property
    def incidents(self) -> IncidentContext:
        """What is known of incidents."""
        return self.face.incidents

    @property
    def snapshot(self) -> IncidentSnapshot | None:
        """The incident as it is now; None for a runbook that is only read, or while it is not known yet."""
        if self.past is not None or self.incident_id is None:
            return self.past
        return self.incidents.snapshots.get(self.incident_id)

    @property
    def incident(self) -> Incident | None:
        """The fold of it."""
        return self.snapshot.incident if self.snapshot else None

    def runbooks(self) -> list[Runbook | Missing]:
        """What the checklist is made of, in the language of the screen."""
        if self._runbook_read is not None:
            library = self.incidents.library
            return [(library.get(self._runbook_read.id) if library else None) or self._runbook_read]
        return list(self.incidents.followed_runbooks(self.incident)) if self.incident else []

    def rows(self) -> tuple[Row, ...]:
        """The checklist."""
        return checklist_rows(self.runbooks())

    def row(self) -> Row | None:
        """The row under the cursor; at first the one where people are."""
        rows = self.rows()
        row = next((row for row in rows if row.key == self.cursor), None)
        if row is None and (row := first_row(self.incident, rows)) is not None:
            self.cursor = row.key
        return row

    def head(self, width: int, now: float) -> Text:
        """The incident's own line instead of the service's."""
        if self.snapshot is not None:
            return incident_head(
                self.incidents, self.snapshot, self.around(), width, now, past=self.past is not None
            )
        return reading_head(
            self._runbook_read, self.around(), self.face.words, width, ascii_only=self.face.ascii_only
        )

    def body(self, width: int, height: int, now: float) -> list[Text]:
        """The checklist with its step unfolded, and the panes in the room there is; never the program's end."""
        try:
            return self._body(width, height, now)
        except Exception as error:  # noqa: BLE001  # keys still work, and what they write is safe
            key, values = report_crash(error, "screen.undrawn")
            return [Text(f" ? {self.face.words.text(key, **values)}")]

    def panel(self) -> PanelState | None:
        """What the runbook under the cursor is about, as it is now: so that one sees whether it gets better."""
        row = None if self.past is not None else self.row()
        if row is None or isinstance(row.runbook, Missing):
            return None
        states = self.face.states
        return next((states[name] for name in row.runbook.panels if name in states), None)

    def _body(self, width: int, height: int, now: float) -> list[Text]:
        incident, panel = self.incident, self.panel()
        if width < WIDE or incident is None:
            above = panel_block(self.face, panel, width, 1, now) if panel and height >= MIN_FOR_PANEL else []
            height -= len(above)
            self._panel_shown = panel.id if panel and above else ""
            if self.pane:
                return above + self._pane(PANES[self.pane], width, height)
            below = 3 if height >= 17 and incident is not None else 0
            lines = self._main(width, height - below, now)
            lines += [Text()] * (height - below - len(lines))
            return above + lines + (self._pane("timeline", width, below) if below else [])
        self._panel_shown = panel.id if panel else ""
        side = min(90, width * 2 // 5)
        left = self._main(width - side - 1, height, now)
        right = panel_block(self.face, panel, side, min(MAX_TILE, height // 3), now) if panel else []
        right += self._side(side, height - len(right), now)
        bar = "|" if self.face.ascii_only else "│"
        lines = []
        for y in range(height):
            line = left[y] if y < len(left) else Text()
            other = right[y] if y < len(right) else Text()
            gap = " " * max(0, width - side - 1 - line.cell_len)
            lines.append(Text.assemble(line, gap, (bar, "quiet"), other))
        return lines

    def footer(self) -> list[Key]:
        """The keys that are needed here first; all others are behind F1."""
        own = [key for key in self.own_keys() if key.footer or not self._is_writable()]
        own = [key for key in own if key.action.partition("(")[0] not in ("move", "scroll")]
        back = [] if self._is_writable() else [key for key in EVERYWHERE if key.key == "escape"]
        return [*back, *own, *(key for key in EVERYWHERE if key.key in ("f1", "q"))]

    def own_keys(self) -> tuple[Key, ...]:
        """Where nothing can be written, only what shows something."""
        if self._is_writable():
            return KEYS[self.page]
        shows = READ_ACTIONS if self.incident is None else {*READ_ACTIONS, *PAST_ACTIONS}
        kept = [key for key in KEYS[self.page] if key.action.partition("(")[0] in shows]
        # What the past is looked at for comes first: the footer has no room for all.
        return tuple(sorted(kept, key=lambda key: key.action.partition("(")[0] not in PAST_ACTIONS))

    def _is_writable(self) -> bool:
        return self.past is None and self.incident_id is not None

    def _main(self, width: int, height: int, now: float) -> list[Text]:
        words, rows, row = self.face.words, self.rows(), self.row()
        if not rows or row is None:
            lines = [Text(f"  {words.text('screen.no_runbook')}", "quiet")] if self.incident else []
            lines += [
                ChecklistView(self.incident, rows, words, self.face.ascii_only).line(other, False, width)
                for other in rows
            ]
            return lines[:height]
        look = ChecklistView(self.incident, rows, words, self.face.ascii_only)
        if height < 6:
            return look.lines(row.key, width, height)
        options = self._options(width, now)
        observed, actions = self.observed.get(row.key, {}), self.step_actions(row)
        unfolded = step_lines(row, rows, self.incident, observed, options, actions=actions)
        share = height * 4 // 9 if height < 30 else height // 2
        lines = look.lines(row.key, width, min(len(rows), max(4, share, height - 1 - len(unfolded))))
        lines.append(Text(("-" if self.face.ascii_only else "─") * width, "quiet"))
        left = height - len(lines)
        self._scroll = max(0, min(self._scroll, len(unfolded) - left))
        shown = unfolded[self._scroll : self._scroll + left]
        hidden = len(unfolded) - self._scroll - len(shown)
        if hidden and shown:
            shown[-1] = Text(f"  {words.text('screen.more', count=hidden + 1)}", "quiet")
        return lines + shown + self._following(row, rows, options, left - len(shown))

    def step_actions(self, row: Row) -> tuple[StepAction, ...]:
        """The buttons of a row's step."""
        return self.incidents.step_actions(row, self.incident)

    def _following(self, row: Row, rows: Sequence[Row], options: RenderOptions, room: int) -> list[Text]:
        """What is to be done next, where there is room for it."""
        keys = [other.key for other in rows]
        behind = rows[keys.index(row.key) + 1 :] if row.key in keys else rows
        following = next(
            (other for other in behind if can_stand(other) and not is_done(self.incident, other)), None
        )
        if following is None or room < MIN_FOR_NEXT:
            return []
        observed = self.observed.get(following.key, {})
        options = options._replace(is_writable=False)
        actions = self.step_actions(following)
        lines = step_lines(following, rows, self.incident, observed, options, actions=actions)
        rule = Text(f" {options.words.text('screen.following')} ", "quiet")
        rule.append(("-" if options.ascii_only else "─") * max(0, options.width - rule.cell_len))
        return [rule, *lines][:room] if len(lines) < room else []

    def _side(self, width: int, height: int, now: float) -> list[Text]:
        """Roles and clocks, then the chosen pane; where there is room the others, too."""
        incident = self.incident
        if incident is None:
            return []
        lines = roles_lines(self.incidents, incident, self.face.words, width, now)[: max(0, height - 4)]
        chosen = PANES[self.pane] if self.pane else "timeline"
        left = height - len(lines)
        if left < ALL_PANES:
            return lines + self._pane(chosen, width, left)
        panes = [pane for pane in PANES[1:] if pane != chosen and (pane != "runs" or incident.runs)]
        others = [self._pane(pane, width, left // (len(panes) + 1)) for pane in panes]
        shown = self._pane(chosen, width, left - sum(map(len, others)))
        return [*lines, *shown, *(line for other in others for line in other)]

    def _options(self, width: int, now: float) -> RenderOptions:
        return RenderOptions(
            self.face.words, width, now, self.face.ascii_only, self._is_writable(), self._in_force
        )

    def _pane(self, pane: str, width: int, height: int) -> list[Text]:
        incident = self.incident
        if incident is None:
            return []
        focused = pane == PANES[self.pane]
        options = self._options(width, time.time())
        at = self._pane_cursor if focused else 0
        return pane_lines(pane, incident, self.runbooks(), options, height, at=at, focused=focused)
