"""Whether there is a terminal, and what it can show as far as the environment says."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

FEW_COLOUR_TERMS = ("linux", "ansi", "vt100", "vt102", "vt220", "screen", "xterm", "rxvt")
"""Values of TERM that promise sixteen colours at most (terminfo)."""


def has_terminal() -> bool:
    """Whether a screen can be drawn and keys can be read: Textual reads standard input and draws on standard error."""
    return all(stream is not None and stream.isatty() for stream in (sys.__stdin__, sys.__stderr__))


def locale_is_utf8(environment: Mapping[str, str]) -> bool:
    """What the locale says (LC_ALL, LC_CTYPE, LANG, in POSIX' order); Python's own answer is UTF-8 even under C."""
    locale = next(
        (environment[name] for name in ("LC_ALL", "LC_CTYPE", "LANG") if environment.get(name)), "C"
    )
    return "utf" in locale.lower()


def has_few_colours(environment: Mapping[str, str]) -> bool:
    """Whether the terminal has few colours or its owner wants none (no-color.org): then `mono` is the look."""
    if environment.get("NO_COLOR"):
        return True
    many = environment.get("COLORTERM", "") in ("truecolor", "24bit")
    return environment.get("TERM", "") in FEW_COLOUR_TERMS and not many
