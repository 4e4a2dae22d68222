"""Past incidents, newest first: search in all that was said, how long people needed, and summary step to look into."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from core.message import say
from tui.feeds.journal import IncidentSnapshot
from tui.screens.form import Field, Form
from tui.screens.incident_forms import reopen
from tui.screens.page import Page
from tui.screens.submit import ask

if TYPE_CHECKING:
    from asyncio import Future

    from core.message import Message
    from incidents.journal import Summary
    from incidents.report.statistics import Span, StepStatistics
    from response.write import Written
    from tui.incident.context import IncidentContext

MAX_LISTED = 500
"""Incidents that are listed; a search finds older ones."""


class HistoryScreen(Page):
    """The list, its cursor, and what was searched for."""

    page = "history"

    def __init__(self) -> None:
        super().__init__()
        self.summaries: list[Summary] | None = None
        self.spans: dict[str, Span] = {}
        self.steps: list[StepStatistics] | None = None
        """What the steps cost over these incidents, while that is shown instead of the list."""
        self._search = ""
        self._at = 0

    @property
    def incidents(self) -> IncidentContext:
        """What is known of incidents."""
        return self.face.incidents

    def on_mount(self) -> None:
        """Ask the journal."""
        self.incidents.run(self._look())

    def body(self, width: int, height: int, now: float) -> list[Text]:  # noqa: ARG002  # the shape of every screen
        """Statistics, then a line an incident."""
        from panels.draw.text import shorten

        words = self.face.words
        if self.summaries is None:
            return [Text(f"  {words.text('screen.asking_journal')}", "quiet")]
        lines = [Text(f" {self._statistics()}", "title")]
        if self._search:
            lines.append(
                Text(f" {words.text('screen.searched', text=self._search, count=len(self.summaries))}")
            )
        if not self.summaries:
            return [*lines, Text(f"  {words.text('screen.no_past')}", "quiet")]
        if self.steps is not None:
            lines += self._step_lines(self.steps)[: max(0, height - len(lines))]
            return [shorten(line, width, ascii_only=self.face.ascii_only) for line in lines]
        widest = max(
            cell_len(words.text(f"screen.{name}"))
            for name in ("status_open", "status_mitigated", "status_resolved", "column_status")
        )
        lines.append(self._columns(widest))
        room = max(1, height - len(lines))
        start = max(0, min(self._at - room // 2, len(self.summaries) - room))
        for number, summary in enumerate(self.summaries[start : start + room], start):
            status = set_cell_size(words.text(f"screen.status_{summary.status}"), widest)
            drill = f"{words.text('update.drill')} " if summary.drill else ""
            pointer = "›" if number == self._at else " "
            line = Text.assemble(
                (pointer, "cursor"),
                f"{summary.label:<8} {summary.severity} ",
                (status, "" if summary.status == "resolved" else "warn"),
                (f" {summary.opened_at:%Y-%m-%d %H:%M}  {_length(summary)}  ", "quiet"),
                f"{drill}{summary.title}",
            )
            if number == self._at:
                line.stylize("chosen", 1)
            lines.append(line)
        return [shorten(line, width, ascii_only=self.face.ascii_only) for line in lines]

    def _columns(self, status: int) -> Text:
        """What stands below; `status` is how wide that column is."""
        words = self.face.words
        names = (
            ("incident", 8),
            ("severity", 4),
            ("status", status),
            ("opened", 16),
            ("lasted", 8),
            ("title", 0),
        )
        cells = [(words.text(f"screen.column_{name}"), width) for name, width in names]
        return Text(
            " " + " ".join(set_cell_size(text, width) if width else f" {text}" for text, width in cells),
            "quiet",
        )

    def action_move(self, step: int) -> None:
        """The next incident."""
        if self.summaries and self.steps is None:
            self._at = max(0, min(self._at + step, len(self.summaries) - 1))
            self.repaint()

    def action_steps(self) -> None:
        """Which step costs most time and which is left out, over the incidents that are listed; again: the list."""
        if self.steps is not None:
            self.steps = None
            self.repaint()
        elif self.summaries:
            self.incidents.run(self._count_steps(self.summaries))

    def action_search(self) -> None:
        """In titles and in everything that was said; empty shows all."""
        words = self.face.words
        field = Field(words.text("screen.field_search"), self._search, needed=False)
        self.incidents.run(self._find(ask(self.face, Form(words.text("screen.search"), [field]))))

    def action_open(self) -> None:
        """An incident that is over can only be read; step that is not is joined."""
        from tui.screens.enter import show_incident

        if not self.summaries or self.steps is not None:
            return
        chosen = self.summaries[self._at]
        if chosen.status != "resolved" and chosen.id in self.incidents.snapshots:
            show_incident(self.face, chosen.id)
        else:
            self.incidents.run(self._open(chosen))

    def action_runbook(self) -> None:
        """The runbook that the incident under the cursor followed, to be read."""
        from tui.screens.enter import read_runbook_of

        if self.summaries and self.steps is None:
            self.incidents.run(read_runbook_of(self.face, self.summaries[self._at].id))

    def action_reopen_incident(self) -> None:
        """It was not over: why, is asked; then the incident goes on."""
        if self.summaries and self.steps is None:
            self.incidents.run(self._reopen(self.summaries[self._at]))

    async def _reopen(self, chosen: Summary) -> Message | None:
        from tui.screens.enter import show_incident

        if chosen.status == "open":
            return say("response.incident_open")
        incident = await self.incidents.opened_journal().ask(lambda journal: journal.load(chosen.id))
        situation = self.incidents.situation(IncidentSnapshot(chosen.label, incident))

        def reopened(_: Written) -> Message:
            show_incident(self.face, chosen.id)
            return say("screen.reopened_incident")

        reopen(self.face, situation, reopened)
        return None

    async def _open(self, chosen: Summary) -> Message | None:
        from tui.screens.incident import IncidentScreen

        if self.incidents.journal_thread is None:
            return say("screen.no_journal")
        incident = await self.incidents.journal_thread.ask(lambda journal: journal.load(chosen.id))
        self.face.push_screen(IncidentScreen(chosen.id, past=IncidentSnapshot(chosen.label, incident)))
        return None

    async def _count_steps(self, summaries: list[Summary]) -> Message | None:
        """Beside the desk: reading many incidents must keep nobody from writing."""
        from incidents.report.statistics import step_statistics

        if self.incidents.journal_thread is None:
            return say("screen.no_journal")
        store = await self.incidents.journal_thread.ask(lambda journal: journal.store())
        wanted = [summary for summary in summaries if not summary.drill]
        self.steps = await asyncio.to_thread(step_statistics, store, wanted)
        return None

    def _step_lines(self, steps: list[StepStatistics]) -> list[Text]:
        """The most skipped step, then all of them, the step that cost most time first."""
        from incidents.report.statistics import format_duration

        words = self.face.words
        if not steps:
            return [Text(f"  {words.text('screen.no_steps')}", "quiet")]
        lines = []
        skipped = max(steps, key=lambda step: step.skipped)
        if skipped.skipped:
            lines.append(
                Text(
                    f" {words.text('screen.most_skipped', step=self._step_name(skipped), count=skipped.skipped)}"
                )
            )
        lines.append(Text(f" {words.text('screen.step_columns')}", "quiet"))
        for step in steps:
            middle = "–" if step.median_s is None else format_duration(step.median_s)
            lines.append(
                Text.assemble(
                    f" {format_duration(step.total_s):>8} {middle:>8} {step.ticked:>4} ",
                    (f"{step.skipped:>4} ", "warn" if step.skipped else ""),
                    (f"{step.failed:>4}  ", "burning" if step.failed else ""),
                    self._step_name(step),
                )
            )
        return lines

    def _step_name(self, counted: StepStatistics) -> str:
        """The step's words, where the runbook is here and still has it."""
        runbook = self.incidents.library.get(counted.runbook) if self.incidents.library else None
        step = runbook.step(counted.step) if runbook else None
        name = f"{step.number} {step.text}" if step else counted.step
        return f"{counted.runbook} {name}".strip()

    async def _find(self, answer: Future[tuple[str, ...] | None]) -> Message | None:
        given = await answer
        if given is None:
            return None
        self._search, self._at, self.steps = given[0], 0, None
        return await self._look()

    async def _look(self) -> Message | None:
        from incidents.report.statistics import spans

        if self.incidents.journal_thread is None:
            return say("screen.no_journal")
        search = self._search
        self.summaries = await self.incidents.journal_thread.ask(
            lambda journal: journal.history(search, limit=MAX_LISTED)
        )
        self.spans = spans(summary for summary in self.summaries if not summary.drill)
        self.repaint()
        return None

    def _statistics(self) -> str:
        """`MTTA 1:23 · MTTM 14:02 · MTTR 41:10 (12 incidents)`; drills don't count."""
        from incidents.report.statistics import format_duration

        texts = [
            f"{name.upper()} {'–' if span.mean_s is None else format_duration(span.mean_s)}"
            for name, span in self.spans.items()
            if name != "mttd"
        ]
        count = sum(not summary.drill for summary in self.summaries or ())
        return self.face.words.text("screen.statistics", spans=" · ".join(texts), count=count)


def _length(summary: Summary) -> str:
    from incidents.report.statistics import format_duration

    end = summary.times.get("resolved")
    return f"{format_duration((end - summary.opened_at).total_seconds()):>7}" if end else "      –"
