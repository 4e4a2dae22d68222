"""All keys, from the key map."""

from __future__ import annotations

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from tui.keymap import EVERYWHERE, KEYS, SHOWN
from tui.screens.page import Page


class HelpScreen(Page):
    """The keys of the screen that it was opened from, then those that work everywhere."""

    page = "help"

    def body(self, width: int, height: int, now: float) -> list[Text]:  # noqa: ARG002  # the shape of every screen
        """A line for all keys that do the same."""
        below = self.app.screen_stack[-2] if len(self.app.screen_stack) > 1 else self
        own = KEYS[below.page] if isinstance(below, Page) else ()
        told: dict[str, list[str]] = {}
        for key in (*own, *EVERYWHERE):
            told.setdefault(key.text, []).append(SHOWN.get(key.key, key.key))
        column = max(8, *(cell_len(_names(keys)) for keys in told.values()))
        return [
            Text(f"   {set_cell_size(_names(keys), column)}  {self.face.words.text(text)}")
            for text, keys in told.items()
        ]


def _names(keys: list[str]) -> str:
    """Keys that do the same, in one: `1-8` for a row of digits."""
    return f"{keys[0]}-{keys[-1]}" if len(keys) > 2 and all(map(str.isdigit, keys)) else " ".join(keys)
