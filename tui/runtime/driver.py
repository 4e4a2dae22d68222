"""Textual's driver for terminals, sparing of bytes: at the end of a slow line each of them is seen."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from textual.drivers.linux_driver import LinuxDriver
from textual.geometry import Size

from tui.runtime.cells import ScreenCells

if TYPE_CHECKING:
    from textual.app import App


class DiffDriver(LinuxDriver):
    """Sends what differs from what the terminal shows."""

    def __init__(self, app: App[Any], **options: Any) -> None:
        super().__init__(app, **options)
        self._cells = ScreenCells()

    def forget(self) -> None:
        """The terminal may show anything, as after a resize."""
        self._cells.forget()

    def size(self) -> Size | None:
        """What the terminal says itself; None where it says nothing."""
        try:
            width, height = os.get_terminal_size(self.fileno)
        except OSError:
            return None
        return Size(width, height) if width and height else None

    def _get_terminal_size(self) -> tuple[int, int]:
        """Not COLUMNS and LINES, which are often of another terminal.

        GNU readline puts the size that a program had at its start into the environment of whatever that program starts.
        """
        size = self.size()
        return super()._get_terminal_size() if size is None else (size.width, size.height)

    def write(self, data: str) -> None:
        """Send one frame, or one sequence."""
        if sent := self._cells.diff(data):
            super().write(sent)
