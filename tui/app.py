"""The App: the state that all screens share, and which screen is on top. Data comes from a thread of its own."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, ClassVar

from core.message import say
from panels.changes import Change, ChangeLog, add_change, record_state
from panels.state import BOARD_SPAN_S
from signals.reading import Verdict
from tui.actions.context import RunContext
from tui.activity import Activity, Notice
from tui.drills.master import DrillChanged, DrillMaster
from tui.drills.watch import DrillWatch
from tui.feeds.signals import SignalsThread
from tui.i18n import CODES, Language
from tui.incident.context import IncidentContext
from tui.keymap import EVERYWHERE, bindings
from tui.panels_app import PanelsApp
from tui.screens.alerts import AlertsScreen
from tui.screens.board import BoardScreen
from tui.screens.explain import ExplainScreen
from tui.screens.help import HelpScreen
from tui.screens.page import Page
from tui.screens.zoom import ZoomScreen
from tui.theme import STYLESHEET

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rich.text import Text

    from core.message import Message
    from panels.costs.settings import CostsSettings
    from tui.actions.intent import Intent
    from tui.config.model import Config
    from tui.feeds.journal import IncidentChanged, JournalStateChanged, LibraryLoaded
    from tui.feeds.runs import Kept, RunsChanged
    from tui.feeds.signals import ConfigLoaded, PanelJudged, SignalsFailed, SourceNotice
    from tui.i18n import LanguageCode
    from tui.theme import ThemeName
    from tui.tour.tour import Tour

TICK_S = 2.0
"""Ages move in these steps; news of panels waits for the next one."""
START_AFTER_S = 1.0
"""When the sources are opened at the latest."""
JOURNAL_AFTER_S = 1.5
"""Journal and runbooks wait at most this long for the first numbers: read together, both would be late."""


class Warroom(PanelsApp):
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
        super().__init__(words, theme)
        self._language_given = language_given
        self.paused = False
        self.service = ""
        self.nothing_asked = False
        self._starting = True
        self._notice: Notice | None = None
        self._drawn: set[str] = set()
        self.change_log = ChangeLog()
        self.activity = Activity(time.time(), time.time())
        self.chart_span_s = BOARD_SPAN_S
        self.signals_thread = (
            SignalsThread(load, self.post_message, lambda: self.paused, lambda: self.chart_span_s)
            if load
            else None
        )
        self.costs: CostsSettings | None = None
        self._journal_config: Config | None = None
        """Of the journal that waits for the first numbers."""
        self.incidents = IncidentContext(self)
        self.runs = RunContext(self.incidents)
        self.config_path: Path | None = None
        """As the command line has it; None: where one is found."""
        self.drill_watch = DrillWatch(self)
        self.drill_master = DrillMaster(self, lambda: self.config_path)
        self.tour: Tour | None = None
        self._begins_tour = False

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
        if self.tour is not None and self._begins_tour:
            self.tour.toggle()
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
        self.costs = message.config.costs
        face = message.config.tui
        if face.theme and not self.theme_given:
            self.apply_theme(face.theme)
        if face.language and not self._language_given:
            self.words = self._displayable(Language(face.language))
        self.drill_watch.start(message.config)
        self.drill_master.open(message.config)
        self._journal_config = message.config
        if self.nothing_asked:
            self._open_journal()
        else:
            self.set_timer(JOURNAL_AFTER_S, self._open_journal)
        self.repaint()

    def _open_journal(self) -> None:
        config, self._journal_config = self._journal_config, None
        if config is not None:
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
        if self._journal_config is not None and self._numbers_are_there():
            self._open_journal()

    def _numbers_are_there(self) -> bool:
        """Whether every panel was judged, and one of them by an answer."""
        verdicts = [self.states[name].verdict for name in self.order if name in self.states]
        return len(verdicts) == len(self.order) and set(verdicts) != {Verdict.UNKNOWN}

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

    def on_drill_changed(self, _: DrillChanged) -> None:
        """The drill that is conducted from here went on."""
        if not self.paused:
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

    @property
    def is_drill(self) -> bool:
        """Whether what burns here was broken on purpose: incidents that are opened now are drills."""
        return (
            self.drill_watch.is_on or self.runs.state.is_drill or (self.tour is not None and self.tour.is_on)
        )

    def tour_line(self, width: int) -> Text | None:
        """What the tour says, where there is one."""
        return self.tour.line(width) if self.tour is not None else None

    def offer_tour(self, config: Path, folder: Path, *, begins: bool) -> None:
        """Offer the tour of the sandbox in `folder`, which `config` is about, or begin it at once."""
        from tui.tour.tour import Tour

        self.tour = Tour(self, config, folder)
        self._begins_tour = begins

    def action_tour(self) -> None:
        """Begin the tour, or leave it."""
        if self.tour is None:
            self.incidents.notify(say("tour.only_sandbox"))
        else:
            self.tour.toggle()

    def repaint(self) -> None:
        """Let the screen on top draw what has changed."""
        page = next((screen for screen in reversed(self.screen_stack) if isinstance(screen, Page)), None)
        if page is not None:
            page.repaint()

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

    def action_costs(self) -> None:
        """What the model costs."""
        from tui.screens.costs import CostsScreen

        self.push_screen(CostsScreen())

    def action_drills(self) -> None:
        """The drill that is conducted from here, else all that can be played."""
        from tui.screens.drill import DrillScreen
        from tui.screens.drills import DrillsScreen

        self.push_screen(DrillScreen() if self.drill_master.is_news else DrillsScreen())

    async def action_quit(self) -> None:
        """Leave; a drill that is conducted from here is ended first, unless somebody asks a second time."""
        from tui.screens.drill import leave_drill

        if self.drill_master.is_playing and not self.drill_master.is_left:
            self.incidents.run(leave_drill(self))
        else:
            self.exit()
