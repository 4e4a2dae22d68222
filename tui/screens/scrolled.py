"""A screen of more lines than may fit: it is scrolled, and says how much is left."""

from __future__ import annotations

from rich.text import Text

from tui.screens.page import Page


class Scrolled(Page, abstract=True):
    """A subclass says its `lines`, which scroll by pages; or its whole `body`, with a `window` over the part that scrolls."""

    def __init__(self) -> None:
        super().__init__()
        self._top = 0

    def lines(self, width: int, now: float) -> list[Text]:
        """All of them."""
        raise NotImplementedError

    def body(self, width: int, height: int, now: float) -> list[Text]:
        """As many as fit; the last one tells of those below."""
        return self.window(self.lines(width, now), height)

    def window(self, lines: list[Text], height: int) -> list[Text]:
        """As many of them as fit, from the line that was scrolled to."""
        self._top = max(0, min(self._top, len(lines) - height))
        shown = lines[self._top : self._top + height]
        below = len(lines) - self._top - height
        if below > 0 and height > 1:
            shown[-1] = Text(f"   {self.face.words.text('tui.more_below', count=below + 1)}", "quiet")
        return shown

    def filtered(self) -> None:
        """Other lines are shown from their beginning."""
        self._top = 0

    def action_scroll(self, step: int) -> None:
        """A page up or down."""
        self._top = max(0, self._top + step * max(1, self.size.height - 4))
        self.repaint()

    def action_top(self) -> None:
        """The beginning."""
        self._top = 0
        self.repaint()

    def action_bottom(self) -> None:
        """The end."""
        self._top = 1_000_000
        self.repaint()
