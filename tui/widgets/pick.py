"""One of a few values: left and right (or Space) change it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.widget import Widget

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.binding import BindingType

from textual.binding import Binding


class Pick(Widget, can_focus=True):
    """Shows all values, the chosen one reversed."""

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
