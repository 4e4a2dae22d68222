"""The last door before the terminal: what passes it, and what stands for what a terminal can't show."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.text import Text

from tui.widgets.lines import printable


@given(st.text(max_size=40))
def test_what_is_shown_holds_no_control_character_and_where_asked_only_ascii(text: str) -> None:
    shown = printable(Text(text), ascii_only=False).plain
    assert all(char.isprintable() or char.isspace() for char in shown)
    assert not {"\n", "\r", "\x1b", "\x85", "\u2028"} & set(shown)
    plain = printable(Text(text), ascii_only=True).plain
    assert plain.isascii()
    assert plain.isprintable()


def test_ascii_is_as_wide_and_as_coloured_as_what_it_stands_for() -> None:
    text = Text("队列 → 7")
    text.stylize("bold", 3, 4)
    shown = printable(text, ascii_only=True)
    assert shown.plain == "???? > 7"
    assert shown.cell_len == text.cell_len
    assert [(span.start, span.end, span.style) for span in shown.spans] == [(5, 6, "bold")]
    assert printable(text, ascii_only=False) is text
