"""What all drawing needs to know: the language, how wide, what time it is, and whether blocks can be shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from tui.i18n import Language


class Pen(NamedTuple):
    """`width` in columns, `now` in Unix seconds."""

    words: Language
    width: int
    now: float
    ascii_only: bool = False
