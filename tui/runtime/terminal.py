"""Whether there is a terminal, and what it can show as far as the environment says."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tui.theme import ThemeName

MONO_TERMS = ("dumb", "vt52", "vt100", "vt102", "vt220", "linux-m", "xterm-mono")
SIXTEEN_COLOUR_TERMS = ("linux", "ansi", "screen", "xterm", "xterm-16color", "xterm-color", "rxvt", "cygwin")
"""Values of TERM that promise no colour, and sixteen at most (terminfo)."""


def has_terminal() -> bool:
    """Whether a screen can be drawn and keys can be read: Textual reads standard input and draws on standard error."""
    return all(stream is not None and stream.isatty() for stream in (sys.__stdin__, sys.__stderr__))


def locale_is_utf8(environment: Mapping[str, str]) -> bool:
    """What the locale says (LC_ALL, LC_CTYPE, LANG, in POSIX' order); Python's own answer is UTF-8 even under C."""
    locale = next(
        (environment[name] for name in ("LC_ALL", "LC_CTYPE", "LANG") if environment.get(name)), "C"
    )
    return "utf" in locale.lower()


def fitting_theme(environment: Mapping[str, str]) -> ThemeName:
    """The look for the colours that the terminal has, as far as the environment says; its owner may want none (no-color.org)."""
    if environment.get("NO_COLOR"):
        return "mono"
    if environment.get("COLORTERM", "") in ("truecolor", "24bit"):
        return "dark"
    term = environment.get("TERM", "")
    return "mono" if term in MONO_TERMS else "ansi" if term in SIXTEEN_COLOUR_TERMS else "dark"
