"""The looks of the program, read from `themes/*.toml`: colours for Textual, and the styles that panels name.

Nothing below the face knows a colour: panels draw with names such as `burning` or `curve2`, a theme says what they are.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.theme import Theme as Styles
    from textual.theme import Theme as Colours

FOLDER = Path(__file__).resolve().parent.parent / "themes"
STYLESHEET = FOLDER / "face.tcss"
ThemeName = Literal["dark", "light", "high-contrast", "mono"]
NAMES: tuple[ThemeName, ...] = get_args(ThemeName)
FEW_COLOURS = ("linux", "ansi", "vt100", "vt102", "vt220", "screen", "xterm", "rxvt")
"""Values of TERM that promise sixteen colours at most (terminfo)."""


@dataclass(frozen=True, slots=True)
class Look:
    """One theme, ready for both libraries."""

    name: ThemeName
    colours: Colours
    styles: Styles


def read_look(name: ThemeName) -> Look:
    """Read one theme; its file is part of the program, so that a broken one is a crash."""
    # Imported here, so that the configuration can name themes without Textual.
    from rich.theme import Theme as Styles
    from textual.theme import BUILTIN_THEMES
    from textual.theme import Theme as Colours

    told = tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))
    screen = told["screen"]
    accent, background = screen["accent"], screen["background"]
    # Textual's own styles of an ansi theme name variables that only its ansi themes have.
    theirs = BUILTIN_THEMES["ansi-dark"].variables if screen["ansi"] else {}
    colours = Colours(
        name=name,
        dark=screen["dark"],
        ansi=screen["ansi"],
        primary=accent,
        accent=accent,
        foreground=screen["foreground"],
        background=background,
        surface=background,
        panel=background,
        variables={**theirs, "head": screen["head"], "quiet": screen["quiet"]},
    )
    return Look(name, colours, Styles(told["styles"]))


def few_colours(environment: Mapping[str, str]) -> bool:
    """Whether the terminal has few colours or its owner wants none (no-color.org): then `mono` is the look."""
    if environment.get("NO_COLOR"):
        return True
    many = environment.get("COLORTERM", "") in ("truecolor", "24bit")
    return environment.get("TERM", "") in FEW_COLOURS and not many
