"""One line to type into. What is pasted is cleaned: a clipboard may hold control characters and line ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.widgets import Input

from core.text import clean

if TYPE_CHECKING:
    from textual.events import Paste

MOST = 500
"""Characters of one line; an event of the journal holds no more."""


class LineInput(Input):
    """Textual's input without a frame."""

    def __init__(self, value: str = "") -> None:
        super().__init__(value, compact=True, max_length=MOST, select_on_focus=False)

    def _on_paste(self, event: Paste) -> None:
        """Cleans what Textual's own handler, which comes next, takes in."""
        event.text = clean(event.text, MOST)
