"""The board: one line a panel, worst first; the one under the cursor unfolds, and with room all show their charts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from tui.room.strip import STRIP_WIDTH, beside, board_strip
from tui.screens.page import Page
from tui.screens.panel import panel_block

if TYPE_CHECKING:
    from panels.state import PanelState


STRIP_FROM = 120
"""From this width on an open incident has a column of its own."""
GRID_WIDTH, GRID_HEIGHT = 110, 6
"""From this width on panels stand in two columns; from this height a panel on, all show their charts."""


class BoardScreen(Page):
    """Where the program starts and `g` leads back to."""

    page = "board"

    def body(self, width: int, height: int, now: float) -> list[Text]:
        """All panels in the room there is; on a wide screen the open incident stands beside them."""
        seen = self.face.room.leading()
        if width < STRIP_FROM or seen is None:
            return self._panels(width, height, now, columns=2 if width >= GRID_WIDTH else 1)
        left = self._panels(width - STRIP_WIDTH, height, now, columns=2)
        return beside(
            left, board_strip(self.face.room, seen, self.face.words, height, now), width - STRIP_WIDTH
        )

    def _panels(self, width: int, height: int, now: float, *, columns: int) -> list[Text]:
        states = self.face.by_attention()
        if not states:
            return [Text(f"   {self.face.words.text('tui.no_panels')}")]
        rows = -(-len(states) // columns)
        if height // rows >= GRID_HEIGHT:
            return self._grid(states, columns, width // columns, height // rows, now)
        lines: list[Text] = []
        for state in states:
            unfolded = state is self.face.under_cursor()
            lines += panel_block(self.face, state, width, height - len(states) + 1 if unfolded else 1, now)
        return lines

    def action_move(self, step: int) -> None:
        """Move the cursor."""
        self.face.move_cursor(step)

    def action_panel(self, number: int) -> None:
        """Put the cursor on a panel by its number, as configured."""
        self.face.choose_number(number)

    def _grid(
        self, states: list[PanelState], columns: int, width: int, height: int, now: float
    ) -> list[Text]:
        lines: list[Text] = []
        for first in range(0, len(states), columns):
            blocks = [
                panel_block(self.face, state, width - 1, height - 1, now)
                for state in states[first : first + columns]
            ]
            for y in range(height):
                line = Text(no_wrap=True)
                for block in blocks:
                    part = block[y] if y < len(block) else Text()
                    line.append_text(part)
                    line.append(" " * (width - part.cell_len))
                lines.append(line)
        return lines
