"""Lines of text that send only the cells that changed: a terminal at the end of a slow line sees each of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.text import Text
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

if TYPE_CHECKING:
    from collections.abc import Sequence


class Lines(Widget):
    """Shows lines as they are; `show` repaints the part of each line that is another than before."""

    def __init__(self, *, id: str) -> None:  # noqa: A002  # Textual's own name
        super().__init__(id=id)
        self._lines: list[Text] = []

    def show(self, lines: Sequence[Text]) -> None:
        """Replace the lines."""
        before, self._lines = self._lines, list(lines)
        width = self.size.width
        for y in range(max(len(before), len(self._lines))):
            old = before[y] if y < len(before) else Text()
            new = self._lines[y] if y < len(self._lines) else Text()
            if (span := changed_cells(old, new, width)) is not None:
                self.refresh(Region(span[0], y, span[1] - span[0], 1))

    def render_line(self, y: int) -> Strip:
        """One line, padded with the widget's own background."""
        text = self._lines[y] if y < len(self._lines) else Text()
        strip = Strip(text.render(self.app.console)) if text.plain else Strip.blank(0)
        return strip.adjust_cell_length(self.size.width).apply_style(self.rich_style)


def changed_cells(old: Text, new: Text, width: int) -> tuple[int, int] | None:
    """The columns [start, end) in which two lines differ; None when they are the same."""
    if old.spans != new.spans or old.style != new.style:
        return None if old.plain == new.plain and old == new else (0, width)
    one, other = old.plain, new.plain
    if one == other:
        return None
    start = next(
        (i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )
    if len(one) != len(other):
        return cell_len(other[:start]), width
    end = len(other)
    while one[end - 1] == other[end - 1]:
        end -= 1
    if cell_len(one) != cell_len(other):
        return cell_len(other[:start]), width
    return cell_len(other[:start]), max(cell_len(one[:end]), cell_len(other[:end]))
