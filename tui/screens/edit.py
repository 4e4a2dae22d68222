"""A text of several lines to be changed: Enter breaks the line, so Ctrl+S (or F2) is done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.widgets import TextArea

from core.text import clean_block
from tui.screens.dialogue import Dialogue

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.events import Paste

MAX_CHARACTERS = 4000
"""Characters of a status update."""


class _Area(TextArea):
    """What is pasted is cleaned before Textual's own handler, which comes next, takes it in."""

    async def _on_paste(self, event: Paste) -> None:
        event.text = clean_block(event.text, MAX_CHARACTERS)


class Edit(Dialogue[str]):
    """Returns the whole text, cleaned; None when it was left."""

    page = "edit"

    def __init__(self, title: str, text: str) -> None:
        super().__init__(title)
        self._area = _Area(text, compact=True, soft_wrap=True, show_line_numbers=False)

    def middle(self) -> ComposeResult:
        """The text."""
        self._area.styles.height = 10
        yield self._area

    def on_mount(self) -> None:
        """What is typed goes into the text."""
        super().on_mount()
        self._area.focus()

    def draw(self) -> None:
        """The text gets what the screen has."""
        self._area.styles.height = max(1, min(14, self.size.height - 2))
        super().draw()

    def action_confirm(self) -> None:
        """Done."""
        self.dismiss(clean_block(self._area.text, MAX_CHARACTERS))
