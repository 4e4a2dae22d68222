"""One panel on the whole screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.screens.page import Page
from tui.screens.panel import panel_block

if TYPE_CHECKING:
    from rich.text import Text


class ZoomScreen(Page):
    """The panel under the cursor; the cursor moves to its neighbours."""

    page = "zoom"

    def body(self, width: int, height: int, now: float) -> list[Text]:
        """The panel with all its room."""
        state = self.face.under_cursor()
        return [] if state is None else panel_block(self.face, state, width, height, now)

    def action_move(self, step: int) -> None:
        """The panel above or below."""
        self.face.move_cursor(step)
