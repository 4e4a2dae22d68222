"""The board: one line a panel, worst first; the one under the cursor unfolds. Data comes from a thread of its own."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len, set_cell_size
from rich.text import Text
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message as UiMessage

from tui.keymap import BOARD, SHOWN
from tui.language import CODES, Language
from tui.widgets.lines import Lines

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from panels.state import PanelState
    from signals.source import Notice
    from tui.config import Config


GRID_WIDTH, GRID_HEIGHT = 110, 6
"""From this width on panels stand in two columns; from this height a panel on, all show their charts."""


class PanelJudged(UiMessage):
    """A panel has news; news of the same panel replaces what still waits."""

    def __init__(self, state: PanelState) -> None:
        super().__init__()
        self.state = state

    def can_replace(self, message: UiMessage) -> bool:
        """An older state of the same panel is not worth drawing."""
        return isinstance(message, PanelJudged) and message.state.id == self.state.id


class Noticed(UiMessage):
    """Something to tell: a switch of source, or why the program has to end."""

    def __init__(self, notice: Notice) -> None:
        super().__init__()
        self.notice = notice


class ConfigFailed(UiMessage):
    """The configuration can't be used; the program ends with this line."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text


def speaks_utf8(environment: Mapping[str, str]) -> bool:
    """What the locale says (LC_ALL, LC_CTYPE, LANG, in POSIX' order); Python's own answer is UTF-8 even under C."""
    named = next((environment[name] for name in ("LC_ALL", "LC_CTYPE", "LANG") if environment.get(name)), "C")
    return "utf" in named.lower()


class Board(App[str]):
    """The whole program on screen. `app.run()` returns a line that ends it, or None."""

    CSS = """
    Screen { layout: vertical; }
    #head { height: 1; text-style: bold; }
    #body { height: 1fr; }
    #notice { height: 1; text-style: italic; }
    #foot { height: 1; text-style: dim; }
    """
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [Binding(key.key, key.action, show=False) for key in BOARD]
    THEMES = ("textual-dark", "textual-light", "textual-ansi")

    def __init__(self, load: Callable[[], Config], words: Language) -> None:
        super().__init__()
        self._load = load
        self.words = words
        self.states: dict[str, PanelState] = {}
        self.order: list[str] = []
        self.drawn: set[str] = set()
        self.chosen = ""
        self.view = "board"
        self.paused = False
        self.service = ""
        self.notice = words.text("tui.starting")
        self.ascii_only = not speaks_utf8(os.environ)
        self._stop = threading.Event()

    def compose(self) -> ComposeResult:
        """Four regions; each is repainted only when its text is another."""
        for name in ("head", "body", "notice", "foot"):
            yield Lines(id=name)

    def on_mount(self) -> None:
        """Paint, then start the thread that asks."""
        self.repaint()
        self.set_interval(2.0, self.tick)
        threading.Thread(target=self._follow, name="signals", daemon=True).start()

    def on_unmount(self) -> None:
        """Let the thread end."""
        self._stop.set()

    def on_resize(self) -> None:
        """Another size, another picture."""
        self.repaint()

    def on_panel_judged(self, message: PanelJudged) -> None:
        """Keep the state; panels that get worse move up."""
        if self.paused:
            return
        self.states[message.state.id] = message.state
        if self.notice == self.words.text("tui.starting"):
            self.notice = ""
            self.repaint()
        # The next tick draws it: one clock for all panels. The first news is drawn at once.
        elif message.state.id not in self.drawn:
            self.repaint()
        self.drawn.add(message.state.id)

    def on_noticed(self, message: Noticed) -> None:
        """Show the notice until the next one."""
        self.notice = self.words.say(message.notice.message)
        self.tick()

    def on_config_failed(self, message: ConfigFailed) -> None:
        """Leave with the line that says why."""
        self.exit(message.text, return_code=3)

    def tick(self) -> None:
        """Ages move on, unless paused: then not a byte is sent."""
        if not self.paused:
            self.repaint()

    def repaint(self) -> None:
        """Draw what has changed."""
        if not self.size.width or not self.query("#foot"):
            return
        width, height = self.size
        now = time.time()
        self.query_one("#head", Lines).show([self._head(width, now)])
        self.query_one("#body", Lines).show(self._body(width, max(1, height - 3), now))
        self.query_one("#notice", Lines).show([Text(self.notice)])
        self.query_one("#foot", Lines).show([Text(self._foot(width))])

    def action_move(self, step: int) -> None:
        """Move the cursor; it stays with its panel when the order changes."""
        shown = [state.id for state in self._sorted()]
        if shown:
            self.chosen = shown[(self._cursor(shown) + step) % len(shown)]
        self.repaint()

    def action_panel(self, number: int) -> None:
        """Put the cursor on a panel by its number, as configured."""
        if number <= len(self.order):
            self.chosen = self.order[number - 1]
        self.repaint()

    def action_unfold(self) -> None:
        """Give the panel under the cursor the whole screen."""
        self.view = "zoom" if self.view == "board" else "board"
        self.repaint()

    def action_explain(self) -> None:
        """Show query, source, age and raw values of the panel under the cursor."""
        self.view = "explain" if self.view != "explain" else "board"
        self.repaint()

    def action_help(self) -> None:
        """Show all keys."""
        self.view = "help" if self.view != "help" else "board"
        self.repaint()

    async def action_back(self) -> None:
        """Back to the board."""
        self.view = "board"
        self.repaint()

    def action_pause(self) -> None:
        """Stop asking and drawing, or go on."""
        self.paused = not self.paused
        self.repaint()

    def action_next_theme(self) -> None:
        """The next theme."""
        names = list(self.THEMES)
        self.theme = names[(names.index(self.theme) + 1) % len(names)] if self.theme in names else names[0]

    def action_next_language(self) -> None:
        """The next language."""
        self.words = Language(CODES[(CODES.index(self.words.code) + 1) % len(CODES)])
        self.repaint()

    def _sorted(self) -> list[PanelState]:
        from panels.judge import by_attention

        return by_attention([self.states[name] for name in self.order if name in self.states])

    def _cursor(self, shown: list[str]) -> int:
        """Where the chosen panel stands; the first when none was chosen."""
        return shown.index(self.chosen) if self.chosen in shown else 0

    def _head(self, width: int, now: float) -> Text:
        from panels.draw import ASCII_MARKS, MARKS, STYLES
        from signals.reading import Verdict

        text = Text(f" warroom  {self.service}   ")
        marks = ASCII_MARKS if self.ascii_only else MARKS
        for verdict in (Verdict.BURNING, Verdict.WARN, Verdict.UNKNOWN, Verdict.OK):
            count = sum(state.verdict is verdict for state in self.states.values())
            if count:
                text.append(f"{marks[verdict]}{count} ", STYLES[verdict])
        clock = time.strftime("%H:%MZ", time.gmtime(now))
        right = f"{self.words.text('tui.paused') + '  ' if self.paused else ''}{clock} {self.words.code} "
        text.append(" " * max(0, width - text.cell_len - cell_len(right)) + right)
        text.truncate(width)
        return text

    def _body(self, width: int, height: int, now: float) -> list[Text]:
        states = self._sorted()
        if self.view == "help":
            lines = [
                Text(
                    f"   {SHOWN.get(key.key, key.key):<6} {self.words.text('keys.' + key.action.split('(')[0])}"
                )
                for key in BOARD
            ]
        elif not states:
            lines = [Text(f"   {self.words.text('tui.no_panels')}")]
        elif self.view == "explain":
            lines = self._explained(states[self._cursor([state.id for state in states])], now)
        else:
            lines = self._lines(states, width, height, now)
        return lines[:height]

    def _lines(self, states: list[PanelState], width: int, height: int, now: float) -> list[Text]:
        """One line a panel with the chosen one unfolded; with enough room, all of them with their charts."""
        chosen = states[self._cursor([state.id for state in states])]
        if self.view == "zoom":
            return self._panel(chosen, width, height, now)
        columns = 2 if width >= GRID_WIDTH else 1
        rows = -(-len(states) // columns)
        if height // rows >= GRID_HEIGHT:
            return self._grid(states, columns, width // columns, height // rows, now)
        lines: list[Text] = []
        for state in states:
            lines += self._panel(state, width, height - len(states) + 1 if state is chosen else 1, now)
        return lines

    def _grid(
        self, states: list[PanelState], columns: int, width: int, height: int, now: float
    ) -> list[Text]:
        lines: list[Text] = []
        for first in range(0, len(states), columns):
            blocks = [
                self._panel(state, width - 1, height - 1, now) for state in states[first : first + columns]
            ]
            for y in range(height):
                line = Text(no_wrap=True)
                for block in blocks:
                    part = block[y] if y < len(block) else Text()
                    line.append_text(part)
                    line.append(" " * (width - part.cell_len))
                lines.append(line)
        return lines

    def _panel(self, state: PanelState, width: int, height: int, now: float) -> list[Text]:
        """A panel in `height` lines; one that can't be drawn says so in its place."""
        from panels.draw import panel_details, panel_line

        try:
            line = panel_line(state, self.words.say, width, now, ascii_only=self.ascii_only)
            shown = [one.id for one in self._sorted()]
            if state.id == shown[self._cursor(shown)]:
                line.stylize("underline", 3)
            return [
                line,
                *panel_details(state, self.words.say, width, height - 1, now, ascii_only=self.ascii_only),
            ][:height]
        except Exception as error:  # noqa: BLE001  # see the docstring
            from tui.logfile import log_crash

            log = log_crash(error)
            return [Text(f" ? {state.id} {self.words.text('tui.undrawn', log=str(log))}")]

    def _explained(self, state: PanelState, now: float) -> list[Text]:
        lines = [Text(f"   {self.words.say(state.title)}: {self.words.say(state.reason)}", "bold")]
        for reading in state.readings:
            age = "–" if reading.at is None else f"{max(0.0, now - reading.at):.0f} s"
            value = self.words.text("tui.no_data") if reading.value is None else repr(reading.value)
            lines.append(Text(f"   {reading.name} = {value} {reading.unit}   {reading.source}  {age}"))
            lines.append(Text(f"     {reading.query}", "dim"))
        return lines

    def _foot(self, width: int) -> str:
        parts = [
            f"{SHOWN.get(k.key, k.key)} {self.words.text('keys.' + k.action.split('(')[0])}"
            for k in BOARD
            if k.footer
        ]
        return set_cell_size(" " + "  ".join(parts), width)

    def _follow(self) -> None:
        """In the thread: load, ask, tell. Heavy imports happen here, after the first paint."""
        from signals.errors import WarroomError
        from tui.logfile import log_crash, open_log

        try:
            open_log()
            asyncio.run(self._watch())
        except WarroomError as error:
            self.post_message(ConfigFailed(self.words.say(error.message)))
        except Exception as error:  # noqa: BLE001  # the thread's end must be seen
            log = log_crash(error)
            self.post_message(
                ConfigFailed(self.words.text("cli.crashed", error=type(error).__name__, log=str(log)))
            )

    async def _watch(self) -> None:
        from panels.live import watch
        from panels.settings import board
        from signals.sources import open_sources

        config = self._load()
        specs = board(config.panels)
        self.order = [spec.id for spec in specs]
        self.service = f"{config.service.name} {config.service.environment}"
        async with open_sources(config.signals, lambda notice: self._tell(Noticed(notice))) as sources:
            asking = asyncio.create_task(
                watch(specs, sources, lambda state: self._tell(PanelJudged(state)), lambda: self.paused)
            )
            ending = asyncio.create_task(asyncio.to_thread(self._stop.wait))
            await asyncio.wait((asking, ending), return_when=asyncio.FIRST_COMPLETED)
            if asking.done():
                asking.result()  # raises what ended it
            asking.cancel()

    def _tell(self, message: UiMessage) -> None:
        if not self._stop.is_set():
            self.post_message(message)
