"""What all questions share: a block of lines at the bottom of the screen that they were asked from.

A dialogue is put on top at once and takes what is typed from then on. Enter says yes, Esc leaves everything as it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, cast

from rich.text import Text
from textual.await_complete import AwaitComplete
from textual.containers import Vertical
from textual.screen import ModalScreen

from tui.keymap import KEYS, OVER_ALL, SHOWN, bindings
from tui.runtime.sizes import FollowsTerminal
from tui.screens.page import key_line, show_tour
from tui.widgets.lines import Lines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.app import ComposeResult

    from tui.face import Face
    from tui.keymap import Key

R = TypeVar("R")
MAX_TITLE_LINES, ROOMY = 3, 12
"""Lines of a question, and from how many lines of screen on it gets more than one."""
SHALLOW = 8
"""A lower screen belongs to the question alone."""


class Dialogue(ModalScreen[R], FollowsTerminal[R]):
    """A question. A subclass has a `page` (its keys stand under it in the key map)."""

    page: ClassVar[str]
    CSS_PATH = None

    def __init_subclass__(cls, **given: Any) -> None:
        if "page" in cls.__dict__:
            cls.BINDINGS = [*bindings(KEYS[cls.page]), *OVER_ALL]
        super().__init_subclass__(**given)

    def __init__(self, title: str, remarks: Sequence[str | Text] = ()) -> None:
        super().__init__()
        self.asked = title
        self._remarks = [Text(remark) if isinstance(remark, str) else remark for remark in remarks]

    @property
    def face(self) -> Face:
        """The App with what it knows."""
        return cast("Face", self.app)

    def compose(self) -> ComposeResult:
        """Title, remarks, what the subclass asks, keys."""
        with Vertical(id="dialogue"):
            yield Lines(id="asked", ascii_only=self.face.ascii_only)
            yield Lines(id="remarks", ascii_only=self.face.ascii_only)
            yield from self.middle()
            yield Lines(id="tour", ascii_only=self.face.ascii_only)
            yield Lines(id="keys", ascii_only=self.face.ascii_only)

    def middle(self) -> ComposeResult:
        """What stands between the remarks and the keys."""
        yield from ()

    def room(self) -> int:
        """Lines for the remarks; they scroll where there are more. The head of the screen below stays in sight."""
        tour = 1 if self.face.tour_line(self.size.width) is not None else 0
        return max(1, self.size.height - 2 - tour - self.above - len(self._title(self.size.width)))

    @property
    def above(self) -> int:
        """Lines of the screen below that are left to it: that nothing moves, or burns, is seen there."""
        return 1 if self.size.height >= SHALLOW else 0

    def on_mount(self) -> None:
        """Draw once; sizes are known."""
        self.draw()

    def on_resize(self) -> None:
        """Another size, another picture."""
        self.draw()

    @property
    def is_answered(self) -> bool:
        """Whether it is gone, or about to be: a worker or a timer of it may come once more, when its lines are not there."""
        return self not in self.app.screen_stack

    def draw(self) -> None:
        """Fill in the lines."""
        if self.is_answered:
            return
        width = self.size.width
        asked = self._title(width)
        title = self.query_one("#asked", Lines)
        title.styles.height = len(asked)
        title.show(asked)
        remarks = self.remarks(width)[: self.room()]
        block = self.query_one("#remarks", Lines)
        block.styles.height = len(remarks)
        block.display = bool(remarks)
        block.show(remarks)
        self.draw_tour()
        self.query_one("#keys", Lines).show([key_line(self.foot(), width, last=1)])

    def draw_tour(self) -> None:
        """What the tour says here."""
        show_tour(self, self.face)

    def _title(self, width: int) -> list[Text]:
        """The question whole, where the screen has lines for it: half of it may be another question."""
        from panels.draw.text import cut, wrap_to_width

        most = MAX_TITLE_LINES if self.size.height >= ROOMY else 1
        parts = wrap_to_width(self.asked, width - 2)
        if len(parts) > most:
            parts = [*parts[: most - 1], " ".join(parts[most - 1 :])]
        return [Text(f" {cut(part, width - 2, ascii_only=self.face.ascii_only)} ") for part in parts or [""]]

    def remarks(self, width: int) -> list[Text]:
        """The lines between title and fields, broken where the screen ends."""
        from panels.draw.text import wrap_to_width

        lines: list[Text] = []
        for remark in self._remarks:
            if remark.cell_len <= width - 2:
                lines.append(Text.assemble(" ", remark))
            else:
                lines += [
                    Text(f" {part}", remark.style)
                    for line in remark.plain.splitlines() or [""]
                    for part in wrap_to_width(line, max(4, width - 2)) or [""]
                ]
        return lines

    def own_keys(self) -> tuple[Key, ...]:
        """The keys that do something here."""
        return KEYS[self.page]

    def foot(self) -> list[tuple[str, str]]:
        """The keys that work here and what they do; those that do the same stand together."""
        keys_by_text: dict[str, list[str]] = {}
        for key in self.own_keys():
            if key.footer:
                keys_by_text.setdefault(self.face.words.text(key.text), []).append(
                    SHOWN.get(key.key, key.key)
                )
        return [(" ".join(keys), text) for text, keys in keys_by_text.items()]

    def dismiss(self, result: R | None = None) -> AwaitComplete:
        """A second key, pressed before the first had its effect, must not take the screen below away, too."""
        return super().dismiss(result) if self.is_active else AwaitComplete()

    def action_leave(self) -> None:
        """Nothing is done."""
        self.dismiss(None)
