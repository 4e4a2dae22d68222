"""Fields of a form: one line to type into, a text of several lines, and a choice of a few values."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.binding import Binding
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, TextArea

from core.text import clean, clean_block
from tui.keymap import SUSPEND

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.binding import BindingType
    from textual.events import Key, Paste

MAX_LINE, MAX_TEXT = 500, 4000
"""Characters of a line and of a text that an event of the journal keeps; who types more is told, nothing is cut."""
MAX_PASTE = 100_000
"""Characters that are taken from a clipboard: enough for everything that somebody may want to shorten."""


class LinesJoined(Message):
    """Several lines were pasted where one fits: their ends became spaces."""


class LineInput(Input):
    """Textual's input without a frame. What is pasted is cleaned: a clipboard may hold control characters and line ends.

    Enter is the form's.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "screen.confirm", show=False)]

    def __init__(self, value: str = "", *, secret: bool = False) -> None:
        super().__init__(value, compact=True, select_on_focus=False, password=secret)

    @property
    def text(self) -> str:
        """What an event would keep of it, but for its length."""
        return clean(self.value, MAX_PASTE)

    def _on_paste(self, event: Paste) -> None:
        """Cleans what Textual's own handler, which comes next, takes in."""
        lines = clean_block(event.text, MAX_PASTE).strip().splitlines()
        event.text = clean(event.text, MAX_PASTE)
        if len(lines) > 1:
            self.post_message(LinesJoined())


class TextField(TextArea):
    """Text of several lines: Enter is the form's, which breaks lines by another key; pasted lines stay lines."""

    BINDINGS: ClassVar[list[BindingType]] = [SUSPEND]

    def __init__(self, value: str = "") -> None:
        super().__init__(value, compact=True, soft_wrap=True, show_line_numbers=False)
        self.move_cursor(self.document.end)

    def _on_key(self, event: Key) -> None:  # type: ignore[override]  # Textual takes plain methods as well
        """Enter rises to the form."""
        if event.key == "enter":
            event.prevent_default()

    def _on_paste(self, event: Paste) -> None:  # type: ignore[override]  # Textual takes plain methods as well
        """Cleans what Textual's own handler, which comes next, takes in."""
        event.text = clean_block(event.text, MAX_PASTE)
        event.stop()

    def action_cursor_up(self, select: bool = False) -> None:  # noqa: FBT001, FBT002  # Textual's own
        """From the first line to the field before."""
        if (
            select
            or self.cursor_location[0]
            or self.wrapped_document.location_to_offset(self.selection.end)[1]
        ):
            super().action_cursor_up(select)
        else:
            self.post_message(self.Left(-1))

    def action_cursor_down(self, select: bool = False) -> None:  # noqa: FBT001, FBT002  # Textual's own
        """From the last line to the field behind."""
        last = self.wrapped_document.height - 1
        if select or self.wrapped_document.location_to_offset(self.selection.end)[1] < last:
            super().action_cursor_down(select)
        else:
            self.post_message(self.Left(1))

    class Left(Message):
        """The cursor goes to a neighbour of the field."""

        def __init__(self, step: int) -> None:
            super().__init__()
            self.step = step


class Choice(Widget, can_focus=True):
    """Shows all values, the chosen one in brackets; left and right (or Space) change it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "step(-1)", show=False),
        Binding("right,space", "step(1)", show=False),
    ]

    def __init__(self, choices: Sequence[str], value: str) -> None:
        super().__init__()
        self._choices = list(choices)
        self.value = value if value in self._choices else self._choices[0]

    @property
    def text(self) -> str:
        """The value that is chosen."""
        return self.value

    def action_step(self, step: int) -> None:
        """The next value."""
        at = self._choices.index(self.value)
        self.value = self._choices[(at + step) % len(self._choices)]
        self.refresh()

    def render(self) -> Text:
        """`SEV1 [SEV2] SEV3`: brackets carry it where there are no colours; no value at all is a dash."""
        text = Text(no_wrap=True)
        for choice in self._choices:
            chosen = choice == self.value
            text.append(
                f"[{choice or '–'}]" if chosen else f" {choice or '–'} ",
                "cursor" if chosen and self.has_focus else "",
            )
        return text
