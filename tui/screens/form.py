"""A small form at the bottom of the screen: lines to fill in and values to pick."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

from rich.cells import cell_len
from rich.text import Text
from textual.containers import Horizontal

from core.text import clean
from tui.screens.dialogue import Dialogue
from tui.widgets.fields import Choice, LineInput
from tui.widgets.lines import Lines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.app import ComposeResult
    from textual.events import Key as Pressed

    from tui.keymap import Key


TYPE_AHEAD_S = 1.0
"""A slow line brings several keys at once; those behind the one that asked were meant for the form."""


class Field(NamedTuple):
    """One thing to fill in. With `choices` it is picked, not typed; one that is `needed` can't stay empty."""

    label: str
    value: str = ""
    choices: tuple[str, ...] = ()
    needed: bool = True


class Form(Dialogue[tuple[str, ...]]):
    """Returns the values in the order of the fields, cleaned; None when it was left."""

    page = "form"

    def __init__(self, title: str, fields: Sequence[Field], remarks: Sequence[str | Text] = ()) -> None:
        super().__init__(title, remarks)
        self._fields = list(fields)
        self._early = ""
        self._asked_at = time.monotonic()
        self._widgets: list[LineInput | Choice] = [
            Choice(field.choices, field.value) if field.choices else LineInput(field.value)
            for field in fields
        ]

    def middle(self) -> ComposeResult:
        """A line a field."""
        for number, widget in enumerate(self._widgets):
            with Horizontal(classes="field"):
                label = Lines(id=f"label{number}", ascii_only=self.face.ascii_only)
                label.styles.width = self._label_width()
                yield label
                yield widget

    def on_mount(self) -> None:
        """The first field takes what is typed, also what was typed before it could."""
        super().on_mount()
        for number, field in enumerate(self._fields):
            self.query_one(f"#label{number}", Lines).show([Text(f" {field.label}")])
        first = self._widgets[0]
        first.focus()
        if isinstance(first, LineInput) and self._early:
            first.value += clean(self._early)
            first.cursor_position = len(first.value)

    def on_key(self, event: Pressed) -> None:
        """What is typed before the form stands is not lost."""
        if self.focused is None and self.typed_ahead(event):
            event.stop()

    def typed_ahead(self, event: Pressed) -> bool:
        """Take a key that went to the screen below because the line to type into was not there yet."""
        first = self._widgets[0]
        if not event.is_printable or event.character is None or not isinstance(first, LineInput):
            return False
        if time.monotonic() - self._asked_at > TYPE_AHEAD_S:
            return False
        if first.has_focus:
            first.insert_text_at_cursor(event.character)
        else:
            self._early += event.character
        return True

    def on_input_submitted(self) -> None:
        """Enter in a line confirms the form."""
        self.action_confirm()

    def action_confirm(self) -> None:
        """Hand the values back; an empty line that is needed gets the cursor instead."""
        values = tuple(clean(widget.value) for widget in self._widgets)
        for field, widget, value in zip(self._fields, self._widgets, values, strict=True):
            if field.needed and not value:
                widget.focus()
                self.asked = self.face.words.text("screen.needed", field=field.label)
                self.draw()
                return
        self.dismiss(values)

    def action_next(self, step: int) -> None:
        """The next field."""
        here = next((at for at, widget in enumerate(self._widgets) if widget.has_focus), 0)
        self.set_focus(
            self._widgets[(here + step) % len(self._widgets)]
        )  # at once: what is typed next goes there

    def room(self) -> int:
        """The fields come first: remarks get what is left."""
        return max(0, self.size.height - 1 - len(self._title(self.size.width)) - len(self._fields))

    def own_keys(self) -> tuple[Key, ...]:
        """One field has no next one."""
        keys = super().own_keys()
        return (
            keys if len(self._fields) > 1 else tuple(key for key in keys if not key.action.startswith("next"))
        )

    def _label_width(self) -> int:
        return min(24, max((cell_len(field.label) for field in self._fields), default=0) + 3)
