"""Everything about the row under the cursor: the whole text, each check with its query, source, age and raw value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from rich.cells import chop_cells
from rich.text import Text

from response.checklist import Missing
from tui.incident.draw.options import RenderOptions
from tui.incident.draw.step import check_lines, step_lines
from tui.screens.page import Page

if TYPE_CHECKING:
    from incidents.events.incident import Incident
    from response.checklist import Row, RowKey
    from response.step_actions import StepAction
    from runbooks.checks.observation import Observation
    from runbooks.model import Check


class Below(Protocol):
    """What is explained: the row under the cursor of the screen below, as that one measures it."""

    observed: dict[RowKey, dict[int, Observation]]

    @property
    def incident(self) -> Incident | None: ...

    def row(self) -> Row | None: ...

    def rows(self) -> tuple[Row, ...]: ...

    def step_actions(self, row: Row) -> tuple[StepAction, ...]: ...


class WhyScreen(Page):
    """Opened from an incident's screen; goes on measuring what that one measures."""

    page = "why"

    def __init__(self, below: Below) -> None:
        super().__init__()
        self._below = below
        self._from = 0

    def body(self, width: int, height: int, now: float) -> list[Text]:
        """As much as fits from where it was scrolled to."""
        below, words = self._below, self.face.words
        row = below.row()
        if row is None:
            return []
        observed = below.observed.get(row.key, {})
        options = RenderOptions(words, width, now, self.face.ascii_only)
        lines = step_lines(
            row, below.rows(), below.incident, observed, options, actions=below.step_actions(row)
        )
        for index, check in enumerate(row.step.checks if row.step else ()):
            lines.append(Text())
            lines += check_lines(check, observed.get(index), options)
            lines += self._source(check, observed.get(index), width)
        if row.step is not None and not isinstance(row.runbook, Missing):
            where = f"{row.step.file or row.runbook.file}:{row.step.line}"
            lines += [Text(), *(Text(f"  {part}", "quiet") for part in chop_cells(where, max(4, width - 3)))]
        self._from = max(0, min(self._from, len(lines) - height))
        for line in lines:
            line.truncate(width)
        return lines[self._from : self._from + height]

    def action_scroll(self, step: int) -> None:
        """Further down or up."""
        self._from += step
        self.repaint()

    def _source(self, check: Check, observation: Observation | None, width: int) -> list[Text]:
        from panels.draw.text import wrap_to_width

        query = observation.query if observation is not None and observation.query else check.promql
        value = "–" if observation is None or observation.value is None else repr(observation.value)
        unit = "" if check.unit in ("none", "count") else f" {check.unit}"
        source = observation.source if observation is not None else "–"
        lines = [
            Text(f"    {part}", "quiet") for part in wrap_to_width(" ".join(query.split()), max(4, width - 5))
        ]
        return [
            *lines,
            Text(f"    {self.face.words.text('screen.raw', value=f'{value}{unit}', source=source)}"),
        ]
