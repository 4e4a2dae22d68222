"""A screen that is as large as its terminal, also after sizes that followed each other quickly."""

from __future__ import annotations

from textual import on
from textual.events import Resize
from textual.screen import Screen, ScreenResultType


class FollowsTerminal(Screen[ScreenResultType]):
    """List it last among the bases of a screen: Textual takes the CSS from the first.

    A screen that was laid out sends itself its own size (Textual 8). That one supersedes a newer size that waits before
    it, and the screen would keep what the terminal was between two sizes.
    """

    @on(Resize)
    def follow_terminal(self, event: Resize) -> None:
        """The App knows the terminal's size: another one is out of date, and is not laid out."""
        if event.size != self.app.size:
            event.prevent_default()
            self.post_message(Resize(self.app.size, self.app.size))
