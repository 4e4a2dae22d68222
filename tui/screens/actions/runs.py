"""All runs, newest first: those that go on, those that failed, those of the incident; any of them can be opened."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text
from textual import work

from core.errors import WarroomError
from tui.actions.draw.run import list_line
from tui.actions.words import call_text, run_state
from tui.screens.actions.run import RunScreen
from tui.screens.page import Page

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from core.message import Message
    from incidents.events.run import Run

MAX_LISTED = 500
"""Runs that are listed; `warroom runs list --limit` shows older ones."""
KINDS = ("all", "active", "failed", "incident")


class RunsScreen(Page):
    """The list, and which of them it shows."""

    page = "runs"

    def __init__(self) -> None:
        super().__init__()
        self.listed: list[tuple[str, Run]] | None = None
        self.problem: Message | None = None
        self.kind = 0
        self._chosen: UUID | None = None
        self._seen = 0.0

    def on_mount(self) -> None:
        """Ask the journal."""
        self._read()

    def repaint(self) -> None:
        """News of runs: the list is read again; and so it is until it could be read, as before the journal is open."""
        failed = self.listed is None and self.problem is not None
        if failed or self.face.runs.state.at != self._seen:
            self._seen = self.face.runs.state.at
            self._read()
        super().repaint()

    @work(exclusive=True, group="list")
    async def _read(self) -> None:
        try:
            self.listed = await self.face.runs.load(lambda journal: journal.runs(limit=MAX_LISTED))
            self.problem = None
        except WarroomError as error:
            self.problem = error.message
        super().repaint()

    def shown(self) -> list[tuple[str, Run]]:
        """Those that the kind and the filter keep."""
        current = self.face.incidents.current()
        incident = current.incident.id if current is not None else None
        keeps: dict[str, Callable[[Run], bool]] = {
            "all": lambda _: True,
            "active": lambda run: not run.has_ended,
            "failed": lambda run: (
                run.state in ("failed", "orphaned") or run.verified is False or run.is_unknown
            ),
            "incident": lambda run: incident is not None and run.planned.incident == incident,
        }
        keep, matches, words = keeps[KINDS[self.kind]], self.filter.keeps, self.face.words
        return [
            (label, run)
            for label, run in self.listed or ()
            if keep(run)
            and (
                not self.filter.text
                or matches(
                    label,
                    call_text(run.action, run.params),
                    run.planned_by,
                    run.host,
                    words.say(run_state(run)),
                )
            )
        ]

    def body(self, width: int, height: int, now: float) -> list[Text]:
        """Which are shown, then a line each."""
        from panels.draw.text import shorten

        words, ascii_only = self.face.words, self.face.ascii_only
        head = Text(" ")
        for number, kind in enumerate(KINDS):
            name = words.text(f"act.kind_{kind}")
            head.append(
                f"[{name}]" if number == self.kind else f" {name} ",
                "cursor" if number == self.kind else "quiet",
            )
        lines = [head]
        if self.problem is not None:
            lines.append(Text(f" {words.say(self.problem)}", "burning"))
        if self.listed is None:
            return [*lines, Text(f"   {words.text('screen.asking_journal')}", "quiet")]
        runs = self.shown()
        if not runs:
            return [*lines, Text(f"   {words.text('act.no_runs')}", "quiet")]
        at = self._index(runs)
        room = max(1, height - len(lines))
        start = max(0, min(at - room // 2, len(runs) - room))
        for number, (label, run) in enumerate(runs[start : start + room], start):
            pointer = "›" if number == at else " "
            line = Text.assemble((pointer, "cursor"), list_line(label, run, words, now))
            if number == at:
                line.stylize("chosen", 3, 3 + len(label))
            lines.append(shorten(line, width, ascii_only=ascii_only))
        return lines

    def _index(self, runs: list[tuple[str, Run]]) -> int:
        return next((at for at, (_, run) in enumerate(runs) if run.id == self._chosen), 0)

    def action_move(self, step: int) -> None:
        """The next run."""
        if runs := self.shown():
            at = max(0, min(self._index(runs) + step, len(runs) - 1))
            self._chosen = runs[at][1].id
            super().repaint()

    def action_scroll(self, step: int) -> None:
        """As many runs further as there are lines."""
        self.action_move(step * max(1, self.size.height - 5))

    def action_top(self) -> None:
        """The newest."""
        self.action_move(-1_000_000)

    def action_bottom(self) -> None:
        """The oldest."""
        self.action_move(1_000_000)

    def action_kind(self, step: int) -> None:
        """All, those that go on, those that failed, those of the incident."""
        self.kind = (self.kind + step) % len(KINDS)
        super().repaint()

    def action_open_run(self) -> None:
        """Attach to it, or look at it."""
        if runs := self.shown():
            self.face.push_screen(RunScreen(runs[self._index(runs)][1].id))
