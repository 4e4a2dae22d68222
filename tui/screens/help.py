"""All keys, from the key map."""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from tui.keymap import EVERYWHERE, SHOWN
from tui.screens.page import Page
from tui.screens.scrolled import Scrolled

if TYPE_CHECKING:
    from tui.keymap import Key


class HelpScreen(Scrolled):
    """The keys of the screen that it was opened from, then those that work everywhere."""

    page = "help"

    def lines(self, width: int, now: float) -> list[Text]:  # noqa: ARG002  # the shape of every screen
        """Two groups, beside each other where there is room."""
        stack = self.app.screen_stack
        below = stack[-2] if len(stack) > 1 else self
        own = below.own_keys() if isinstance(below, Page) else ()
        groups = [self._group("tui.here", own), self._group("tui.everywhere", EVERYWHERE)]
        left, right = (max(line.cell_len for line in group) for group in groups)
        if left + 2 + right > width:
            return [*groups[0], Text(), *groups[1]]
        lines = []
        for left_line, right_line in zip_longest(*groups, fillvalue=Text()):
            line = left_line.copy()
            line.truncate(min(max(left + 2, width // 2), width - right), pad=True)
            lines.append(line.append_text(right_line))
        return lines

    def _group(self, title: str, keys: tuple[Key, ...]) -> list[Text]:
        """A line for all keys that do the same."""
        words = self.face.words
        by_text: dict[str, list[str]] = {}
        for key in keys:
            by_text.setdefault(key.text, []).append(SHOWN.get(key.key, key.key))
        column = max([9, *(cell_len(_names(shown)) for shown in by_text.values())])
        lines = [Text(f" {words.text(title)}", "title", no_wrap=True)]
        for text, shown in by_text.items():
            line = Text("   ", no_wrap=True).append(set_cell_size(_names(shown), column), "key")
            lines.append(line.append(f"  {words.text(text)}"))
        return lines


def _names(keys: list[str]) -> str:
    """Keys that do the same, in one: `1-8` for a row of digits."""
    return f"{keys[0]}-{keys[-1]}" if len(keys) > 2 and all(map(str.isdigit, keys)) else " ".join(keys)
