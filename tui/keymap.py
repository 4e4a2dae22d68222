"""The one key map: footer, help and bindings come from here."""

from __future__ import annotations

from typing import NamedTuple


class Key(NamedTuple):
    """A key, the app action that it runs, and whether the footer has room for it."""

    key: str
    action: str
    footer: bool = True


BOARD = (
    Key("up", "move(-1)", footer=False),
    Key("down", "move(1)", footer=False),
    Key("enter", "unfold"),
    Key("question_mark", "explain"),
    Key("p", "pause"),
    Key("t", "next_theme"),
    Key("L", "next_language"),
    Key("f1", "help"),
    Key("escape", "back", footer=False),
    *(Key(str(number), f"panel({number})", footer=False) for number in range(1, 9)),
    Key("g", "back", footer=False),
    Key("q", "quit"),
)
SHOWN = {"question_mark": "?", "escape": "Esc", "enter": "Enter", "up": "↑", "down": "↓", "f1": "F1"}
