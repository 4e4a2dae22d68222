"""Fields of a form: one line to type into, and a choice of a few values."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.binding import Binding
from textual.widget import Widget
from textual.widgets import Input

from core.text import clean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.binding import BindingType
    from textual.events import Paste

MAX_CHARACTERS = 500
"""Of one line; an event of the journal holds no more."""


class LineInput(Input):
    """Textual's input without a frame. What is pasted is cleaned: a clipboard may hold control characters and line ends."""

    def __init__(self, value: str = "") -> None:
        super().__init__(value, compact=True, max_length=MAX_CHARACTERS, select_on_focus=False)

    def _on_paste(self, event: Paste) -> None:
        """Cleans what Textual's own handler, which comes next, takes in."""
        event.text = clean(event.text, MAX_CHARACTERS)


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

    def action_step(self, step: int) -> None:
        """The next value."""
        at = self._choices.index(self.value)
        self.value = self._choices[(at + step) % len(self._choices)]
        self.refresh()

    def render(self) -> Text:
        """`SEV1 [SEV2] SEV3`: brackets carry it where there are no colours."""
        text = Text(no_wrap=True)
        for choice in self._choices:
            chosen = choice == self.value
            text.append(
                f"[{choice}]" if chosen else f" {choice} ", "cursor" if chosen and self.has_focus else ""
            )
        return text
