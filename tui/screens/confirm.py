"""Something is shown before it is done: Enter does it, Esc leaves it."""

from __future__ import annotations

import time
from enum import Enum
from typing import TYPE_CHECKING

from tui.runtime.keys import Question
from tui.screens.dialogue import Dialogue

if TYPE_CHECKING:
    from rich.text import Text


class Choice(Enum):
    """What was decided about what is shown."""

    YES = 1
    EDIT = 2
    COPY = 3


class Confirm(Question, Dialogue[Choice]):
    """Returns `YES`, or None when it was left. More lines than there is room for scroll."""

    page = "confirm"
    _from = 0

    def on_mount(self) -> None:
        """From now on it can be answered."""
        super().on_mount()
        self.since = time.monotonic()

    def remarks(self, width: int) -> list[Text]:
        """From the line that was scrolled to."""
        lines = super().remarks(width)
        self._from = max(0, min(self._from, len(lines) - self.room()))
        return lines[self._from :]

    def action_scroll(self, step: int) -> None:
        """Further down or up."""
        self._from += step
        self.draw()

    def action_confirm(self) -> None:
        """Do it."""
        self.dismiss(Choice.YES)


class Preview(Confirm):
    """A text that will leave the program: it can be edited and copied before. Returns `YES`, `EDIT` or `COPY`."""

    page = "preview"

    def action_send(self) -> None:
        """Let it go."""
        self.dismiss(Choice.YES)

    def action_edit(self) -> None:
        """Change the text first."""
        self.dismiss(Choice.EDIT)

    def action_copy(self) -> None:
        """Into the clipboard."""
        self.dismiss(Choice.COPY)


class PreviewKept(Preview):
    """The same of a text that goes nowhere: a drill's, or where nobody is to be told."""

    page = "preview_kept"

    def action_write_down(self) -> None:
        """Keep it."""
        self.dismiss(Choice.YES)
