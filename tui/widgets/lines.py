"""Lines of text, of which only those that changed are drawn again; `tui.cells` then picks the cells to send."""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING

from rich.text import Text
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

if TYPE_CHECKING:
    from collections.abc import Sequence


class Lines(Widget):
    """Shows lines as they are; `show` repaints each line that is another than before, in text or style."""

    def __init__(self, *, id: str) -> None:  # noqa: A002  # Textual's own name
        super().__init__(id=id)
        self._lines: list[Text] = []

    def show(self, lines: Sequence[Text]) -> None:
        """Replace the lines."""
        before, self._lines = self._lines, list(lines)
        changed = [
            Region(0, y, self.size.width, 1)
            for y, (old, new) in enumerate(zip_longest(before, self._lines, fillvalue=Text()))
            if old != new or old.style != new.style
        ]
        if changed:
            self.refresh(*changed)

    def render_line(self, y: int) -> Strip:
        """One line, padded with the widget's own background."""
        text = self._lines[y].copy() if y < len(self._lines) else Text()
        text.stylize_before(text.style)  # Rich leaves out the style of a text that has no other
        strip = Strip(text.render(self.app.console)) if text.plain else Strip.blank(0)
        return strip.adjust_cell_length(self.size.width).apply_style(self.rich_style)
