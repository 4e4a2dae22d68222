"""What all screens share: a head, a body, a notice and a footer, each repainted only where its text is another.

A screen is a subclass with a `name` (its keys stand in `tui.keymap.KEYS` under it) and a `body`.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, ClassVar, cast

from rich.cells import cell_len, set_cell_size
from rich.text import Text
from textual.screen import Screen

from tui.keymap import EVERYWHERE, KEYS, SHOWN, bindings
from tui.room.strip import strip
from tui.widgets.lines import Lines

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from tui.app import Warroom


class Page(Screen[None]):
    """A screen of lines. The App calls `repaint` every tick and at every piece of news."""

    page: ClassVar[str]
    """Its name in the key map."""

    def __init_subclass__(cls, **given: Any) -> None:
        cls.BINDINGS = bindings(KEYS[cls.page])
        super().__init_subclass__(**given)

    @property
    def face(self) -> Warroom:
        """The App with what it knows."""
        return cast("Warroom", self.app)

    def body(self, width: int, height: int, now: float) -> list[Text]:
        """The lines between head and footer; what is over `height` is not shown."""
        raise NotImplementedError

    def compose(self) -> ComposeResult:
        """Four regions."""
        for name in ("head", "body", "notice", "foot"):
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
        room = max(1, height - 3)
        self.query_one("#body", Lines).show(self.body(width, room, now)[:room])
        self.query_one("#notice", Lines).show([self.notice(width)])
        self.query_one("#foot", Lines).show([Text(self.foot(width))])

    def head(self, width: int, now: float) -> Text:
        """What is operated, how many panels are how bad, and the clock."""
        from panels.draw import ASCII_MARKS, MARKS, STYLES
        from signals.reading import Verdict

        face = self.face
        text = Text(f" warroom  {face.service}   ")
        marks = ASCII_MARKS if face.ascii_only else MARKS
        for verdict in (Verdict.BURNING, Verdict.WARN, Verdict.UNKNOWN, Verdict.OK):
            count = sum(state.verdict is verdict for state in face.states.values())
            if count:
                text.append(f"{marks[verdict]}{count} ", STYLES[verdict])
        clock = time.strftime("%H:%MZ", time.gmtime(now))
        right = f"{face.words.text('tui.paused') + '  ' if face.paused else ''}{clock} {face.words.code} "
        text.append_text(strip(face.room, face.words, now))
        text.append(" " * max(0, width - text.cell_len - cell_len(right)) + right)
        text.truncate(width)
        return text

    def notice(self, width: int) -> Text:
        """What there is to tell, until the next one."""
        told = self.face.notice
        text = Text("" if told is None else f" {self.face.words.say(told)}", no_wrap=True)
        text.truncate(width)
        return text

    def foot(self, width: int) -> str:
        """The keys that work here and have room."""
        keys = [key for key in (*KEYS[self.page], *EVERYWHERE) if key.footer]
        parts = [f"{SHOWN.get(key.key, key.key)} {self.face.words.text(key.text)}" for key in keys]
        return set_cell_size(" " + "  ".join(parts), width)
