"""Where each number of a panel comes from: query, source, age, raw value; of an alert, all that is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from core.text import clean
from tui.screens.alerts import AlertsScreen
from tui.screens.scrolled import Scrolled

if TYPE_CHECKING:
    from panels.state import PanelState
    from signals.reading import Reading


class ExplainScreen(Scrolled):
    """The panel under the cursor, or the alert under it when the list of alerts is below."""

    page = "explain"

    def __init__(self) -> None:
        super().__init__()
        self._shown = ""

    def lines(self, width: int, now: float) -> list[Text]:
        """The reason, the values that are over their limits, what has to be said beside it, then every reading under the query that it answers."""
        alerts = self._alerts()
        explanation = alerts.explanation(width) if alerts is not None else None
        if explanation is not None:
            return explanation
        state = self.face.under_cursor()
        if state is None:
            return [Text(f"   {self.face.words.text('tui.no_panels')}")]
        if state.id != self._shown:
            self._shown, self._top = state.id, 0
        return self._of(state, width, now)

    def action_move(self, step: int) -> None:
        """The panel or alert above or below."""
        alerts = self._alerts()
        if alerts is not None:
            alerts.action_move(step)
            self._top = 0
            self.repaint()
        else:
            self.face.move_cursor(step)

    def action_runbook(self) -> None:
        """The runbook for what is explained."""
        alerts = self._alerts()
        if alerts is not None:
            alerts.action_runbook()
        elif (state := self.face.under_cursor()) is not None:
            self.face.open_runbook_for(None, state.id)

    def action_actions(self) -> None:
        """What can be done about what is explained."""
        alerts = self._alerts()
        if alerts is not None:
            alerts.action_actions()
        else:
            self.face.action_actions()

    def _alerts(self) -> AlertsScreen | None:
        stack = self.app.screen_stack
        below = stack[stack.index(self) - 1] if self in stack[1:] else None
        return below if isinstance(below, AlertsScreen) else None

    def _of(self, state: PanelState, width: int, now: float) -> list[Text]:
        from panels.draw.panel import ASCII_MARKS, MARKS, STYLES
        from panels.draw.text import wrap_to_width
        from panels.naming import title_and_reason
        from signals.reading import Verdict

        words = self.face.words
        lines: list[Text] = []

        def add(text: str, style: str, indent: int) -> None:
            lines.extend(
                Text(" " * indent + part, style) for part in wrap_to_width(text, max(4, width - indent - 1))
            )

        add(words.say(title_and_reason(state)), "title", 3)
        marks = ASCII_MARKS if self.face.ascii_only else MARKS
        for row in state.rows:
            if row.verdict in (Verdict.BURNING, Verdict.WARN):
                cells = [words.say(cell) for cell in row.cells]
                if self.filter.keeps(*cells):
                    add(f"{marks[row.verdict]} {'  '.join(filter(None, cells))}", STYLES[row.verdict], 3)
        for warning in state.warnings:
            add(words.say(warning), "remark", 3)
        for name, address in state.links:
            add(f"{clean(name)}: {clean(address)}", "quiet", 3)
        before = None
        for reading in state.readings:
            called = "" if reading.called is None else words.say(reading.called)
            if not self.filter.keeps(reading.name, called, reading.query, reading.source):
                continue
            if reading.query != before:  # several series of one answer
                before = reading.query
                add(" ".join(reading.query.split()), "quiet", 3)
            missing = reading.value is None
            add(self._reading(reading, now), "no_data" if missing else "", 5)
        return lines

    def _reading(self, reading: Reading, now: float) -> str:
        """Name, raw value, unit, source, age and the time it was measured."""
        from time import gmtime, strftime

        words = self.face.words
        value = words.text("tui.no_data") if reading.value is None else repr(reading.value).removesuffix(".0")
        unit = "" if reading.value is None or reading.unit in ("none", "count") else f" {reading.unit}"
        name = reading.name if reading.called is None else words.say(reading.called)
        age = words.text("tui.never")
        if reading.at is not None:
            age = f"{max(0.0, now - reading.at) // 2 * 2:.0f} s  {strftime('%H:%M:%SZ', gmtime(reading.at))}"
        return f"{name} = {value}{unit}   {reading.source}  {age}"
