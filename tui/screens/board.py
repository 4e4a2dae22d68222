"""The board: one line a panel, worst first; the one under the cursor unfolds, and with room all show their charts.

Below them, and beside them on a wide screen, stands what has changed since the person looked last.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rich.text import Text

from panels.state import BOARD_SPAN_S, LONG_SPAN_S
from tui.incident.draw.header import STRIP_WIDTH, beside, board_strip
from tui.screens.page import Page
from tui.screens.panel import panel_block
from tui.widgets.lines import rows_shown

if TYPE_CHECKING:
    from core.message import Message
    from panels.state import PanelState


STRIP_FROM = 120
"""From this width on an open incident has a column of its own."""
GRID_WIDTH, GRID_HEIGHT = 110, 6
"""From this width on panels stand in two columns; from this height a panel on, all show their charts."""
SIDE_WIDTH, SIDE_FROM, SIDE_HEIGHT = 44, 180, 44
"""The column of changes, and the size of a screen that has room for it and for a longer past."""
UNFOLDED = 8
"""Lines that the panel under the cursor gets before the changes do."""
MAX_CHANGES = 5


class BoardScreen(Page):
    """Where the program starts and `g` leads back to."""

    page = "board"

    def body(self, width: int, height: int, now: float) -> list[Text]:
        """All panels, and below them what runs and what is in force."""
        face = self.face
        strip: list[Text] = []
        if face.runs.state.at:
            from tui.actions.draw.in_force import (
                strip_lines,  # with the guard of runs, which no first paint needs
            )

            strip = strip_lines(face.runs.state, face.words, width, now, ascii_only=face.ascii_only)
        room = height - len(strip)
        lines = self._above(width, room, now)[:room]
        return [*lines, *(Text() for _ in range(room - len(lines) if strip else 0)), *strip]

    def _above(self, width: int, height: int, now: float) -> list[Text]:
        """All panels in the room there is; on a wide screen the open incident, else what changed, stands beside them."""
        face = self.face
        wide = width >= SIDE_FROM and height >= SIDE_HEIGHT
        face.chart_span_s = LONG_SPAN_S if wide else BOARD_SPAN_S
        seen = face.incidents.current()
        if seen is not None and width >= STRIP_FROM:
            inner, change_lines = width - STRIP_WIDTH, 1
            side = board_strip(face.incidents, seen, face.words, height, now)
        elif wide:
            inner, change_lines = width - SIDE_WIDTH, 0
            side = self._side(height, now)
        else:
            return self._panels(width, height, now, columns=2 if width >= GRID_WIDTH else 1)
        return beside(self._panels(inner, height, now, columns=2, change_lines=change_lines), side, inner)

    def _panels(
        self, width: int, height: int, now: float, *, columns: int, change_lines: int = 1
    ) -> list[Text]:
        """In a grid with their charts, else in a list; below it what changed, unless `told` leaves no line for that."""
        face = self.face
        states = face.panels_shown()
        if not states:
            return self._no_panel(width)
        columns = min(columns, len(states))
        block_height = (height - change_lines) // -(-len(states) // columns)
        if block_height < GRID_HEIGHT:
            return self._list(states, width, height, now)
        grid = self._grid(states, columns, width // columns, block_height, now)
        return [*grid, *(self._changes(width, height - len(grid), now) if change_lines else [])]

    def _no_panel(self, width: int) -> list[Text]:
        """Why the board is empty, and what to do about it."""
        from panels.draw.text import wrap_to_width

        face = self.face
        key = "tui.no_match" if face.panel_filter.text else "tui.no_panels"
        if face.nothing_asked:
            key = "tui.nothing_asked"
        text = face.words.text(key, text=face.panel_filter.text)
        return [Text(f"   {line}") for line in wrap_to_width(text, width - 4)]

    def filtered(self) -> None:
        """The App shows fewer panels everywhere."""
        self.face.panel_filter = self.filter

    def action_move(self, step: int) -> None:
        """Move the cursor."""
        self.face.move_cursor(step)

    def action_panel(self, number: int) -> None:
        """Put the cursor on a panel by its number, as configured."""
        self.face.choose_number(number)

    def _list(self, states: list[PanelState], width: int, height: int, now: float) -> list[Text]:
        """A line a panel; the worst and the one under the cursor are always there."""
        chosen = self.face.under_cursor()
        cursor = next((index for index, state in enumerate(states) if state is chosen), 0)
        shown = [states[index] for index in rows_shown(len(states), cursor, height)]
        spare = height - len(shown)
        below = min(MAX_CHANGES, 2 + len(self.face.change_log.changes), max(0, spare - UNFOLDED))
        lines: list[Text] = []
        for state in shown:
            lines += panel_block(self.face, state, width, spare - below + 1 if state is chosen else 1, now)
        left = height - len(lines)
        if below and left > 1:
            lines += [Text(), *self._changes(width, left - 1, now)]
        return lines

    def _changes(self, width: int, height: int, now: float) -> list[Text]:
        """What changed: in one line where there is but one."""
        from panels.draw.changes import changes_line, draw_changes

        face = self.face
        seen, log = face.activity.last_look(now), face.change_log
        if height == 1:
            return [changes_line(log, seen, face.words.say, width, ascii_only=face.ascii_only)]
        return draw_changes(log, seen, face.words.say, width, height, ascii_only=face.ascii_only)

    def _side(self, height: int, now: float) -> list[Text]:
        """The column of changes, each of them whole."""
        from panels.draw.changes import draw_changes

        face = self.face
        seen, say = face.activity.last_look(now), face.words.say
        return draw_changes(
            face.change_log, seen, say, SIDE_WIDTH - 2, height, wrap=True, ascii_only=face.ascii_only
        )

    def _grid(
        self, states: list[PanelState], columns: int, width: int, height: int, now: float
    ) -> list[Text]:
        lines: list[Text] = []
        chosen = self.face.under_cursor()
        shown_warnings = chosen.warnings if chosen is not None else ()
        for first in range(0, len(states), columns):
            blocks = [
                panel_block(self.face, _unsaid(state, chosen, shown_warnings), width - 1, height - 1, now)
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


def _unsaid(state: PanelState, chosen: PanelState | None, shown_warnings: tuple[Message, ...]) -> PanelState:
    """What the panel under the cursor warns of already needs no line in all the others."""
    if state is chosen or not shown_warnings or not state.warnings:
        return state
    return replace(
        state, warnings=tuple(warning for warning in state.warnings if warning not in shown_warnings)
    )
