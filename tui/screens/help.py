"""All keys, from the key map."""

from __future__ import annotations

from rich.text import Text

from tui.keymap import EVERYWHERE, KEYS, SHOWN
from tui.screens.page import Page


class HelpScreen(Page):
    """The keys of the screen that it was opened from, then those that work everywhere."""

    page = "help"

    def body(self, width: int, height: int, now: float) -> list[Text]:  # noqa: ARG002  # the shape of every screen
        """A line a key."""
        below = self.app.screen_stack[-2] if len(self.app.screen_stack) > 1 else self
        own = KEYS[below.page] if isinstance(below, Page) else ()
        return [
            Text(f"   {SHOWN.get(key.key, key.key):<6} {self.face.words.text(key.text)}")
            for key in (*own, *EVERYWHERE)
        ]
