"""The whole program on screen: what it knows, which screen is on top. Data comes from a thread of its own."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, ClassVar

from textual.app import App

from signals.message import say
from tui.follower import Follower
from tui.keymap import EVERYWHERE, bindings
from tui.language import CODES, Language
from tui.locale_of import speaks_utf8
from tui.room.room import Room
from tui.screens.board import BoardScreen
from tui.screens.explain import ExplainScreen
from tui.screens.form import Form
from tui.screens.help import HelpScreen
from tui.screens.page import Page
from tui.screens.zoom import ZoomScreen
from tui.theme import NAMES, STYLESHEET, few_colours, read_look

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.driver import Driver
    from textual.events import Key

    from panels.state import PanelState
    from signals.message import Message
    from tui.config import Config
    from tui.news import Failed, Noticed, Opened, PanelJudged
    from tui.room.news import IncidentChanged, JournalTold, LibraryRead
    from tui.theme import ThemeName

TICK_S = 2.0
"""Ages move in these steps; news of panels waits for the next one."""


class Warroom(App[str]):
    """`app.run()` returns a line that ends it, or None. `load` None follows no source: states come from elsewhere."""

    CSS_PATH = STYLESHEET
    ENABLE_COMMAND_PALETTE = False
    BINDINGS = bindings(EVERYWHERE)
    SCREENS: ClassVar = {
        "zoom": ZoomScreen,
        "explain": ExplainScreen,
        "help": HelpScreen,
    }

    def __init__(
        self,
        load: Callable[[], Config] | None,
        words: Language,
        *,
        theme: ThemeName | None = None,
        language_asked: bool = False,
    ) -> None:
        without_colours = few_colours(os.environ)
        super().__init__(ansi_color=True if os.environ.get("NO_COLOR") else None)
        self.words = words
        self.ascii_only = not speaks_utf8(os.environ)
        self._theme_asked = theme is not None or without_colours
        self._language_asked = language_asked
        self._styled = False
        self.wear(theme or ("mono" if without_colours else "dark"))
        self.states: dict[str, PanelState] = {}
        self.order: tuple[str, ...] = ()
        self.chosen = ""
        self.paused = False
        self.service = ""
        self.notice: Message | None = say("tui.starting")
        self._drawn: set[str] = set()
        self.follower = Follower(load, self.post_message, lambda: self.paused) if load else None
        self.room = Room(self)

    def get_default_screen(self) -> BoardScreen:
        """The board lies under all other screens."""
        return BoardScreen()

    def get_driver_class(self) -> type[Driver]:
        """On a terminal, the driver that is sparing of bytes."""
        from textual.drivers.linux_driver import LinuxDriver

        from tui.driver import SparingDriver

        usual = super().get_driver_class()
        return SparingDriver if usual is LinuxDriver else usual

    def on_resize(self) -> None:
        """What the terminal shows after it is not known."""
        from tui.driver import SparingDriver

        if isinstance(self._driver, SparingDriver):
            self._driver.forget()

    def on_mount(self) -> None:
        """Paint, then start the thread that asks."""
        self.set_interval(TICK_S, self.tick)
        if self.follower:
            self.follower.start()

    def on_unmount(self) -> None:
        """Let the thread end."""
        if self.follower:
            self.follower.stop()
        self.room.close()

    def on_opened(self, message: Opened) -> None:
        """The configuration is read."""
        self.order = message.order
        self.service = f"{message.config.service.name} {message.config.service.environment}"
        face = message.config.tui
        if face.theme and not self._theme_asked:
            self.wear(face.theme)
        if face.language and not self._language_asked:
            self.words = Language(face.language)
        self.room.open(message.config)
        self.repaint()

    def on_panel_judged(self, message: PanelJudged) -> None:
        """Keep the state; panels that get worse move up."""
        if self.paused:
            return
        self.states[message.state.id] = message.state
        if self.notice == say("tui.starting"):
            self.notice = None
            self.repaint()
        # The next tick draws it: one clock for all panels. The first news is drawn at once.
        elif message.state.id not in self._drawn:
            self.repaint()
        self._drawn.add(message.state.id)

    def on_noticed(self, message: Noticed) -> None:
        """Show the notice until the next one."""
        self.notice = message.notice.message
        self.tick()

    def on_incident_changed(self, message: IncidentChanged) -> None:
        """Somebody, perhaps here, wrote to an incident."""
        self.room.take_incident(message.seen)

    def on_journal_told(self, message: JournalTold) -> None:
        """The journal came or went."""
        self.room.take_journal(message.state)

    def on_library_read(self, message: LibraryRead) -> None:
        """The runbooks are there."""
        self.room.take_library(message.library)

    def on_key(self, event: Key) -> None:
        """What was typed ahead belongs to the form that has come on top meanwhile."""
        if isinstance(self.screen, Form):
            self.screen.typed_ahead(event)

    def on_failed(self, message: Failed) -> None:
        """Leave with the line that says why."""
        self.exit(self.words.say(message.why), return_code=message.code)

    def tick(self) -> None:
        """Ages move on, unless paused: then not a byte is sent."""
        if not self.paused:
            self.repaint()

    def repaint(self) -> None:
        """Let the screen on top draw what has changed."""
        page = next((screen for screen in reversed(self.screen_stack) if isinstance(screen, Page)), None)
        if page is not None:
            page.repaint()

    def wear(self, name: ThemeName) -> None:
        """Another look, for what Textual colours and for the names that the panels draw with."""
        self.look = read_look(name)
        if self._styled:
            self.console.pop_theme()
        self.console.push_theme(self.look.styles)
        self._styled = True
        self.register_theme(self.look.colours)
        self.theme = name

    def by_attention(self) -> list[PanelState]:
        """The panels that have an answer, worst first."""
        from panels.judge import by_attention

        return by_attention([self.states[name] for name in self.order if name in self.states])

    def under_cursor(self) -> PanelState | None:
        """The chosen panel; the first when none was chosen; None before the first answer."""
        states = self.by_attention()
        return next((state for state in states if state.id == self.chosen), states[0] if states else None)

    def move_cursor(self, step: int) -> None:
        """Choose a neighbour; the cursor stays with its panel when the order changes."""
        shown = [state.id for state in self.by_attention()]
        if shown:
            now_at = shown.index(self.chosen) if self.chosen in shown else 0
            self.chosen = shown[(now_at + step) % len(shown)]
        self.repaint()

    def choose_number(self, number: int) -> None:
        """Choose a panel by its number, as configured."""
        if number <= len(self.order):
            self.chosen = self.order[number - 1]
        self.repaint()

    def action_open(self, name: str) -> None:
        """Put a screen on top; one that is on top already goes."""
        if isinstance(self.screen, Page) and self.screen.page == name:
            self.action_back()  # the same key closes it
        else:
            self.push_screen(name)

    def action_back(self) -> None:  # type: ignore[override]  # Textual's own is a coroutine that does the same
        """Take the top screen away."""
        if len(self.screen_stack) > 1:
            self.pop_screen()

    def action_board(self) -> None:
        """Take all screens away but the board."""
        while len(self.screen_stack) > 1:
            self.pop_screen()

    def action_pause(self) -> None:
        """Stop asking and drawing, or go on."""
        self.paused = not self.paused
        self.repaint()

    def action_next_theme(self) -> None:
        """The next theme."""
        self.wear(NAMES[(NAMES.index(self.look.name) + 1) % len(NAMES)])

    def action_next_language(self) -> None:
        """The next language."""
        self.words = Language(CODES[(CODES.index(self.words.code) + 1) % len(CODES)])
        self.room.read_library()
        self.repaint()

    def action_incident(self) -> None:
        """The open incident, or a new one."""
        self.room.enter()

    def action_runbook(self) -> None:
        """The runbook for the panel under the cursor."""
        state = self.under_cursor()
        self.open_runbook_for(None, state.id if state is not None else None)

    def open_runbook_for(self, alert_name: str | None, panel_id: str | None) -> None:
        """The runbook that answers an alert or explains a panel: inside an incident, or only to be read."""
        self.room.open_runbook(alert_name or "", panel_id or "")

    def action_history(self) -> None:
        """Past incidents."""
        from tui.screens.history import HistoryScreen

        self.push_screen(HistoryScreen())
