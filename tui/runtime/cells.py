"""What the terminal shows already, so that only the cells that differ are sent.

Textual sends a changed line from its start on, with a colour sequence for every run of it: about 60 bytes a cell that
really changed. This reads what it sends (ECMA-48: cursor position, colours, text) and says the same in fewer bytes.
What it can't read passes unchanged, and nothing is known of the screen any more.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple, TypeAlias

from rich.cells import cell_len

_PIECE = re.compile(r"\x1b\[(?:(\d+);(\d+))?H|(\n)|((?:\x1b\[[\d;]*m|[^\x00-\x1f\x7f-\x9f]+)+)")
"""A cursor position, a line's end, or what is written between two of these."""
_RUN = re.compile(r"\x1b\[([\d;]*)m|([^\x00-\x1f\x7f-\x9f]+)")
_ALL_KNOWN = re.compile(r"(?>\x1b\[(?:\d+;\d+)?H|\x1b\[[\d;]*m|\n|[^\x00-\x1f\x7f-\x9f]+)*+")
"""Atomic and possessive: it goes back over nothing, so that it takes no longer than the text is long.

As `_PIECE`, but without its groups: a group in a possessive repeat is a SystemError in CPython 3.11.
"""
SYNC_START, SYNC_END = "\x1b[?2026h", "\x1b[?2026l"
SYNC_MIN_BYTES = 600
"""So many bytes may arrive in pieces; only then it is worth asking the terminal to wait for the last (mode 2026)."""
REST = 4
"""So many ASCII cells between two changed ones cost less than moving over them."""


class Style(NamedTuple):
    """Parameters of Select Graphic Rendition; an empty colour is the terminal's own."""

    flags: frozenset[str] = frozenset()
    front: str = ""
    back: str = ""


Cell: TypeAlias = tuple[str, Style]
"""A character with its combining marks, and its style; the right half of a wide one is empty.

A bare tuple: a frame over a dialogue makes thousands of them, and naming their parts took a fifth of its time.
"""

PLAIN = Style()
_SEEN_ON_BLANKS = frozenset({"4", "7", "9", "21", "53"})
"""Underlined, reversed, struck, underlined twice, overlined."""


class Piece(NamedTuple):
    """What was written in one go: from where, in which style, and where and in which it ended."""

    column: int
    style: Style
    text: str
    end: int
    end_style: Style


class ScreenCells:
    """The cells of one screen. `diff` turns one frame into the bytes that bring the terminal to it."""

    def __init__(self) -> None:
        self._shown: dict[tuple[int, int], Cell] = {}
        self._last: dict[int, Piece] = {}
        """Of each row: written once more, it changes nothing. Over a dialogue Textual writes all rows for every key."""
        self._cursor: tuple[int, int] | None = None
        self._style: Style | None = None
        self._waits = False

    def forget(self) -> None:
        """Know nothing: the terminal was resized, or somebody else wrote to it."""
        self._shown.clear()
        self._last.clear()
        self._cursor = self._style = None

    def diff(self, data: str) -> str:
        """What to send instead of `data`; empty when the terminal shows it already."""
        if data in (SYNC_START, SYNC_END):  # only a terminal that knows the mode is sent it
            self._waits = True
            return ""
        if not _ALL_KNOWN.fullmatch(data):
            colours_end = "\x1b[m" if self._style not in (None, PLAIN) else ""  # Textual leaves none behind
            self.forget()
            return colours_end + data
        cells, cursor = self._read(data, self._cursor or (0, 0))
        sent = [self._send(place, cells) for place in sorted(cells)]
        if self._cursor != cursor:
            sent.append("\x1b[H" if cursor == (0, 0) else f"\x1b[{cursor[0] + 1};{cursor[1] + 1}H")
            self._cursor = cursor
        text = "".join(sent)
        return f"{SYNC_START}{text}{SYNC_END}" if self._waits and len(text) > SYNC_MIN_BYTES else text

    def _read(
        self, data: str, cursor: tuple[int, int]
    ) -> tuple[dict[tuple[int, int], Cell], tuple[int, int]]:
        """The cells that `data` may change, and where it leaves the cursor."""
        cells: dict[tuple[int, int], Cell] = {}
        (row, column), style = cursor, PLAIN
        for token in _PIECE.finditer(data):
            if (text := token[4]) is not None:
                last = self._last.get(row)
                if last is None or last[:3] != (column, style, text):
                    last = Piece(column, style, text, *_read_piece(text, row, column, style, cells))
                    self._last[row] = last
                column, style = last.end, last.end_style
            elif token[3]:
                row, column = row + 1, 0
            else:
                row, column = int(token[1] or 1) - 1, int(token[2] or 1) - 1
        return cells, (row, column)

    def _send(self, place: tuple[int, int], cells: dict[tuple[int, int], Cell]) -> str:
        (row, column), cell = place, cells[place]
        right = (row, column + 1)
        whole = (half := cells.get(right)) is None or half[0] != "" or self._shown.get(right) == half
        if self._shown.get(place) == cell and whole:
            return ""
        self._shown[place] = cell
        text, style = cell
        if not text:  # its left half draws it, and comes first
            return ""
        sent = self._move(row, column) + _restyle(self._style, style) + text
        self._cursor, self._style = (row, column + max(1, cell_len(text))), style
        return sent

    def _move(self, row: int, column: int) -> str:
        if self._cursor == (row, column):
            return ""
        if self._cursor is None or self._cursor[0] != row:
            return f"\x1b[{row + 1};{column + 1}H"
        between = [self._shown.get((row, at)) for at in range(self._cursor[1], column)]
        if 0 < len(between) <= REST and all(
            cell and len(cell[0]) == 1 and cell[0].isascii() and cell[1] == self._style for cell in between
        ):
            return "".join(cell[0] for cell in between if cell)
        return f"\x1b[{column + 1}G"  # to a column, not over so many: terminals differ about widths


def _read_piece(
    text: str, row: int, column: int, style: Style, cells: dict[tuple[int, int], Cell]
) -> tuple[int, Style]:
    """Put what `text` writes into `cells`; returns where and in which style it ends."""
    for run in _RUN.finditer(text):
        if run[2] is None:
            style = _style(run[1])
            continue
        for char in run[2]:
            width = 1 if char.isascii() else cell_len(char)
            if not width and (before := cells.get((row, column - 1))):
                cells[row, column - 1] = (before[0] + char, before[1])
                continue
            cells[row, column] = (char, style if char != " " else _on_blank(style))
            for half in range(column + 1, column + width):
                cells[row, half] = ("", style)
            column += width
    return column, style


@lru_cache(1024)
def _style(parameters: str) -> Style:
    """From a whole sequence, as Textual writes them: it says everything, or resets everything."""
    flags: set[str] = set()
    colours = {"3": "", "4": ""}
    rest = parameters.split(";")
    while rest:
        code = rest.pop(0)
        if code in ("38", "48"):
            length = 2 if rest[:1] == ["5"] else 4
            colours[code[0]] = ";".join([code, *rest[:length]])
            del rest[:length]
        elif re.fullmatch(r"[39][0-7]", code):
            colours["3"] = code
        elif re.fullmatch(r"4[0-7]|10[0-7]", code):
            colours["4"] = code
        elif code in ("39", "49"):
            colours[code[0]] = ""
        elif code not in ("", "0"):
            flags.add(code)
    return Style(frozenset(flags), colours["3"], colours["4"])


@lru_cache(1024)
def _on_blank(style: Style) -> Style:
    """What can be seen of a style where no character stands."""
    flags = style.flags & _SEEN_ON_BLANKS
    return style if flags else Style(frozenset(), "", style.back)


@lru_cache(4096)
def _restyle(old: Style | None, new: Style) -> str:
    """The shortest sequence from one style to another."""
    if old == new:
        return ""
    if new == PLAIN:
        return "\x1b[m"
    whole = [*sorted(new.flags), *filter(None, new[1:])]
    if old is None or old.flags - new.flags:
        return f"\x1b[{';'.join(['0', *whole])}m"
    parts = sorted(new.flags - old.flags)
    for before, after, own in ((old.front, new.front, "39"), (old.back, new.back, "49")):
        if before != after:
            parts.append(after or own)
    return f"\x1b[{min(';'.join(parts), ';'.join(['0', *whole]), key=len)}m"
