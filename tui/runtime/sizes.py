"""A screen that is as large as its terminal, also after sizes that followed each other quickly."""

from __future__ import annotations

from textual import on
from textual.events import Resize
from textual.screen import Screen, ScreenResultType


class FollowsTerminal(Screen[ScreenResultType]):
    """A base for every screen, the last: the first lends its look.

    A screen that was laid out sends itself its own size (Textual 8). That one supersedes a newer size that waits before
    it, and the screen would keep what the terminal was between two sizes.
    """

    @on(Resize)
    def follow_terminal(self, event: Resize) -> None:
        """Called before Textual's own, for the App's size is the terminal's last word."""
        if event.size != self.app.size:
            self.post_message(Resize(self.app.size, self.app.size))
