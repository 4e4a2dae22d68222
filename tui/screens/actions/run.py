"""One run, live: how it stands, its output, and what can be done about it. Leaving it changes nothing: the run goes on."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from rich.text import Text
from textual import work

from actions.parameters import MASK
from core.errors import WarroomError
from core.message import say
from response.decision import Refused
from response.runs import stored_plan
from tui.actions.draw.fold import fold
from tui.actions.draw.run import Known, event_lines, head_lines, output_lines, output_rule
from tui.actions.integrity import output_lost
from tui.actions.intent import Intent, undo_intent
from tui.actions.output import Window, read_before, read_end, read_from
from tui.runtime.threads import in_thread
from tui.screens.actions.second import approve_run, start_run
from tui.screens.confirm import Confirm
from tui.screens.page import Page
from tui.screens.submit import ask

if TYPE_CHECKING:
    from pathlib import Path
    from uuid import UUID

    from core.message import Message
    from incidents.events.run import Run
    from incidents.journal import Journal
    from tui.actions.context import RunContext
    from tui.keymap import Key

LOOK_S = 0.25
"""Between two looks at a run that goes on."""
FLOOD_S = 2.0
"""The same while more is printed than the screen can show: each look costs a slow line a whole screen."""
AWAY_S = 2.0
"""Between two looks while the journal is away."""
PANES = ("output", "plan", "record")


class RunScreen(Page):
    """Follows a run from wherever it was started; it can be opened on any run at any time."""

    page = "run"

    def __init__(self, run: UUID) -> None:
        super().__init__()
        self.run_id = run
        self.known: Known | None = None
        self.window = Window()
        self.pane = 0
        self.following = True
        self.problem: Message | None = None
        self._path: Path | None = None
        self._since = time.monotonic()
        self._top = 0

    @property
    def runs(self) -> RunContext:
        """What is known of runs."""
        return self.face.runs

    # Following

    def on_mount(self) -> None:
        """Look until it is over, and then once more."""
        self._follow()

    @work(exclusive=True, group="follow")
    async def _follow(self) -> None:
        from actions.runner.folder import RunFolder

        self._path = RunFolder.of(self.runs.configured().actions, self.run_id).output
        over, drawn_at = False, 0.0
        while not over:
            try:
                self.known = known = await self.runs.load(self._look)
                self.problem, pause = None, LOOK_S
                over = known.run.has_ended
            except WarroomError as error:
                self.problem, pause = error.message, AWAY_S
            before = self.window
            if self.following:
                self.window = await in_thread(self._read_end, name="read output")
            now = time.monotonic()
            if over or self.window != before or now - drawn_at >= 1.0:
                drawn_at = now
                self.repaint()
            if not over:
                await asyncio.sleep(max(pause, FLOOD_S) if self.window.start > before.end else pause)
        self._check_output()

    def _look(self, journal: Journal) -> Known:
        from response.orphans import lost
        from response.run_guard import waits_for_people

        run = journal.load_run(self.run_id)
        beat = None if run.has_ended else journal.heartbeats().get(self.run_id)
        waited = time.monotonic() - self._since
        waits = waits_for_people(run, self.runs.configured().actions)
        return Known(
            journal.run_label(self.run_id), run, beat, None if waits else lost(run, beat, waited), waits=waits
        )

    @work(group="hash")
    async def _check_output(self) -> None:
        """Whether the output here is the one whose hash the journal has."""
        from tui.actions.integrity import output_problem

        known, path = self.known, self._path
        if known is None or path is None:
            return
        problem = await in_thread(lambda: output_problem(known.run, path), name="hash output")
        if problem is not None:
            self.known = known._replace(intact=problem)
            self.repaint()

    def _read_end(self) -> Window:
        return Window() if self._path is None else read_end(self._path, max(1, self.size.height))

    # Drawing

    def body(self, width: int, height: int, now: float) -> list[Text]:
        """How it stands, then its output, its plan or its record, in the room that is left."""
        words, known = self.face.words, self.known
        if known is None:
            text = words.say(self.problem) if self.problem else words.text("act.reading_run")
            return [Text(f" {text}", "quiet" if self.problem is None else "burning")]
        lines = head_lines(known, words, width, now)
        if self.problem is not None:
            lines.append(Text(f" {words.say(self.problem)}", "burning"))
        if (missing := output_lost(known.run)) is not None:
            lines += fold(Text(f" {words.say(missing)}", "warn"), width - 1)
        room = max(1, height - len(lines) - 1)
        if PANES[self.pane] == "output":
            lines.append(
                output_rule(
                    self.window, words, width, following=self.following, missing=self._missing(known.run)
                )
            )
            shown = output_lines(self.window, width)
            return lines + (shown[-room:] if self.following else shown[:room])
        pane = (
            self._plan_lines(known.run, width, now)
            if PANES[self.pane] == "plan"
            else event_lines(known.run, words, width)
        )
        self._top = max(0, min(self._top, len(pane) - room))
        name = words.text(f"act.pane_{PANES[self.pane]}")
        return [*lines, Text(f" ── {name} ", "quiet"), *pane[self._top : self._top + room]]

    def _missing(self, run: Run) -> Message | None:
        """Why there is no output here."""
        from actions.runner.execute import host_name

        if self.window.size or not run.host or run.host == host_name():
            return None
        return say("run.elsewhere", host=run.host)

    def _plan_lines(self, run: Run, width: int, now: float) -> list[Text]:
        from tui.actions.draw.plan import Around, plan_lines

        try:
            plan = stored_plan(run)
        except WarroomError as error:
            return [Text(f" {self.face.words.say(error.message)}", "unknown")]
        return plan_lines(plan, Around(), self.face.words, width, now)

    def own_keys(self) -> tuple[Key, ...]:
        """Those that do something in this state."""
        known = self.known
        if known is None:
            return tuple(key for key in super().own_keys() if key.action.startswith("app."))
        run = known.run
        waits = known.waits
        wanted = {
            "cancel": not run.has_ended,
            "undo_run": run.has_ended
            and run.state != "undone"
            and run.was_begun
            and run.planned.danger != "observe",
            "orphan": known.lost is not None and not waits,
            "approve": waits,
            "start_run": waits,
            "again": _is_stale(run),
        }
        return tuple(key for key in super().own_keys() if wanted.get(key.action, True))

    # Keys

    def action_run_pane(self, step: int) -> None:
        """Output, plan, record."""
        self.pane, self._top = (self.pane + step) % len(PANES), 0
        self.repaint()

    def action_scroll(self, step: int) -> None:
        """A page up or down."""
        rows = max(1, self.size.height - 8)
        if PANES[self.pane] != "output":
            self._top = max(0, self._top + step * rows)
            self.repaint()
        elif step > 0 and not self.following:
            self._turn(self.window.end, rows)
        elif step < 0:
            self._turn(self.window.start if not self.following else self._first_shown(rows), -rows)

    def _first_shown(self, rows: int) -> int:
        """Where the lines begin that stand on the screen while the end is followed."""
        tail = self.window.lines[-rows:]
        return self.window.end - sum(len(line.encode()) + 1 for line in tail)

    @work(exclusive=True, group="turn")
    async def _turn(self, offset: int, count: int) -> None:
        path = self._path
        if path is None:
            return
        self.following = False
        read = read_from if count > 0 else read_before
        window = await in_thread(lambda: read(path, offset, abs(count)), name="read output")
        if count > 0 and window.end >= window.size:
            self.following = True
            window = await in_thread(self._read_end, name="read output")
        elif count < 0 and len(window.lines) < abs(count):
            window = await in_thread(lambda: read_from(path, 0, abs(count)), name="read output")
        self.window = window
        self.repaint()

    def action_top(self) -> None:
        """The beginning."""
        self._top = 0
        if PANES[self.pane] == "output":
            self._turn(0, max(1, self.size.height - 8))
        self.repaint()

    def action_bottom(self) -> None:
        """The end, and what comes behind it."""
        self._top, self.following = 1_000_000, True
        self._show_end()

    @work(exclusive=True, group="turn")
    async def _show_end(self) -> None:
        self.window = await in_thread(self._read_end, name="read output")
        self.repaint()

    def action_leave_run(self) -> None:
        """Back; the run goes on, and that is said."""
        known = self.known
        self.face.pop_screen()
        if known is not None and not known.run.has_ended:
            key = "act.waits_on" if known.waits else "act.goes_on"
            self.face.incidents.notify(say(key, run=known.label))

    def action_cancel(self) -> None:
        """Asked, then its runner is told; it records what came of that."""
        if self.known is not None and not self.known.run.has_ended:
            self.face.incidents.run(self._cancel(self.known))

    async def _cancel(self, known: Known) -> Message | None:
        from response.runs import cancel

        words = self.face.words
        remarks = [words.text("act.cancel_how")] if known.run.was_begun else []
        if await ask(self.face, Confirm(words.text("act.ask_cancel", run=known.label), remarks)) is None:
            return None
        settings, identity = self.runs.configured(), await self.runs.identity()
        refused = await self.runs.ask(lambda journal: cancel(journal, settings, self.run_id, identity))
        return refused.message if refused is not None else say("run.cancel_asked", run=known.label)

    def action_undo_run(self) -> None:
        """The plan of what takes it back; how, where no machine can do it."""
        if self.known is not None and self.known.run.has_ended:
            self.face.incidents.run(self._undo(self.known.run))

    async def _undo(self, run: Run) -> Message | None:
        from response.runs import undo_call

        call = undo_call(run)
        if isinstance(call, Refused):
            return call.message
        self.face.propose(undo_intent(run, call))
        return None

    def action_approve(self) -> None:
        """As the second person, after a look at the plan."""
        if self.known is not None:
            self.face.incidents.run(approve_run(self.face, self.known.label, self.known.run))

    def action_start_run(self) -> None:
        """What enough people approved."""
        if self.known is not None:
            self.face.incidents.run(start_run(self.face, self.known.label, self.known.run))

    def action_again(self) -> None:
        """A new plan of the same, after the world moved between yes and run."""
        if self.known is not None and _is_stale(run := self.known.run):
            planned = run.planned
            intent = Intent(
                action=run.action,
                params={name: value for name, value in run.params.items() if value != MASK},
                lasts_s=stored_plan(run).lasts_s or None,
                incident=planned.incident,
                runbook=planned.runbook,
                step=planned.step,
                undoes=planned.undoes,
            )
            self.face.propose(intent)

    def action_orphan(self) -> None:
        """A person says that nobody knows how it ended."""
        if self.known is not None and self.known.lost is not None:
            self.face.incidents.run(self._orphan(self.known))

    async def _orphan(self, known: Known) -> Message | None:
        from response.orphans import declare_orphaned

        words = self.face.words
        title = words.text("act.ask_orphan", run=known.label)
        if await ask(self.face, Confirm(title, [words.text("act.orphan_means")])) is None:
            return None
        identity = await self.runs.identity()
        refused = await self.runs.ask(lambda journal: declare_orphaned(journal, self.run_id, identity))
        return refused.message if refused is not None else say("run.is_orphaned", run=known.label)


def _is_stale(run: Run) -> bool:
    """Whether it was refused because the plan was not the one that was confirmed any more: nothing was done."""
    return run.state == "failed" and not run.was_begun
