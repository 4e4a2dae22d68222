"""How the parts of the incident's screen are drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from tui.i18n import Language


class RenderOptions(NamedTuple):
    """The language, `width` in columns, `now` in Unix seconds, whether only ASCII can be shown, and anything can be done."""

    words: Language
    width: int
    now: float
    ascii_only: bool = False
    is_writable: bool = False
    in_force: Mapping[str, dt.datetime] | None = None
    """Until when runs, by their ids, are in force; None where nobody has said it."""
