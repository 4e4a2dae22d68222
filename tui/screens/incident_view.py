"""How one moves about in an incident, and what is measured meanwhile: nothing here writes to the journal."""

from __future__ import annotations

import datetime as dt
import time
from typing import TYPE_CHECKING

from textual import work

from core.errors import WarroomError
from core.message import say
from incidents.report.actions import run_stories
from response.checklist import (
    Missing,
    can_stand,
    finished_before,
    next_killer,
    phase_beyond,
)
from tui.incident.context import log_errors
from tui.incident.draw.panes import PANES
from tui.incident.draw.timeline import names_here
from tui.screens.incident_checks import measure_checks
from tui.screens.incident_page import IncidentPage

if TYPE_CHECKING:
    from actions.runner.request import RunSettings
    from incidents.events.incident import Incident
    from response.checklist import Row
    from runbooks.model import Check

IN_FORCE_INTERVAL_S = 2.0
"""Between two looks at what is in force."""
TELL_INTERVAL_S = 30.0
MEASURE_INTERVAL_S = 3.0
"""Between two measurements of the checks under the cursor."""


class IncidentView(IncidentPage, abstract=True):
    """The page with its keys; the step under the cursor is measured as long as one looks."""

    def on_mount(self) -> None:
        """Measure the checks under the cursor as long as the screen is on top; read what actions there are."""
        self.set_interval(1.0, self._measure)
        self.set_interval(0.5, self.incidents.read_actions)
        self.set_interval(IN_FORCE_INTERVAL_S, self._read_in_force)

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
