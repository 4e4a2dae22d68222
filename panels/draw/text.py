"""Text in so many cells of a terminal: cut with a mark, or broken into lines.

Words, code and `5 %` stay whole; Chinese breaks anywhere but before a stop.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size

if TYPE_CHECKING:
    from rich.text import Text

_WIDE = (
    "\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff\uff00-\uff60"
)
_WORD = f"\\d[\\d.,–-]* %|[{_WIDE}]|[^\\s`{_WIDE}]+|`|\\s+"
_CODE_OR_WORD = f"`[^`]+`|{_WORD}"
_IS_WIDE = f"[{_WIDE}]"
_OPENERS = "（《“‘「『【("
_STOPS = "，。、；：？！）》”’」』】,.;:?!)"


def wrap(text: str, width: int, *, whole_code: bool = True) -> list[str]:
    """At least one line; a word that is wider than `width` stands alone and runs over, so that it can be copied.

    Code may be broken at its spaces where it need not be `whole_code`.
    """
    lines: list[str] = []
    line = ""
    for unit in _units(text, _CODE_OR_WORD if whole_code else _WORD):
        if not line and unit.isspace():
            continue
        if line and cell_len(line) + cell_len(unit.rstrip()) > width:
            lines.append(line.rstrip())
            line = unit.lstrip()
        else:
            line += unit
    if line.strip() or not lines:
        lines.append(line.rstrip())
    return lines


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """Only when something is wrapped: to compile ranges so wide takes 9 ms, which the first paint need not wait for."""
    return re.compile(pattern)


def _units(text: str, pattern: str) -> list[str]:
    """What must not be broken: a word, code, or a wide character with the stops behind it."""
    units: list[str] = []
    for unit in _compiled(pattern).findall(text):
        if units and not unit.isspace() and _sticks(units[-1][-1], unit[0]):
            units[-1] += unit
        else:
            units.append(unit)
    return units


def _sticks(before: str, after: str) -> bool:
    """Whether no line may end between these two characters."""
    if before.isspace():
        return False
    is_wide = _compiled(_IS_WIDE).match
    return after in _STOPS or before in _OPENERS or not (is_wide(before) or is_wide(after))


def cut(text: str, width: int, *, ascii_only: bool = False) -> str:
    """Exactly `width` cells; what was longer ends in a mark."""
    if cell_len(text) <= width:
        return set_cell_size(text, width)
    if width <= 0:
        return ""
    kept = set_cell_size(text, width - 1).rstrip()  # half of a wide character is a space
    return set_cell_size(kept + ("~" if ascii_only else "…"), width)


def shorten(text: Text, width: int, *, ascii_only: bool = False) -> Text:
    """The same text, cut in place: what was longer than `width` cells ends in a mark."""
    if text.cell_len > width:
        text.truncate(max(0, width - 1))
        text.rstrip()
        text.append(("~" if ascii_only else "…") if width > 0 else "")
    return text


def wrap_to_width(text: str, width: int) -> list[str]:
    """Broken where a reader would break it; what is wider than a line is cut there, so that all of it is shown."""
    from rich.cells import chop_cells

    width = max(2, width)
    lines = wrap(text, width, whole_code=False)
    parts = (chop_cells(line, width) if cell_len(line) > width else [line] for line in lines)
    return [part for cut_line in parts for part in cut_line if part]
