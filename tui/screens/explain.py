"""Where each number of a panel comes from: query, source, age, raw value."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from tui.screens.page import Page

if TYPE_CHECKING:
    from panels.state import PanelState


class ExplainScreen(Page):
    """The readings of the panel under the cursor; what does not fit is scrolled to."""

    page = "explain"

    def __init__(self) -> None:
        super().__init__()
        self._top = 0
        self._shown = ""

    def body(self, width: int, height: int, now: float) -> list[Text]:
        """The reason, what has to be said beside it, then every reading under the query that it answers."""
        state = self.face.under_cursor()
        if state is None:
            return [Text(f"   {self.face.words.text('tui.no_panels')}")]
        if state.id != self._shown:
            self._shown, self._top = state.id, 0
        lines = self._lines(state, width, now)
        self._top = max(0, min(self._top, len(lines) - height))
        shown = lines[self._top : self._top + height]
        if (below := len(lines) - self._top - height) > 0 and height > 1:
            shown[-1] = Text(f"   {self.face.words.text('tui.more_below', count=below + 1)}", "quiet")
        return shown

    def action_move(self, step: int) -> None:
        """The panel above or below."""
        self.face.move_cursor(step)

    def action_scroll(self, step: int) -> None:
        """A page up or down."""
        self._top = max(0, self._top + step * max(1, self.size.height - 4))
        self.repaint()

    def _lines(self, state: PanelState, width: int, now: float) -> list[Text]:
        from panels.draw import wrapped

        words = self.face.words
        lines: list[Text] = []

        def tell(text: str, style: str, indent: int) -> None:
            lines.extend(
                Text(" " * indent + part, style) for part in wrapped(text, max(4, width - indent - 1))
            )

        tell(f"{words.say(state.title)}: {words.say(state.reason)}", "title", 3)
        for warning in state.warnings:
            tell(words.say(warning), "remark", 3)
        before = None
        for reading in state.readings:
            if reading.query != before:  # several series of one answer
                before = reading.query
                tell(" ".join(reading.query.split()), "quiet", 3)
            age = "–" if reading.at is None else f"{max(0.0, now - reading.at):.0f} s"
            value = words.text("tui.no_data") if reading.value is None else repr(reading.value)
            unit = "" if reading.unit == "none" else f" {reading.unit}"
            tell(f"{reading.name} = {value}{unit}   {reading.source}  {age}", "", 5)
        return lines
