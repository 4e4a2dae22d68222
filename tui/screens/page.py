"""What all screens share: a head, a body, a notice and a footer, each repainted only where its text is another.

A screen is a subclass with a `name` (its keys stand in `tui.keymap.KEYS` under it) and a `body`.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, cast

from rich.cells import cell_len
from rich.text import Text

from tui.filter import Filter, pasted, typed
from tui.incident.draw.header import Around, count_part, fit, pause_part, strip
from tui.keymap import EVERYWHERE, KEYS, SHOWN, bindings
from tui.runtime.sizes import FollowsTerminal
from tui.widgets.lines import Lines

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.events import Key as Pressed
    from textual.events import Paste
    from textual.screen import Screen

    from tui.face import Face
    from tui.keymap import Key


class Page(FollowsTerminal[None]):
    """A screen of lines. The App calls `repaint` every tick and at every piece of news."""

    page: ClassVar[str]
    """Its name in the key map."""

    def __init__(self) -> None:
        super().__init__()
        self.filter = Filter()

    def __init_subclass__(cls, *, abstract: bool = False, **given: Any) -> None:
        if not abstract:
            cls.BINDINGS = bindings(KEYS[cls.page])
        super().__init_subclass__(**given)

    @property
    def face(self) -> Face:
        """The App with what it knows."""
        return cast("Face", self.app)

    def body(self, width: int, height: int, now: float) -> list[Text]:
        """The lines between head and footer; what is over `height` is not shown."""
        raise NotImplementedError

    def compose(self) -> ComposeResult:
        """Five regions; that of the tour is there while there is one."""
        for name in ("head", "body", "notice", "tour", "foot"):
            yield Lines(id=name, ascii_only=self.face.ascii_only)

    def on_resize(self) -> None:
        """Another size, another picture: all of it, also when the size is the old one again.

        A terminal that shrinks and grows at once has lost what it showed, and tells only its last size.
        """
        self.refresh()
        self.repaint()

    def on_screen_resume(self) -> None:
        """What happened while another screen was on top."""
        self.repaint()

    def repaint(self) -> None:
        """Draw what has changed."""
        if not self.size.width or not self.query("#foot"):
            return
        width, height = self.size
        now = time.time()
        self.query_one("#head", Lines).show([self.head(width, now)])
        self.draw_tour()
        room = max(1, height - (4 if self.query_one("#tour").display else 3))
        self.query_one("#body", Lines).show(self.body(width, room, now)[:room])
        self.query_one("#notice", Lines).show([self.notice(width)])
        self.query_one("#foot", Lines).show([self.keys(width)])

    def draw_tour(self) -> None:
        """What the tour says here."""
        show_tour(self, self.face)

    def filtered(self) -> None:
        """The filter is another one: what shows a list starts at its top."""

    def action_filter(self) -> None:
        """Type what to look for."""
        self.filter = replace(self.filter, typing=True)
        self.repaint()

    def unfilter(self) -> bool:
        """Take the filter away; whether there was one."""
        if self.filter == Filter():
            return False
        self._take(Filter())
        return True

    def on_key(self, event: Pressed) -> None:
        """While a filter is typed, letters are no commands."""
        after = typed(self.filter, event.key, event.character) if self.filter.typing else None
        if after is not None:
            event.stop()
            event.prevent_default()
            self._take(after)

    def on_paste(self, event: Paste) -> None:
        """Text from the clipboard, into the filter or nowhere."""
        if self.filter.typing:
            self._take(pasted(self.filter, event.text))

    def _take(self, after: Filter) -> None:
        before, self.filter = self.filter, after
        if before.text != after.text:
            self.filtered()
        self.repaint()

    def head(self, width: int, now: float) -> Text:
        """What is operated, how many panels are how bad, what is filtered or paused, and the clock."""
        from panels.draw.text import shorten

        face, around = self.face, self.around()
        right = []
        if self.filter.text:
            shown = Text(f" {face.words.text('tui.filter', text=self.filter.text)} ", "cursor")
            right.append((2, shown.append("  ")))
        stand_in = next((state.stand_in for state in face.states.values() if state.stand_in), "")
        if stand_in:
            mark = Text(f" {face.words.text('tui.stand_in', source=stand_in)} ", "stale")
            right.append((1, mark.append("  ")))
        if around.runs is not None:
            right.append((3, around.runs))
        current = face.incidents.current()
        if face.is_drill and not (current is not None and current.incident.drill):  # not twice
            right.append((0, Text(f" {face.words.text('update.drill')} ", "stale").append("  ")))
        if face.paused:
            right.append((0, pause_part(face.words).append("  ")))
        right.append((4, Text(f"{time.strftime('%H:%MZ', time.gmtime(now))} {face.words.code} ")))
        if incident := strip(face.incidents, face.words, now):
            incident.append("  ")
        # How many burn is never cut for a name, and that nothing moves for nothing at all.
        parts = fit([(1, around.counts), (3, incident), *right], width - 1)
        left = [part for part in (around.counts, incident) if part in parts]
        behind = Text.assemble(*(part for part in parts if part not in left))
        room = width - sum(part.cell_len for part in parts)
        names = (f" warroom  {face.service}   ", f" {face.service}  ", " ")
        text = Text.assemble(next((name for name in names if cell_len(name) <= room), " "), *left)
        text.append(" " * (width - text.cell_len - behind.cell_len)).append_text(behind)
        return shorten(text, width, ascii_only=face.ascii_only)

    def around(self) -> Around:
        """What every head says, whatever its page is about."""
        states = self.face.states.values()
        counts = count_part((state.verdict for state in states), ascii_only=self.face.ascii_only)
        return Around(counts, self.face.paused, self._runs_part())

    def _runs_part(self) -> Text | None:
        if not self.face.runs.state.at:
            return None
        from tui.actions.draw.in_force import head_part  # with the guard of runs, which no first paint needs

        return head_part(self.face.runs.state, self.face.words, time.time())

    def notice(self, width: int) -> Text:
        """What there is to tell, until a key says that it was read; or the filter that is being typed."""
        if self.filter.typing:
            text = Text(f" /{self.filter.text}", "title", no_wrap=True).append(
                "_" if self.face.ascii_only else "▏"
            )
        else:
            message = self.face.notice
            text = Text("" if message is None else f" {self.face.words.say(message)}", no_wrap=True)
        from panels.draw.text import shorten

        return shorten(text, width, ascii_only=self.face.ascii_only)

    def foot(self, width: int) -> str:
        """The keys that work here, as text."""
        return self.keys(width).plain

    def own_keys(self) -> tuple[Key, ...]:
        """The keys of this screen that do something here and now."""
        return KEYS[self.page]

    def footer(self) -> list[Key]:
        """The keys that the footer shows, those that are dropped last first; the last two always stay."""
        back = [] if self.page == "board" else [key for key in EVERYWHERE if key.key == "escape"]
        return [*back, *(key for key in (*self.own_keys(), *EVERYWHERE) if key.footer)]

    def keys(self, width: int) -> Text:
        """The keys that work here; where there is no room for all, whole ones are left out, but never help and quit."""
        words = self.face.words
        if self.filter.typing:
            wanted = [("Enter", words.text("tui.filter_keep")), ("Esc", words.text("tui.filter_clear"))]
        else:
            wanted = [(SHOWN.get(key.key, key.key), words.text(key.text)) for key in self.footer()]
        return key_line(wanted, width)


def show_tour(screen: Screen[Any], face: Face) -> None:
    """The tour's line above the footer, which is not there without one."""
    for region in screen.query("#tour").results(Lines):
        line = face.tour_line(screen.size.width)
        region.display = line is not None
        region.show([] if line is None else [line])


def key_line(wanted: list[tuple[str, str]], width: int, last: int = 2) -> Text:
    """Keys and what they do; where there is no room for all, whole ones go, but never one of the `last`."""
    room = width + 1  # behind the last one nothing has to stand
    while len(wanted) > last and sum(cell_len(key) + cell_len(text) + 3 for key, text in wanted) > room:
        wanted = [*wanted[: -last - 1], *wanted[-last:]]
    text = Text(no_wrap=True)
    for key, what in wanted:
        text.append(" ").append(key, "key").append(f" {what} ")
    text.truncate(width, pad=True)
    return text
