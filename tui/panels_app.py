"""Which panels the App shows, in which order, and which of them is under the cursor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.filter import Filter
from tui.runtime.app import TerminalApp
from tui.screens.panel import search_texts

if TYPE_CHECKING:
    from panels.state import PanelState
    from tui.i18n import Language
    from tui.theme import ThemeName


class PanelsApp(TerminalApp):
    """`states` are the answers that there are, by id; `order` is the configured one, `chosen` the id of a panel."""

    def __init__(self, words: Language, theme: ThemeName | None) -> None:
        super().__init__(words, theme)
        self.states: dict[str, PanelState] = {}
        self.order: tuple[str, ...] = ()
        self.chosen = ""
        self.panel_filter = Filter()

    def by_attention(self) -> list[PanelState]:
        """The panels that have an answer, worst first."""
        from panels.limits import worst_first

        return worst_first([self.states[name] for name in self.order if name in self.states])

    def panels_shown(self) -> list[PanelState]:
        """Those of them that the board's filter keeps."""
        keeps = self.panel_filter.keeps
        return [
            state
            for state in self.by_attention()
            if not self.panel_filter.text or keeps(*search_texts(state, self.words))
        ]

    def under_cursor(self) -> PanelState | None:
        """The chosen panel; the first when none was chosen; None before the first answer."""
        states = self.panels_shown()
        return next((state for state in states if state.id == self.chosen), states[0] if states else None)

    def move_cursor(self, step: int) -> None:
        """Choose a neighbour; the cursor stays with its panel when the order changes."""
        shown = [state.id for state in self.panels_shown()]
        if shown:
            now_at = shown.index(self.chosen) if self.chosen in shown else 0
            self.chosen = shown[(now_at + step) % len(shown)]
        self.repaint()

    def choose_number(self, number: int) -> None:
        """Choose a panel by its number, as configured."""
        if number <= len(self.order):
            self.chosen = self.order[number - 1]
        self.repaint()
