"""A list to choose from, at the bottom of the screen: arrows or the number before a line choose it, Enter takes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from tui.screens.dialogue import Dialogue

if TYPE_CHECKING:
    from collections.abc import Sequence


class Choose(Dialogue[int]):
    """Returns the place (from 0) of the line that was chosen; None when it was left."""

    page = "choose"

    def __init__(self, title: str, options: Sequence[str | Text], *, at: int = 0) -> None:
        super().__init__(title)
        self.options = [Text(option) if isinstance(option, str) else option for option in options]
        self.at = min(max(0, at), max(0, len(self.options) - 1))

    def remarks(self, width: int) -> list[Text]:
        """The lines around the cursor."""
        from panels.draw.text import shorten

        height = self.room()
        start = max(0, min(self.at - height // 2, len(self.options) - height))
        lines = []
        for number, option in enumerate(self.options[start : start + height], start):
            chosen = number == self.at
            pointer = "›" if chosen else " "
            digit = f"{number + 1} " if number < 9 else "  "
            line = Text.assemble((pointer, "cursor"), (digit, "quiet"), option)
            if chosen:
                line.stylize("chosen", 3)
            lines.append(shorten(line, width, ascii_only=self.face.ascii_only))
        return lines

    def action_move(self, step: int) -> None:
        """The next line."""
        if self.options:
            self.at = (self.at + step) % len(self.options)
            self.draw()

    def action_choose(self, number: int) -> None:
        """The cursor goes to the line with this number: a digit alone does nothing that can't be seen first."""
        if number <= len(self.options):
            self.at = number - 1
            self.draw()

    def action_confirm(self) -> None:
        """The line under the cursor."""
        self.dismiss(self.at if self.options else None)
