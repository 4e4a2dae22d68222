"""Themes, read from `themes/*.toml`: colours for Textual, and the styles that panels name.

Nothing below the face knows a colour: panels draw with names such as `burning` or `curve2`, a theme says what they are.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    from rich.theme import Theme as Styles
    from textual.theme import Theme as Colours


FOLDER = Path(__file__).resolve().parent.parent / "themes"
STYLESHEET = FOLDER / "face.tcss"
ThemeName = Literal["dark", "light", "high-contrast", "ansi", "mono"]
THEME_NAMES: tuple[ThemeName, ...] = get_args(ThemeName)


@dataclass(frozen=True, slots=True)
class LoadedTheme:
    """One theme, ready for Textual and for Rich."""

    name: ThemeName
    colours: Colours
    styles: Styles


def load_theme(name: ThemeName) -> LoadedTheme:
    """Read one theme; its file is part of the program, so that a broken one is a crash."""
    # Imported here, so that the configuration can name themes without Textual.
    from rich.theme import Theme as Styles
    from textual.theme import BUILTIN_THEMES
    from textual.theme import Theme as Colours

    theme = tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))
    screen = theme["screen"]
    accent, background = screen["accent"], screen["background"]
    # Textual's own styles of an ansi theme name variables that only its ansi themes have.
    ansi_variables = BUILTIN_THEMES["ansi-dark"].variables if screen["ansi"] else {}
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
        variables={**ansi_variables, "head": screen["head"], "quiet": screen["quiet"]},
    )
    return LoadedTheme(name, colours, Styles(theme["styles"]))
