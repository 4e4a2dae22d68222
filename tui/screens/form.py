"""A small form at the bottom of the screen: lines and texts to fill in and values to pick."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rich.cells import cell_len
from rich.text import Text
from textual import on
from textual.containers import Horizontal
from textual.events import DescendantFocus
from textual.widgets import TextArea

from core.message import say
from core.text import clean_block
from tui.screens.dialogue import Dialogue
from tui.widgets.fields import MAX_LINE, MAX_PASTE, MAX_TEXT, Choice, LineInput, TextField
from tui.widgets.lines import Lines

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from textual.app import ComposeResult

    from core.message import Message
    from tui.keymap import Key

    Check = Callable[[tuple[str, ...]], Message | None]

MAX_TEXT_LINES = 8
"""Lines that a text of several lines gets, where the screen has them; more of them scroll."""


class Field(NamedTuple):
    """One thing to fill in. With `choices` it is picked, not typed; one that is `needed` can't stay empty."""

    label: str
    value: str = ""
    choices: tuple[str, ...] = ()
    needed: bool = True
    lines: bool = False
    """Whether it may have several lines."""
    secret: bool = False
    """Masked while it is typed; a form with one has no draft."""


class Form(Dialogue[tuple[str, ...]]):
    """Returns the values in the order of the fields, cleaned; None when it was left.

    `check` says what is wrong with them: the form then stays as it is and shows that. `draft` is the name under which
    what was typed is kept until it is written; a form without one forgets.
    """

    page = "form"

    def __init__(
        self,
        title: str,
        fields: Sequence[Field],
        remarks: Sequence[str | Text] = (),
        *,
        check: Check | None = None,
        draft: str = "",
    ) -> None:
        super().__init__(title, remarks)
        self.draft = draft
        self._fields = list(fields)
        self._check = check
        self._widgets = [_widget(field) for field in fields]

    @property
    def typed(self) -> tuple[str, ...]:
        """The values as they stand."""
        return tuple(
            clean_block(widget.text, MAX_PASTE).strip() if isinstance(widget, TextField) else widget.text
            for widget in self._widgets
        )

    def is_touched(self) -> bool:
        """Whether somebody has typed something into a field."""
        return any(
            bool(value) and not field.choices and value != field.value
            for field, value in zip(self._fields, self.typed, strict=True)
        )

    def fill(self, values: Sequence[str]) -> None:
        """Begin with these values, before the form is shown; they count as typed."""
        fields = [field._replace(value=value) for field, value in zip(self._fields, values, strict=True)]
        self._widgets = [_widget(field) for field in fields]

    def middle(self) -> ComposeResult:
        """A line a field, or as many as its text has."""
        for number, widget in enumerate(self._widgets):
            with Horizontal(classes="field"):
                label = Lines(id=f"label{number}", ascii_only=self.face.ascii_only)
                label.styles.width = self._label_width()
                yield label
                yield widget

    def on_mount(self) -> None:
        """The first field that needs something takes what is typed: a secret must not land in a field that shows it."""
        super().on_mount()
        filled = zip(self._fields, self._widgets, self.typed, strict=True)
        empty = (widget for field, widget, value in filled if field.needed and not value)
        self.set_focus(next(empty, self._widgets[0]))
        self.mark_field()
        self.call_after_refresh(self.draw)  # how a text wraps is known once it has a width

    @on(DescendantFocus)
    def mark_field(self) -> None:
        """The field that takes what is typed has the mark of a chosen line: its cursor alone is easily overlooked."""
        for number, (field, widget) in enumerate(zip(self._fields, self._widgets, strict=True)):
            start = ("›", "cursor") if widget is self.focused and len(self._fields) > 1 else " "
            self.query_one(f"#label{number}", Lines).show([Text.assemble(start, field.label)])

    @on(TextArea.Changed)
    def resize_text(self) -> None:
        """A text grows with its lines."""
        self.draw()

    def on_text_field_left(self, event: TextField.Left) -> None:
        """Up and down leave a text at its ends."""
        self.action_next(event.step)

    def on_lines_joined(self) -> None:
        """The person hears what became of the line ends."""
        self._complain(say("screen.lines_joined"))

    def draw(self) -> None:
        """Texts get the lines that they need, as far as there are any."""
        texts = [widget for widget in self._widgets if isinstance(widget, TextField)]
        room = (
            self.size.height
            - 1
            - self.above
            - len(self._title(self.size.width))
            - len(self._widgets)
            + len(texts)
        )
        for text in texts:
            most = max(1, min(MAX_TEXT_LINES, room // len(texts)))
            height = max(1, min(most, text.wrapped_document.height))
            text.styles.height = height
            if text.parent is not None:
                text.parent.styles.height = height
        super().draw()

    def action_confirm(self) -> None:
        """Hand the values back; what can't be taken keeps the form open, with the reason."""
        values = self.typed
        for field, widget, value in zip(self._fields, self._widgets, values, strict=True):
            most = MAX_TEXT if field.lines else MAX_LINE
            problem = None
            if field.needed and not value:
                problem = say("screen.needed", field=field.label)
            elif len(value) > most:
                problem = say("screen.too_long", field=field.label, count=len(value), most=most)
            if problem is not None:
                self.set_focus(widget)
                self._complain(problem)
                return
        problem = self._check(values) if self._check is not None else None
        if problem is not None:
            self._complain(problem)
            return
        self.dismiss(values)

    def action_next(self, step: int) -> None:
        """The next field."""
        here = next((at for at, widget in enumerate(self._widgets) if widget.has_focus), 0)
        self.set_focus(self._widgets[(here + step) % len(self._widgets)])

    def action_line_break(self) -> None:
        """The next line of a text that may have several."""
        if isinstance(self.focused, TextField):
            self.focused.insert("\n")

    def room(self) -> int:
        """The fields come first: remarks get what is left."""
        fields = sum(
            int(widget.styles.height.value) if isinstance(widget, TextField) and widget.styles.height else 1
            for widget in self._widgets
        )
        return max(0, self.size.height - 1 - self.above - len(self._title(self.size.width)) - fields)

    def own_keys(self) -> tuple[Key, ...]:
        """One field has no next one; only a text of several lines has a next line."""
        keys = super().own_keys()
        if len(self._fields) == 1:
            keys = tuple(key for key in keys if not key.action.startswith("next"))
        lines = any(field.lines for field in self._fields)
        return keys if lines else tuple(key for key in keys if key.action != "line_break")

    def _complain(self, problem: Message) -> None:
        self.asked = self.face.words.say(problem)
        self.draw()

    def _label_width(self) -> int:
        return min(24, max((cell_len(field.label) for field in self._fields), default=0) + 3)


def _widget(field: Field) -> LineInput | TextField | Choice:
    if field.choices:
        return Choice(field.choices, field.value)
    return TextField(field.value) if field.lines else LineInput(field.value, secret=field.secret)
