"""What the incident's screen shows, and how one moves about in it: nothing here writes to the journal."""

from __future__ import annotations

import datetime as dt
import time
from typing import TYPE_CHECKING

from rich.text import Text
from textual import work

from core.errors import WarroomError
from core.message import say
from incidents.report.actions import run_stories
from response.checklist import (
    Missing,
    can_stand,
    checklist_rows,
    finished_before,
    first_row,
    is_done,
    next_killer,
    phase_beyond,
)
from tui.incident.context import log_errors
from tui.incident.draw.checklist import ChecklistView
from tui.incident.draw.header import incident_head, reading_head
from tui.incident.draw.options import RenderOptions
from tui.incident.draw.panes import PANES, pane_lines, roles_lines
from tui.incident.draw.step import step_lines
from tui.incident.draw.timeline import names_here
from tui.keymap import EVERYWHERE, KEYS
from tui.runtime.exit import report_crash
from tui.screens.incident_checks import measure_checks
from tui.screens.page import Page
from tui.screens.panel import panel_block

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from actions.runner.request import RunSettings
    from incidents.events.incident import Incident
    from panels.state import PanelState
    from response.checklist import Row, RowKey
    from response.step_actions import StepAction
    from runbooks.checks.observation import Observation
    from runbooks.model import Check, Runbook
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
IN_FORCE_INTERVAL_S = 2.0
"""Between two looks at what is in force."""
TELL_INTERVAL_S = 30.0
MEASURE_INTERVAL_S = 3.0
"""Between two measurements of the checks under the cursor."""


class IncidentView(Page, abstract=True):
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

    def on_mount(self) -> None:
        """Measure the checks under the cursor as long as the screen is on top; read what actions there are."""
        self.set_interval(1.0, self._measure)
        self.set_interval(0.5, self.incidents.read_actions)
        self.set_interval(IN_FORCE_INTERVAL_S, self._read_in_force)

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

    # Moving about

    def action_move(self, step: int) -> None:
        """The next row of the pane."""
        if self.pane == 0:
            standing = [row for row in self.rows() if can_stand(row)]
            here = self.row()
            if here is None:
                return
            at = standing.index(here) + step
            self._move_to(standing[max(0, min(at, len(standing) - 1))])
        elif self.incident is not None:
            counts = {
                "timeline": len(self.incident.events) - 1,
                "runs": len(self.incident.runs) - 1,
                "evidence": len(self.incident.evidence) - 1,
                "follow_ups": len(self.incident.follow_ups) - 1,
            }
            # The newest event stands at the bottom: up goes back in time.
            step = -step if PANES[self.pane] == "timeline" else step
            self._pane_cursor = max(0, min(self._pane_cursor + step, counts[PANES[self.pane]]))
        self.repaint()

    def action_top(self) -> None:
        """The first step, or the oldest entry."""
        self.action_move(-len(self.rows()) if self.pane == 0 else -1_000_000)

    def action_bottom(self) -> None:
        """The last step, or the newest entry."""
        self.action_move(len(self.rows()) if self.pane == 0 else 1_000_000)

    def action_phase(self, step: int) -> None:
        """The first step of the next phase, or of this one and then of the one before."""
        here = self.row()
        if self.pane or here is None:
            return
        goal = phase_beyond(self.rows(), here, step)
        if goal is not None:
            self._move_to(goal)
            self.repaint()

    def action_scroll(self, step: int) -> None:
        """The unfolded step, or the pane."""
        if self.pane:
            self.action_move(step)
        else:
            self._scroll += step
            self.repaint()

    def action_pane(self, step: int) -> None:
        """Checklist, timeline, evidence, follow-ups, and the runs where there are any."""
        if self.incident is not None:
            count = len(PANES) if self.incident.runs else len(PANES) - 1
            self.pane = (self.pane + step) % count
            self._pane_cursor = 0
            self.repaint()

    def action_killer(self) -> None:
        """The next killer item that nobody has done."""
        killer = next_killer(self.incident, self.rows(), self.cursor)
        if killer is None:
            self.incidents.notify(say("screen.no_killer"))
        else:
            self.pane = 0
            self._move_to(killer)
            self.repaint()

    def action_why(self) -> None:
        """Everything about the row under the cursor."""
        from tui.screens.why import WhyScreen

        if self.pane:
            self.open_entry()
        elif self.row() is not None:
            self.face.push_screen(WhyScreen(self))

    def open_entry(self) -> None:
        """The entry under the cursor of a pane, whole."""
        from tui.screens.record import RecordScreen

        incident = self.incident
        if incident is None or not self.pane:
            return
        if PANES[self.pane] == "runs":
            self._open_run(incident)
            return
        events = {
            "timeline": [event.id for event in reversed(incident.events)],
            "evidence": [evidence.event for evidence in incident.evidence],
            "follow_ups": [item.event for item in incident.follow_ups],
        }[PANES[self.pane]]
        if self._pane_cursor < len(events):
            names = names_here(self.runbooks())
            self.face.push_screen(RecordScreen(incident, events[self._pane_cursor], names))

    def _open_run(self, incident: Incident) -> None:
        """The run under the cursor, live: its output, its plan, its undo."""
        from tui.screens.actions.run import RunScreen

        stories = run_stories(incident)
        run = stories[self._pane_cursor].noted.run_id if self._pane_cursor < len(stories) else None
        if run is not None:
            self.face.push_screen(RunScreen(run))

    def action_copy(self) -> None:
        """The step's command into the clipboard (OSC 52); again: its next one."""
        row = self.row()
        commands = row.step.commands if row is not None and row.step is not None else ()
        if not commands:
            self.incidents.notify(say("screen.nothing_to_copy"))
            return
        command = commands[self._copied % len(commands)]
        self._copied += 1
        self.face.copy_to_clipboard(command.text)
        first = command.text.splitlines()[0] if command.text else ""
        at = (self._copied - 1) % len(commands) + 1
        self.incidents.notify(say("screen.copied", at=at, count=len(commands), command=first))

    def _move_to(self, row: Row) -> None:
        self.cursor = row.key
        self._scroll = self._copied = 0
        self._measure_at = 0.0
        self._measure()

    # What is in force

    def _read_in_force(self) -> None:
        incident = self.incident
        if self.is_current and incident is not None and self.face.runs.settings is not None:
            self._load_in_force(self.face.runs.settings)

    @work(exclusive=True, group="in force")
    async def _load_in_force(self, settings: RunSettings) -> None:
        from response.in_force import in_force

        try:
            now = dt.datetime.now(dt.UTC)
            effects = await self.face.runs.load(lambda journal: in_force(journal, settings, now))
            await self._tell_again(now)
        except WarroomError:
            self._in_force = None  # nobody can say it now
        else:
            self._in_force = {str(effect.run.id): effect.until for effect in effects}
        self.repaint()

    async def _tell_again(self, now: dt.datetime) -> None:
        """What whoever was killed could not tell the incident: now and then, by whoever has it open."""
        from actions.runner.tell import tell_again

        incident = self.incident
        due = time.monotonic() - self._told_at > TELL_INTERVAL_S
        if incident is not None and due and self._is_writable() and not self.incidents.journal.read_only:
            self._told_at = time.monotonic()
            await self.face.runs.ask(lambda journal: tell_again(journal, incident, now))

    # Measuring

    def _measure(self) -> None:
        """Ask the checks of the step under the cursor when it is time."""
        row = self.row() if self.is_current and self.past is None else None
        if row is None or row.step is None or not row.step.checks or self.face.paused:
            return
        if time.monotonic() >= self._measure_at:
            self._measure_at = time.monotonic() + MEASURE_INTERVAL_S
            self._measure_checks(row, row.step.checks, self._since(row))

    def _since(self, row: Row) -> float | None:
        """From when on a gate counts; without an incident there is no such moment."""
        incident = self.incident
        if incident is None or row.step is None or isinstance(row.runbook, Missing):
            return None
        return finished_before(incident, row.runbook, row.step)

    @work(exclusive=True, group="checks")
    async def _measure_checks(self, row: Row, checks: tuple[Check, ...], since: float | None) -> None:
        async def measure() -> None:
            async for index, observation in measure_checks(self.face, row.runbook.id, checks, since):
                self.observed.setdefault(row.key, {})[index] = observation
                self.repaint()

        await log_errors(measure())
