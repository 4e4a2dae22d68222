"""Lines of text, of which only those that changed are drawn again, and which of them fit on the screen.

`tui.runtime.cells` then picks the cells to send.
"""

from __future__ import annotations

import unicodedata
from itertools import zip_longest
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.text import Span, Text
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

if TYPE_CHECKING:
    from collections.abc import Sequence


class Lines(Widget):
    """Shows lines as they are; `show` repaints each line that is another than before, in text or style."""

    def __init__(self, *, id: str, ascii_only: bool = False) -> None:  # noqa: A002  # Textual's own name
        super().__init__(id=id)
        self.ascii_only = ascii_only
        self._lines: list[Text] = []

    def show(self, lines: Sequence[Text]) -> None:
        """Replace the lines."""
        before, self._lines = self._lines, [printable(line, ascii_only=self.ascii_only) for line in lines]
        changed = [
            Region(0, y, self.size.width, 1)
            for y, (old, new) in enumerate(zip_longest(before, self._lines, fillvalue=Text()))
            if old != new or old.style != new.style
        ]
        if changed:
            self.refresh(*changed)

    def render_line(self, y: int) -> Strip:
        """One line, padded with the widget's own background."""
        text = self._lines[y].copy() if y < len(self._lines) else Text()
        text.stylize_before(text.style)  # Rich leaves out the style of a text that has no other
        strip = Strip(text.render(self.app.console)) if text.plain else Strip.blank(0)
        return strip.adjust_cell_length(self.size.width).apply_style(self.rich_style)


ASCII = {
    **dict.fromkeys("‐‑‒–—―−─━═", "-"),
    **dict.fromkeys("│┃┊┆", "|"),
    **dict.fromkeys("‘’‚′", "'"),
    **dict.fromkeys("“”„«»", '"'),
    **dict(zip("×±≥≤≈…·•µ°¥€", "x~><~..*uoYE", strict=True)),
    **dict(zip("↑↓←→✖▲✔☐▶●▏›", "^v<>X!+_>*_>", strict=True)),
    **{wide: f"{narrow} " for wide, narrow in zip("（）：，；", "():,;", strict=True)},
}
"""What stands for a character in a terminal that knows ASCII alone; as wide as the character itself."""


def printable(text: Text, *, ascii_only: bool) -> Text:
    """The last door before the terminal: no control character passes it, and where only ASCII can be shown, only that.

    Texts from outside are cleaned where they come in; this holds whatever a screen forgets.
    """
    plain = text.plain
    if plain.isprintable() and (plain.isascii() or not ascii_only):
        return text
    pieces, at = [], [0]
    for char in plain:
        piece = char
        if not char.isprintable() and unicodedata.category(char) != "Zs":
            piece = "?"
        elif ascii_only and not char.isascii():
            piece = ASCII.get(char, "?" * cell_len(char))
        pieces.append(piece)
        at.append(at[-1] + len(piece))
    spans = [Span(at[span.start], at[min(span.end, len(plain))], span.style) for span in text.spans]
    return Text("".join(pieces), text.style, spans=spans, no_wrap=text.no_wrap, end=text.end)


def scroll_to(top: int, first: int, after: int, height: int, count: int) -> int:
    """The top line of `height` lines out of `count` that shows the lines from `first` up to `after`; it moves no more than it must."""
    if after > top + height:
        top = after - height
    top = min(top, first)
    return max(0, min(top, count - height))


def rows_shown(count: int, cursor: int, height: int) -> tuple[int, ...]:
    """The indexes to show when there is room for `height` of `count`: the first is the worst and stays, the cursor is there."""
    if height >= count:
        return tuple(range(count))
    if height <= 1:
        return (cursor,) if height == 1 else ()
    top = max(1, min(cursor - (height - 2) // 2, count - height + 1))
    return (0, *range(top, top + height - 1))
