"""What is sent to the terminal: the cells that changed, whole characters, and nothing when nothing changed."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from rich.text import Text

from tui.widgets.lines import REST, changed_cells, printable

LINES = st.text(alphabet="ab 队é列\u0301", max_size=40).map(Text)


def test_two_far_numbers_are_two_runs() -> None:
    old, new = Text("a 1" + " " * 20 + "b 2"), Text("a 3" + " " * 20 + "b 4")
    assert changed_cells(old, new) == [(2, 3), (25, 26)]


def test_a_short_rest_is_bridged() -> None:
    assert changed_cells(Text("1 2"), Text("3 4")) == [(0, 3)]


def test_a_style_alone_is_a_change() -> None:
    old, new = Text("abcdef"), Text("abcdef")
    new.stylize("bold", 2, 4)
    assert changed_cells(old, new) == [(2, 4)]
    assert changed_cells(Text("ab", "dim"), Text("ab")) == [(0, 2)]


def test_a_wide_character_is_repainted_whole() -> None:
    assert changed_cells(Text("队列x"), Text("队a x")) == [(2, 4)]
    assert changed_cells(Text("ab"), Text("队")) == [(0, 2)]


def test_what_got_shorter_is_wiped() -> None:
    assert changed_cells(Text("abc"), Text("a")) == [(1, 3)]


@given(LINES, LINES)
def test_outside_of_the_runs_nothing_differs(old: Text, new: Text) -> None:
    runs = changed_cells(old, new)
    assert all(start < end for start, end in runs)
    assert all(second[0] - first[1] >= REST for first, second in pairwise(runs))
    if not runs:
        assert old.plain.rstrip() == new.plain.rstrip()


@given(st.text(max_size=40))
def test_what_is_shown_holds_no_control_character_and_where_asked_only_ascii(text: str) -> None:
    shown = printable(Text(text), ascii_only=False).plain
    assert all(char.isprintable() or char == "\u3000" or char.isspace() for char in shown)
    assert "\n" not in shown
    assert "\x1b" not in shown
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
