"""The one key map: bindings, footer, help and palette come from here.

A screen gets its keys by an entry in `KEYS` under its name; the text of each is `keys.<action>` in the catalogue. An
action that starts with `app.` is a method `action_…` of the App, any other one of the screen. `EVERYWHERE` works on
every screen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from textual.binding import Binding

if TYPE_CHECKING:
    from textual.binding import BindingType


class Key(NamedTuple):
    """A key, the action that it runs, and whether the footer has room for it."""

    key: str
    action: str
    footer: bool = True

    @property
    def text(self) -> str:
        """The key of its text in the catalogue: `app.open('help')` is `keys.open_help`, `move(-1)` is `keys.move`."""
        name, _, argument = self.action.removeprefix("app.").rstrip(")").partition("(")
        return f"keys.{name}_{argument[1:-1]}" if argument.startswith("'") else f"keys.{name}"


MOVING = (Key("up", "move(-1)", footer=False), Key("down", "move(1)", footer=False))
SCROLLING = (
    Key("pageup", "scroll(-1)", footer=False),
    Key("pagedown", "scroll(1)", footer=False),
    Key("home", "top", footer=False),
    Key("end", "bottom", footer=False),
)
FILTER = Key("slash", "filter")
KEYS: dict[str, tuple[Key, ...]] = {
    "board": (
        *MOVING,
        Key("enter", "app.open('zoom')"),
        Key("question_mark", "app.open('explain')"),
        Key("r", "app.runbook"),
        Key("a", "app.actions"),
        Key("e", "app.pin", footer=False),
        FILTER,
        *(Key(str(number), f"panel({number})", footer=False) for number in range(1, 9)),
    ),
    "zoom": (
        *MOVING,
        Key("left", "read(-1)", footer=False),
        Key("right", "read(1)", footer=False),
        Key("shift+left", "read(-10)", footer=False),
        Key("shift+right", "read(10)", footer=False),
        Key("end", "read_now", footer=False),
        Key("z", "range(1)"),
        Key("Z", "range(-1)", footer=False),
        Key("tab", "question(1)"),
        Key("shift+tab", "question(-1)", footer=False),
        Key("enter", "app.back", footer=False),
        Key("question_mark", "app.open('explain')"),
        Key("r", "app.runbook"),
        Key("a", "app.actions"),
        Key("e", "app.pin", footer=False),
        FILTER,
    ),
    "alerts": (
        *MOVING,
        *SCROLLING,
        Key("r", "runbook"),
        Key("a", "actions"),
        Key("enter", "app.open('explain')", footer=False),
        Key("question_mark", "app.open('explain')"),
        FILTER,
    ),
    "explain": (
        *MOVING,
        *SCROLLING,
        Key("r", "runbook"),
        Key("a", "actions"),
        FILTER,
        Key("e", "app.pin", footer=False),
        Key("question_mark", "app.back", footer=False),
    ),
    "record": (
        *SCROLLING,
        Key("enter", "app.back", footer=False),
        Key("question_mark", "app.back", footer=False),
    ),
    "help": SCROLLING,
    "incident": (
        *MOVING,
        Key("space", "tick"),
        Key("a", "act"),
        Key("s", "skip", footer=False),
        Key("S", "skip_phase", footer=False),
        Key("f", "fail", footer=False),
        Key("n", "note"),
        Key("e", "pin"),
        Key("tab", "pane(1)"),
        Key("x", "roles"),
        Key("c", "update"),
        Key("question_mark", "why"),
        Key("enter", "start", footer=False),
        Key("exclamation_mark", "killer", footer=False),
        Key("y", "copy", footer=False),
        Key("o", "reopen", footer=False),
        Key("u", "undo", footer=False),
        Key("m", "mark", footer=False),
        Key("v", "severity", footer=False),
        Key("T", "title", footer=False),
        Key("w", "export", footer=False),
        Key("r", "app.runbook", footer=False),
        Key("shift+tab", "pane(-1)", footer=False),
        Key("right", "phase(1)", footer=False),
        Key("left", "phase(-1)", footer=False),
        Key("home", "top", footer=False),
        Key("end", "bottom", footer=False),
        Key("pagedown", "scroll(5)", footer=False),
        Key("pageup", "scroll(-5)", footer=False),
    ),
    "why": (
        Key("down", "scroll(1)", footer=False),
        Key("up", "scroll(-1)", footer=False),
        Key("pagedown", "scroll(10)"),
        Key("pageup", "scroll(-10)", footer=False),
        Key("question_mark", "app.back", footer=False),
    ),
    "history": (
        *MOVING,
        Key("enter", "open"),
        Key("slash", "search"),
        Key("s", "steps"),
        Key("o", "reopen_incident"),
        Key("r", "runbook"),
        Key("h", "app.back", footer=False),
    ),
    "form": (
        Key("enter", "confirm"),
        Key("tab", "next(1)"),
        Key("shift+tab", "next(-1)", footer=False),
        Key("down", "next(1)", footer=False),
        Key("up", "next(-1)", footer=False),
        Key("ctrl+j", "line_break"),
        Key("escape", "leave"),
    ),
    "choose": (
        *MOVING,
        *(Key(str(number), f"choose({number})", footer=False) for number in range(1, 10)),
        Key("enter", "confirm"),
        Key("escape", "leave"),
    ),
    "offers": (
        *MOVING,
        *(Key(str(number), f"choose({number})", footer=False) for number in range(1, 10)),
        Key("enter", "confirm"),
        Key("e", "edit_first"),
        Key("escape", "leave"),
    ),
    "confirm": (
        Key("down", "scroll(1)", footer=False),
        Key("up", "scroll(-1)", footer=False),
        Key("enter", "confirm"),
        Key("escape", "leave"),
    ),
    "plan": (
        Key("down", "scroll(1)", footer=False),
        Key("up", "scroll(-1)", footer=False),
        Key("pagedown", "scroll_page(1)"),
        Key("pageup", "scroll_page(-1)", footer=False),
        Key("e", "edit"),
        Key("enter", "confirm"),
        Key("escape", "leave"),
    ),
    "run": (
        *SCROLLING,
        Key("c", "cancel"),
        Key("u", "undo_run"),
        Key("o", "orphan"),
        Key("y", "approve"),
        Key("s", "start_run"),
        Key("a", "again"),
        Key("tab", "run_pane(1)"),
        Key("shift+tab", "run_pane(-1)", footer=False),
        Key("escape", "leave_run", footer=False),
    ),
    "in_force": (
        *MOVING,
        Key("u", "undo_run"),
        Key("x", "extend"),
        Key("v", "verify"),
        Key("enter", "open_run"),
        Key("F", "app.back", footer=False),
    ),
    "runs": (
        *MOVING,
        *SCROLLING,
        Key("enter", "open_run"),
        Key("tab", "kind(1)"),
        Key("shift+tab", "kind(-1)", footer=False),
        FILTER,
        Key("R", "app.back", footer=False),
    ),
    "costs": (
        *MOVING,
        *SCROLLING,
        Key("a", "pull"),
        Key("e", "turn"),
        Key("r", "runbook"),
        Key("dollar_sign", "app.back", footer=False),
    ),
    "drills": (
        *MOVING,
        Key("enter", "play"),
        Key("o", "last_drill"),
        Key("d", "app.back", footer=False),
    ),
    "drill": (
        Key("f", "inject"),
        Key("space", "hold"),
        Key("k", "hint"),
        Key("n", "note"),
        Key("x", "abort"),
        Key("down", "scroll(1)", footer=False),
        Key("up", "scroll(-1)", footer=False),
        Key("pagedown", "scroll(10)", footer=False),
        Key("pageup", "scroll(-10)", footer=False),
        Key("home", "top", footer=False),
        Key("end", "bottom", footer=False),
        Key("d", "app.back", footer=False),
    ),
    "preview": (
        Key("down", "scroll(1)", footer=False),
        Key("up", "scroll(-1)", footer=False),
        Key("enter", "send"),
        Key("e", "edit"),
        Key("y", "copy"),
        Key("escape", "leave"),
    ),
    "preview_kept": (
        Key("down", "scroll(1)", footer=False),
        Key("up", "scroll(-1)", footer=False),
        Key("enter", "write_down"),
        Key("e", "edit"),
        Key("y", "copy"),
        Key("escape", "leave"),
    ),
    "edit": (Key("ctrl+s", "confirm"), Key("f2", "confirm"), Key("escape", "confirm")),
}
TOUR = Key("f9", "app.tour", footer=False)
"""The one key of the tour: it works over everything, too."""
EVERYWHERE = (
    Key("escape", "app.back", footer=False),
    Key("g", "app.board", footer=False),
    Key("i", "app.incident"),
    Key("l", "app.open('alerts')"),
    Key("colon", "app.palette"),
    Key("ctrl+p", "app.palette", footer=False),
    Key("h", "app.history", footer=False),
    Key("R", "app.runs", footer=False),
    Key("F", "app.in_force", footer=False),
    Key("dollar_sign", "app.costs", footer=False),
    Key("d", "app.drills", footer=False),
    Key("p", "app.pause"),
    Key("t", "app.next_theme", footer=False),
    Key("L", "app.next_language", footer=False),
    Key("ctrl+z", "app.suspend_process", footer=False),
    TOUR,
    Key("f1", "app.open('help')"),
    Key("q", "app.quit"),
)
SHOWN = {
    "question_mark": "?",
    "slash": "/",
    "dollar_sign": "$",
    "colon": ":",
    "ctrl+p": "Ctrl+P",
    "ctrl+z": "Ctrl+Z",
    "home": "Home",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "escape": "Esc",
    "enter": "Enter",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
    "shift+left": "Shift←",
    "shift+right": "Shift→",
    "tab": "Tab",
    "shift+tab": "Shift+Tab",
    "end": "End",
    "f1": "F1",
    "f2": "F2",
    "f9": "F9",
    "space": "Space",
    "exclamation_mark": "!",
    "ctrl+s": "Ctrl+S",
    "ctrl+j": "Ctrl+J",
}


SUSPEND = Binding("ctrl+z", "app.suspend_process", show=False)
"""For what stands over the pages, and for fields that would take it for something else."""
OVER_ALL = (SUSPEND, Binding(TOUR.key, TOUR.action, show=False))
"""The keys of the App that a question leaves in force."""


def bindings(keys: tuple[Key, ...]) -> list[BindingType]:
    """The keys as Textual wants them; our own footer and help show them."""
    return [Binding(key.key, key.action, show=False) for key in keys]
