"""Lines of text that send only the cells that changed: a terminal at the end of a slow line sees each of them."""

from __future__ import annotations

import unicodedata
from itertools import zip_longest
from typing import TYPE_CHECKING, TypeAlias

from rich.cells import cell_len
from rich.text import Span, Text
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.style import Style

Cell: TypeAlias = "tuple[str, tuple[str | Style, ...]]"
"""What stands in one column, and in which styles; the right half of a wide character is an empty string."""

REST = 8
"""Columns that stayed the same between two that changed: from so many on, moving there costs less than repeating them."""


class Lines(Widget):
    """Shows lines as they are; `show` repaints the parts of each line that are others than before."""

    def __init__(self, *, id: str, ascii_only: bool = False) -> None:  # noqa: A002  # Textual's own name
        super().__init__(id=id)
        self.ascii_only = ascii_only
        self._lines: list[Text] = []

    def show(self, lines: Sequence[Text]) -> None:
        """Replace the lines."""
        before, self._lines = self._lines, [printable(line, ascii_only=self.ascii_only) for line in lines]
        for y, (old, new) in enumerate(zip_longest(before, self._lines, fillvalue=Text())):
            if old != new or old.style != new.style:
                self.refresh(*(Region(start, y, end - start, 1) for start, end in changed_cells(old, new)))

    def render_line(self, y: int) -> Strip:
        """One line, padded with the widget's own background."""
        text = self._lines[y] if y < len(self._lines) else Text()
        strip = Strip(text.render(self.app.console)) if text.plain else Strip.blank(0)
        return strip.adjust_cell_length(self.size.width).apply_style(self.rich_style)


PLAIN = {
    **dict.fromkeys("‐‑‒–—―−─━═", "-"), **dict.fromkeys("│┃┊┆", "|"), **dict.fromkeys("‘’‚′", "'"), **dict.fromkeys("“”„«»", '"'),
    "×": "x", "±": "~", "≥": ">", "≤": "<", "≈": "~", "…": ".", "·": ".", "•": "*", "µ": "u", "°": "o", "¥": "Y", "€": "E",
    "↑": "^", "↓": "v", "←": "<", "→": ">", "（": "( ", "）": ") ", "：": ": ", "，": ", ", "；": "; ", "✖": "X", "▲": "!", "✔": "+",
    "☐": "_", "▶": ">",
}  # fmt: skip
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
            piece = PLAIN.get(char, "?" * cell_len(char))
        pieces.append(piece)
        at.append(at[-1] + len(piece))
    spans = [Span(at[span.start], at[min(span.end, len(plain))], span.style) for span in text.spans]
    return Text("".join(pieces), text.style, spans=spans, no_wrap=text.no_wrap, end=text.end)


def changed_cells(old: Text, new: Text) -> list[tuple[int, int]]:
    """The runs of columns [start, end) in which two lines differ in text or style, with short rests between bridged."""
    nothing: Cell = (" ", ())
    pairs = list(zip_longest(_cells(old), _cells(new), fillvalue=nothing))
    runs: list[tuple[int, int]] = []
    for column, (one, other) in enumerate(pairs):
        if one == other:
            continue
        start, end = column, column + 1
        while start and not (pairs[start][0][0] and pairs[start][1][0]):
            start -= 1  # never half of a wide character
        while end < len(pairs) and not (pairs[end][0][0] and pairs[end][1][0]):
            end += 1
        if runs and start - runs[-1][1] < REST:
            runs[-1] = (runs[-1][0], end)
        else:
            runs.append((start, end))
    return runs


def _cells(text: Text) -> list[Cell]:
    styles: list[tuple[str | Style, ...]] = [(text.style,) if text.style else ()] * len(text.plain)
    for span in text.spans:
        for index in range(max(0, span.start), min(span.end, len(styles))):
            styles[index] = (*styles[index], span.style)
    cells: list[Cell] = []
    for char, style in zip(text.plain, styles, strict=True):
        width = cell_len(char)
        if not width and cells:
            cells[-1] = (cells[-1][0] + char, style)
        else:
            cells += [(char, style), *[("", style)] * (width - 1)]
    return cells
