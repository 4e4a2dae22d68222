"""A styled line broken where the screen ends."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text


def fold(line: Text, width: int) -> list[Text]:
    """Broken at blanks, styles kept; a word that is wider than a line is cut there, and nothing is left out."""
    if line.cell_len <= width:
        return [line]
    return list(line.wrap(_console(), max(2, width), overflow="fold", no_wrap=False))


@cache
def _console() -> Console:
    """Rich asks for one, and uses nothing of it."""
    from rich.console import Console

    return Console(width=80, color_system=None)
