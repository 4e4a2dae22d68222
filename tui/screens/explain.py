"""Where each number of a panel comes from: query, source, age, raw value."""

from __future__ import annotations

from rich.text import Text

from tui.screens.page import Page


class ExplainScreen(Page):
    """The readings of the panel under the cursor."""

    page = "explain"

    def body(self, width: int, height: int, now: float) -> list[Text]:  # noqa: ARG002  # the shape of every screen
        """Two lines a reading."""
        face = self.face
        state = face.under_cursor()
        if state is None:
            return [Text(f"   {face.words.text('tui.no_panels')}")]
        lines = [Text(f"   {face.words.say(state.title)}: {face.words.say(state.reason)}", "title")]
        for reading in state.readings:
            age = "–" if reading.at is None else f"{max(0.0, now - reading.at):.0f} s"
            value = face.words.text("tui.no_data") if reading.value is None else repr(reading.value)
            lines.append(Text(f"   {reading.name} = {value} {reading.unit}   {reading.source}  {age}"))
            lines.append(Text(f"     {reading.query}", "quiet"))
        return lines

    def action_move(self, step: int) -> None:
        """The panel above or below."""
        self.face.move_cursor(step)
