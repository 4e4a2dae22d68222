"""The App: the state that all screens share, and which screen is on top. Data comes from a thread of its own."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, ClassVar

from core.message import say
from panels.changes import Change, ChangeLog, add_change, record_state
from panels.state import BOARD_SPAN_S
from signals.reading import Verdict
from tui.actions.context import RunContext
from tui.activity import Activity, Notice
from tui.feeds.signals import SignalsThread
from tui.filter import Filter
from tui.i18n import CODES, Language
from tui.incident.context import IncidentContext
from tui.keymap import EVERYWHERE, bindings
from tui.runtime.app import TerminalApp
from tui.runtime.terminal import fitting_theme, locale_is_utf8
from tui.screens.alerts import AlertsScreen
from tui.screens.board import BoardScreen
from tui.screens.explain import ExplainScreen
from tui.screens.help import HelpScreen
from tui.screens.page import Page
from tui.screens.panel import search_texts
from tui.screens.zoom import ZoomScreen
from tui.theme import STYLESHEET, THEME_NAMES, load_theme

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.message import Message
    from panels.state import PanelState
    from tui.actions.intent import Intent
    from tui.config.model import Config
    from tui.feeds.journal import IncidentChanged, JournalStateChanged, LibraryLoaded
    from tui.feeds.runs import Kept, RunsChanged
    from tui.feeds.signals import ConfigLoaded, PanelJudged, SignalsFailed, SourceNotice
    from tui.i18n import LanguageCode
    from tui.theme import ThemeName

TICK_S = 2.0
"""Ages move in these steps; news of panels waits for the next one."""
START_AFTER_S = 1.0
"""When the sources are opened at the latest."""
JOURNAL_AFTER_S = 1.5
"""The journal's libraries and the runbooks are read once the first numbers are there: together both would be late."""


class Warroom(TerminalApp):
    """The App of this program. `load` None follows no source: states come from elsewhere."""

    CSS_PATH = STYLESHEET
    BINDINGS = bindings(EVERYWHERE)
    SCREENS: ClassVar = {
        "zoom": ZoomScreen,
        "explain": ExplainScreen,
        "help": HelpScreen,
        "alerts": AlertsScreen,
    }

    def __init__(
        self,
        load: Callable[[], Config] | None,
        words: Language,
        *,
        theme: ThemeName | None = None,
        language_given: bool = False,
    ) -> None:
        fitting = fitting_theme(os.environ)
        super().__init__(words, ansi_color=True if os.environ.get("NO_COLOR") else None)
        self.ascii_only = not locale_is_utf8(os.environ)
        self._theme_given = theme is not None or fitting != "dark"
        self._language_given = language_given
        self._theme_pushed = False
        self.apply_theme(theme or fitting)
        self.states: dict[str, PanelState] = {}
        self.order: tuple[str, ...] = ()
        self.chosen = ""
        self.paused = False
        self.service = ""
        self.nothing_asked = False
        self._starting = True
        self._notice: Notice | None = None
        self._drawn: set[str] = set()
        self.change_log = ChangeLog()
        self.activity = Activity(time.time(), time.time())
        self.panel_filter = Filter()
        self.chart_span_s = BOARD_SPAN_S
        self.signals_thread = (
            SignalsThread(load, self.post_message, lambda: self.paused, lambda: self.chart_span_s)
            if load
            else None
        )
        self.incidents = IncidentContext(self)
        self.runs = RunContext(self.incidents)

    @property
    def notice(self) -> Message | None:
        """What is said until a key says that it was read; before the first panel, that the program is starting."""
        if self._notice is not None:
            return self._notice.message
        return say("tui.starting") if self._starting and not self.nothing_asked else None

    @notice.setter
    def notice(self, message: Message | None) -> None:
        self._starting = False
        self._notice = None if message is None else Notice(message, time.time())

    def get_default_screen(self) -> BoardScreen:
        """The board lies under all other screens."""
        return BoardScreen()

    def on_mount(self) -> None:
        """Paint, then start the thread that asks."""
        self.words = self._displayable(self.words)
        self.set_interval(TICK_S, self.tick)
        if self.signals_thread:
            self.call_after_refresh(self.signals_thread.start)  # its imports must not delay the first paint
            # A screen that a fast key puts on top before the first paint takes that call with it until it goes.
            self.set_timer(START_AFTER_S, self.signals_thread.start)

    def on_unmount(self) -> None:
        """Let the threads end."""
        if self.signals_thread:
            self.signals_thread.stop()
        self.incidents.close()

    def on_config_loaded(self, message: ConfigLoaded) -> None:
        """The configuration is read."""
        self.order = message.order
        self.service = f"{message.config.service.name} {message.config.service.environment}".strip()
        self.nothing_asked = not message.order
        face = message.config.tui
        if face.theme and not self._theme_given:
            self.apply_theme(face.theme)
        if face.language and not self._language_given:
            self.words = self._displayable(Language(face.language))
        self.set_timer(JOURNAL_AFTER_S, lambda: self._open_journal(message.config))
        self.repaint()

    def _open_journal(self, config: Config) -> None:
        self.runs.open(config)
        self.incidents.open(config)

    def on_panel_judged(self, message: PanelJudged) -> None:
        """Keep the state; panels that get worse move up."""
        if self.paused:
            return
        self.states[message.state.id] = message.state
        self.change_log = record_state(self.change_log, message.state)
        self._starting = False
        if message.state.id not in self._drawn:
            self._drawn.add(message.state.id)
            self.repaint()  # the first state at once; the next tick draws the others: one clock for all panels

    def on_source_notice(self, message: SourceNotice) -> None:
        """Show the notice until a key says that it was read, or until the next one."""
        self.notice = message.notice.message
        self.change_log = add_change(
            self.change_log, Change(message.notice.at, message.notice.message, verdict=Verdict.UNKNOWN)
        )
        self.tick()

    def key_pressed(self) -> None:
        """Every key says that somebody looks."""
        self.record_activity(time.time())

    def record_activity(self, now: float) -> None:
        """A key was pressed: the notice counts as read, unless it came at the same moment."""
        self.activity = self.activity.with_key(now)
        if self._notice is not None and self._notice.read_by(now):
            self._notice = None
            self.repaint()

    def on_incident_changed(self, message: IncidentChanged) -> None:
        """Somebody, perhaps here, wrote to an incident."""
        self.incidents.update_incident(message.snapshot)

    def on_journal_state_changed(self, message: JournalStateChanged) -> None:
        """The journal came or went."""
        self.incidents.update_journal(message.state)

    def on_runs_changed(self, message: RunsChanged) -> None:
        """Runs began or ended, or were looked at."""
        self.runs.update(message.state)
        self.repaint()

    def on_kept(self, message: Kept) -> None:
        """What this program did to keep what is in force."""
        self.notice = message.messages[-1]
        for kept in message.messages:
            change = Change(time.time(), kept, verdict=Verdict.UNKNOWN)
            self.change_log = add_change(self.change_log, change)
        self.repaint()

    def on_library_loaded(self, message: LibraryLoaded) -> None:
        """The runbooks are there."""
        self.incidents.update_library(message.library)

    def on_signals_failed(self, message: SignalsFailed) -> None:
        """Leave with the line that says why."""
        self.exit(self.words.say(message.reason), return_code=message.code)

    def tick(self) -> None:
        """Ages move on, unless paused: then not a byte is sent."""
        if not self.paused:
            self.repaint()

    def repaint(self) -> None:
        """Let the screen on top draw what has changed."""
        page = next((screen for screen in reversed(self.screen_stack) if isinstance(screen, Page)), None)
        if page is not None:
            page.repaint()

    def apply_theme(self, name: ThemeName) -> None:
        """Another look, for what Textual colours and for the names that the panels draw with."""
        self.loaded_theme = load_theme(name)
        if self._theme_pushed:
            self.console.pop_theme()
        self.console.push_theme(self.loaded_theme.styles)
        self._theme_pushed = True
        self.register_theme(self.loaded_theme.colours)
        self.theme = name

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

    def action_open(self, name: str) -> None:
        """Put a screen on top; one that is on top already goes. The alerts' zoom is their list."""
        state = self.under_cursor()
        if name == "zoom" and state is not None and state.alerts is not None:
            name = "alerts"
        if isinstance(self.screen, Page) and self.screen.page == name:
            self.action_back()  # the same key closes it
        else:
            self.push_screen(name)

    def action_back(self) -> None:  # type: ignore[override]  # Textual's own is a coroutine that does the same
        """Take the filter away, else the top screen."""
        if isinstance(self.screen, Page) and self.screen.unfilter():
            return
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
        self.apply_theme(THEME_NAMES[(THEME_NAMES.index(self.loaded_theme.name) + 1) % len(THEME_NAMES)])

    def action_next_language(self) -> None:
        """The next language."""
        self.set_language(CODES[(CODES.index(self.words.code) + 1) % len(CODES)])

    def set_language(self, code: LanguageCode) -> None:
        """Another language."""
        self.words = self._displayable(Language(code))
        self.incidents.read_library()
        self.repaint()

    def _displayable(self, words: Language) -> Language:
        """English, where the terminal can't show Chinese: a screen of question marks helps nobody."""
        if not self.ascii_only or words.code == "en":
            return words
        self.notice = say("tui.only_ascii")
        return Language("en")

    def action_palette(self) -> None:
        """Everything that can be done here, to search in."""
        from tui.palette import Palette

        if isinstance(self.screen, Page):
            self.push_screen(Palette(self.words))

    def runbook_title(self, alert: str) -> str:
        """The runbook that answers an alert, by its title, else what the alert itself names; empty without either."""
        library = self.incidents.library
        runbooks = library.for_alert(alert) if library is not None else ()
        if runbooks:
            return runbooks[0].title
        annotations = [
            firing.annotations
            for state in self.states.values()
            if state.alerts
            for firing in state.alerts.alerts
            if firing.name == alert
        ]
        links = (notes.get("runbook") or notes.get("runbook_url") for notes in annotations)
        return next(filter(None, links), "")

    def action_incident(self) -> None:
        """The open incident, or a new one."""
        from tui.screens.enter import enter_incident

        enter_incident(self)

    def action_runbook(self) -> None:
        """The runbook for the panel under the cursor."""
        state = self.under_cursor()
        self.open_runbook_for(None, state.id if state is not None else None)

    def action_actions(self) -> None:
        """What can be done about the panel under the cursor."""
        from response.offers import panel_names
        from tui.screens.actions.offer import offer_actions
        from tui.screens.fitting import Subject

        state = self.under_cursor()
        if state is not None:
            names = panel_names(state.readings)
            offer_actions(self, Subject(panel=state.id), self.words.say(state.title), names)

    def action_pin(self) -> None:
        """The panel under the cursor as evidence."""
        from tui.screens.enter import pin_to_current

        pin_to_current(self)

    def open_runbook_for(self, alert_name: str | None, panel_id: str | None) -> None:
        """The runbook that answers an alert or explains a panel: inside an incident, or only to be read."""
        from tui.screens.enter import open_runbook
        from tui.screens.fitting import Subject

        open_runbook(self, Subject(alert_name or "", panel_id or ""))

    def propose(self, intent: Intent) -> None:
        """The plan of what is wanted, the question, and its run."""
        from tui.screens.actions.start import propose_intent

        propose_intent(self, intent)

    def action_runs(self) -> None:
        """All runs."""
        from tui.screens.actions.runs import RunsScreen

        self.push_screen(RunsScreen())

    def action_in_force(self) -> None:
        """What is in force."""
        from tui.screens.actions.in_force import InForceScreen

        self.push_screen(InForceScreen())

    def action_history(self) -> None:
        """Past incidents."""
        from tui.screens.history import HistoryScreen

        self.push_screen(HistoryScreen())
