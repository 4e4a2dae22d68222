"""Textual's App as a program over SSH needs it: few bytes, any size at any moment, one key after the other, no traceback."""

from __future__ import annotations

import os
from functools import lru_cache
from typing import TYPE_CHECKING

from textual import on
from textual._styles_cache import StylesCache
from textual.app import App
from textual.driver import Driver
from textual.events import Key, Paste, Resize

from tui.runtime.exit import ExitCode, report_crash
from tui.runtime.keys import InputQueue
from tui.runtime.terminal import fitting_theme, locale_is_utf8
from tui.theme import THEME_NAMES, load_theme

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import RenderableType
    from textual.events import Event

    from tui.i18n import Language
    from tui.theme import ThemeName

# Textual 8.2.8 caches a function of two colours with the drawer of each widget as its first argument (`cls` without
# `@classmethod`), which keeps the lines of the last two hundred screens that were closed: 50 MB.
_colours = StylesCache.get_inner_outer.__wrapped__
StylesCache.get_inner_outer = classmethod(lru_cache(1024)(_colours))  # type: ignore[method-assign,assignment,arg-type]  # as it was meant


class TerminalApp(App[str]):
    """`run()` returns a line that ends it, or None. `on_exit` sees to it that what does not end in time keeps nobody.

    `theme` None is the one that fits the terminal; `theme_given` says that it was asked for, or is the only one that fits.
    """

    ENABLE_COMMAND_PALETTE = False

    def __init__(self, words: Language, theme: ThemeName | None) -> None:
        super().__init__(ansi_color=True if os.environ.get("NO_COLOR") else None)
        self.words = words
        self.ascii_only = not locale_is_utf8(os.environ)
        fitting = fitting_theme(os.environ)
        self.theme_given = theme is not None or fitting != "dark"
        self._theme_pushed = False
        self.apply_theme(theme or fitting)
        self.on_exit: Callable[[int], None] = lambda _: None
        self.input_queue = InputQueue(self, super().on_event)

    def repaint(self) -> None:
        """Draw what has changed."""

    def key_pressed(self) -> None:
        """Somebody is there."""

    def apply_theme(self, name: ThemeName) -> None:
        """Another look, for what Textual colours and for the names that the panels draw with."""
        self.loaded_theme = load_theme(name)
        if self._theme_pushed:
            self.console.pop_theme()
        self.console.push_theme(self.loaded_theme.styles)
        self._theme_pushed = True
        self.register_theme(self.loaded_theme.colours)
        self.theme = name

    def action_next_theme(self) -> None:
        """The next theme."""
        self.apply_theme(THEME_NAMES[(THEME_NAMES.index(self.loaded_theme.name) + 1) % len(THEME_NAMES)])

    def get_driver_class(self) -> type[Driver]:
        """On a terminal, the driver that is sparing of bytes."""
        from textual.drivers.linux_driver import LinuxDriver

        from tui.runtime.driver import DiffDriver

        usual = super().get_driver_class()
        return DiffDriver if usual is LinuxDriver else usual

    def on_resize(self, event: Resize) -> None:
        """What the terminal shows after it is not known, also when it is as large as before: it was not in between.

        The signal's handler may be interrupted by itself, after it has read a size and before it tells it; then the older
        size is told last, and would stay.
        """
        from tui.runtime.driver import DiffDriver

        if isinstance(self._driver, DiffDriver) and (size := self._driver.size()) not in (
            None,
            event.size,
        ):
            self.post_message(Resize(size, size))
        self._redraw_all()

    @on(Driver.SignalResume)
    def on_resume_from_shell(self) -> None:
        """The shell has written over the screen; how old everything is now is shown at once."""
        self._redraw_all()
        self.repaint()

    def _redraw_all(self) -> None:
        from tui.runtime.driver import DiffDriver

        if isinstance(self._driver, DiffDriver):
            self._driver.forget()
        self.screen.refresh(layout=True)

    async def on_event(self, event: Event) -> None:
        """Each key is done with before the next one is looked at."""
        if not isinstance(event, Key | Paste) or event.is_forwarded:
            await super().on_event(event)
            return
        if isinstance(event, Key):
            self.key_pressed()
        self.input_queue.put(event)

    def exit(
        self, result: str | None = None, return_code: int = 0, message: RenderableType | None = None
    ) -> None:
        """Leave."""
        self.on_exit(return_code)
        super().exit(result, return_code, message)

    def _handle_exception(self, error: Exception) -> None:
        """One line and exit 4 instead of Textual's traceback with locals, which may hold a secret; tests see the error."""
        if self.is_headless:
            super()._handle_exception(error)
            return
        key, values = report_crash(error)
        self._exit = True
        self._return_code, self._return_value = ExitCode.CRASHED, self.words.text(key, **values)
        self._close_messages_no_wait()
