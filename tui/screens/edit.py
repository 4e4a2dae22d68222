"""A text of several lines to be changed: Enter breaks the line, so Ctrl+S (or F2, or Esc) is done."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.widgets import TextArea

from core.text import clean_block
from tui.keymap import SUSPEND
from tui.screens.dialogue import Dialogue
from tui.widgets.fields import MAX_PASTE, MAX_TEXT

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.binding import BindingType
    from textual.events import Paste


class _Area(TextArea):
    """What is pasted is cleaned before Textual's own handler, which comes next, takes it in."""

    BINDINGS: ClassVar[list[BindingType]] = [SUSPEND]

    async def _on_paste(self, event: Paste) -> None:
        event.text = clean_block(event.text, MAX_PASTE)


class Edit(Dialogue[str]):
    """Returns the whole text, cleaned. There is no way to lose it: what came of it is shown before anything is done."""

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
        self.set_focus(self._area)

    def draw(self) -> None:
        """The text gets what the screen has."""
        self._area.styles.height = max(1, min(14, self.size.height - 2 - self.above))
        super().draw()

    def action_confirm(self) -> None:
        """Done, unless the journal keeps no text of this length."""
        text = clean_block(self._area.text, MAX_PASTE)
        if len(text) <= MAX_TEXT:
            self.dismiss(text)
            return
        words = self.face.words
        field = words.text("screen.field_say")
        self.asked = words.text("screen.too_long", field=field, count=len(text), most=MAX_TEXT)
        self.draw()
