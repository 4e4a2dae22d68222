"""The checklist as lines: phases, steps with their marks, who did them when, and the pause points between."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.text import Text

from response.checklist import Missing, is_confirmed, is_here, phase_position, progress, step_state

if TYPE_CHECKING:
    from collections.abc import Sequence

    from incidents.events.incident import Incident
    from response.checklist import Row, RowKey
    from tui.i18n import Language

MARKS = {
    "open": "☐",
    "started": "▶",
    "ticked": "✔",
    "not_passed": "▲",
    "unmeasured": "?",
    "skipped": "–",
    "failed": "✖",
}
ASCII_MARKS = {
    "open": "_",
    "started": ">",
    "ticked": "+",
    "not_passed": "!",
    "unmeasured": "?",
    "skipped": "-",
    "failed": "X",
}
STYLES = {
    "open": "",
    "started": "cursor",
    "ticked": "ok",
    "not_passed": "warn",
    "unmeasured": "unknown",
    "skipped": "quiet",
    "failed": "burning",
}
"""Of a step's state; a tick whose checks did not pass, or that nobody measured, is no plain one."""
BAR = 8
MIN_TEXT = 20
"""Cells that a step's text keeps; who did it when has to do with the rest."""


@dataclass(frozen=True, slots=True)
class ChecklistView:
    """What the lines are drawn from."""

    incident: Incident | None
    rows: Sequence[Row]
    words: Language
    ascii_only: bool = False

    def lines(self, cursor: RowKey | None, width: int, height: int) -> list[Text]:
        """The rows around the cursor; the phase that it is in stands on top even when its steps are scrolled away."""
        at = next((index for index, row in enumerate(self.rows) if row.key == cursor), 0)
        if height <= 0 or not self.rows:
            return []
        head = next((index for index in range(at, -1, -1) if self.rows[index].kind == "phase"), 0)
        sticky = height > 1 and at - head >= height - 1
        start = at - height + (3 if height > 3 and at + 1 < len(self.rows) else 2) if sticky else head
        start = max(0, min(start, len(self.rows) - height + (1 if sticky else 0)))
        shown = list(self.rows[start : start + height - (1 if sticky else 0)])
        if sticky:
            shown.insert(0, self.rows[head])
        return [self.line(row, row.key == cursor, width) for row in shown]

    def line(self, row: Row, chosen: bool, width: int) -> Text:  # noqa: FBT001  # of this row, and nothing else
        """One row in one line."""
        from panels.draw.text import shorten

        if row.kind == "runbook":
            text = self._runbook(row, width)
        elif row.kind == "phase":
            text = self.phase(row, width)
        elif row.kind == "pause":
            text = self._pause(row, width)
        else:
            text = self._step(row, width)
        if chosen:
            text = Text.assemble(("›", "cursor"), text[1:])
            text.stylize("chosen", 3)
        return shorten(text, width, ascii_only=self.ascii_only)

    def phase(self, row: Row, width: int) -> Text:
        """`Phase 1 of 5  STOP THE STORM ──── 2 of 4 ▓▓▓▓░░░░`."""
        assert row.phase is not None  # noqa: S101  # a row of this kind has one
        words = self.words
        number, count = phase_position(self.rows, row)
        done, steps, *doubtful = progress(self.incident, self.rows, row)
        title = row.phase.title if words.code == "zh" else row.phase.title.upper()
        left = f" {words.text('screen.phase', number=number, count=count)}  {title} "
        if row.phase.prevention:
            left = f" {words.text('screen.phase', number=number, count=count)}  {title} ({words.text('screen.prevention')}) "
        full, empty = ("#", ".") if self.ascii_only else ("▓", "░")
        share = round(BAR * done / steps) if steps else 0
        marks, counts = ASCII_MARKS if self.ascii_only else MARKS, Text()
        for name, count in zip(("failed", "not_passed", "unmeasured"), doubtful, strict=True):
            if count:
                counts.append(f" {marks[name]}{count}", STYLES[name])
        style = "ok" if done == steps and not counts else ""
        right = Text.assemble((f" {words.text('screen.of', done=done, count=steps)}", style), counts)
        bar = Text(f" {full * share}{empty * (BAR - share)}", style)
        if self.incident is None or row.phase.prevention or cell_len(left) + right.cell_len > width:
            right = Text()
        elif cell_len(left) + right.cell_len + bar.cell_len <= width:
            right.append_text(bar)
        rule = ("-" if self.ascii_only else "─") * max(0, width - cell_len(left) - right.cell_len)
        return Text.assemble((left, "title"), (rule, "quiet"), right)

    def _runbook(self, row: Row, width: int) -> Text:
        if isinstance(row.runbook, Missing):
            return Text(f" ? {self.words.text('screen.missing_runbook', id=row.runbook.id)}", "unknown")
        return Text(f" {row.runbook.title} ".ljust(width), "title")

    def _pause(self, row: Row, width: int) -> Text:
        from panels.draw.text import shorten

        assert row.phase is not None  # noqa: S101  # a row of this kind has one
        confirmed = is_confirmed(self.incident, row)
        marks = ASCII_MARKS if self.ascii_only else MARKS
        mark = marks["ticked"] if confirmed else "=" if self.ascii_only else "‖"
        word = self.words.text("screen.pause_behind" if confirmed else "screen.pause")
        text = Text.assemble(
            f" {mark} ", (f"{word}  ", "ok" if confirmed else "warn"), (row.phase.pause, "quiet")
        )
        return shorten(text, width, ascii_only=self.ascii_only)

    def _step(self, row: Row, width: int) -> Text:
        from panels.draw.text import shorten

        assert row.step is not None  # noqa: S101  # a row of this kind has one
        state = step_state(self.incident, row)
        name: str = state.state if state else "open"
        if state is not None and name == "ticked" and state.outcome in ("not_passed", "unmeasured"):
            name = state.outcome
        marks = ASCII_MARKS if self.ascii_only else MARKS
        right = ""
        if state is not None and name != "open":
            here = f" {self.words.text('screen.here')}" if is_here(self.incident, row) else ""
            run = f" {state.run}" if state.run else ""
            right = f"  {state.by[:12]} {state.at:%H:%M:%S}{run}{here} "
        indent = "  " * min(3, row.step.level)
        text = Text.assemble(
            " ",
            (marks[name], STYLES[name]),
            f" {row.step.number:<4}",
            ("!", "limit" if name == "open" else "") if row.step.killer else " ",
            " ",
            (f"{indent}{row.step.text}", STYLES[name] if name in ("skipped", "failed") else ""),
        )
        if width - cell_len(right) < MIN_TEXT:
            right = ""
        room = width - cell_len(right)
        shorten(text, room, ascii_only=self.ascii_only)
        text.append(" " * max(0, room - text.cell_len))
        text.append(right, "quiet")
        return text
