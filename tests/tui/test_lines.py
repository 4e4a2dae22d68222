"""What is sent to the terminal: the cells that changed, whole characters, and nothing when nothing changed."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from rich.text import Text

from tui.widgets.lines import REST, changed_cells

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
