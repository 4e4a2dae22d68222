"""A terminal shows the same for the bytes that are sent as for those that Textual wrote, and they are few."""

from __future__ import annotations

import re

import pyte
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tui.runtime.cells import SYNC_END, SYNC_MIN_BYTES, SYNC_START, ScreenCells

COLUMNS, ROWS = 12, 3
SEQUENCE = re.compile(r"\x1b\[[\d;]*m")
TEXT = st.text(alphabet="ab 队é列─⣀", min_size=1, max_size=COLUMNS)
COLOURS = st.sampled_from(
    ["", "1", "4", "1;4", "7;31", "38;5;188;48;5;16", "3;38;5;9;48;5;16", "92;104", "38;2;1;2;3"]
)
RUN = st.tuples(COLOURS, TEXT).map(lambda run: f"\x1b[{run[0]}m{run[1]}\x1b[0m" if run[0] else run[1])


def textual_line(row: int, runs: list[str]) -> str:
    """A line as Textual writes it: cursor, runs with a reset after each, blanks up to the edge and never over it."""
    line, room = f"\x1b[{row + 1};1H", COLUMNS
    for run in runs:
        width = cell_len(SEQUENCE.sub("", run))
        if width > room:
            break
        line, room = line + run, room - width
    return line + " " * room + "\n"


FRAME = st.lists(
    st.builds(textual_line, st.integers(0, ROWS - 2), st.lists(RUN, min_size=1, max_size=4)),
    min_size=1,
    max_size=4,
).map(lambda lines: "".join(lines) + "\x1b[1;1H")


def look(screen: pyte.Screen) -> list[list[object]]:
    """What can be seen: a blank has no colour of its own."""
    seen: list[list[object]] = []
    for row in range(ROWS):
        line: list[object] = []
        for column in range(COLUMNS):
            cell = screen.buffer[row][column]
            front = (
                (cell.fg, cell.bold, cell.italics)
                if cell.data.strip() or cell.reverse or cell.underscore
                else ()
            )
            line.append((cell.data, front, cell.bg, cell.reverse, cell.underscore))
        seen.append(line)
    return seen


AGAIN = st.lists(FRAME, min_size=1, max_size=3).flatmap(
    lambda frames: st.lists(st.sampled_from(frames), min_size=1, max_size=6)
)
"""Frames that come back, also after others wrote over a part of them."""


@given(st.lists(FRAME, min_size=1, max_size=6) | AGAIN, st.integers(0, 6))
def test_a_terminal_shows_what_textual_wrote(frames: list[str], forgotten: int) -> None:
    whole, sent = pyte.Screen(COLUMNS, ROWS), pyte.Screen(COLUMNS, ROWS)
    cells = ScreenCells()
    for number, frame in enumerate(frames):
        if number == forgotten:
            cells.forget()
        pyte.Stream(whole).feed(frame.replace("\n", "\r\n"))
        pyte.Stream(sent).feed(cells.diff(frame))
        assert look(sent) == look(whole)
        assert (sent.cursor.y, sent.cursor.x) == (whole.cursor.y, whole.cursor.x)
        assert cells.diff(frame) == "", "the terminal shows it already"


def test_one_digit_costs_its_move_and_itself() -> None:
    cells = ScreenCells()
    cells.diff("\x1b[2;1H\x1b[38;5;188;48;5;16mrate 41/min\x1b[0m\x1b[1;1H")
    assert cells.diff("\x1b[2;1H\x1b[38;5;188;48;5;16mrate 42/min\x1b[0m\x1b[1;1H") == "\x1b[2;7H2\x1b[H"


def test_only_the_part_of_a_style_that_differs_is_said() -> None:
    cells = ScreenCells()
    said = cells.diff("\x1b[1;1H\x1b[1;38;5;1;48;5;16ma\x1b[0m\x1b[1;38;5;2;48;5;16mb\x1b[0m")
    assert said.endswith("a\x1b[38;5;2mb")


def test_a_short_rest_is_repeated_and_a_long_one_passed_over() -> None:
    cells = ScreenCells()
    cells.diff("\x1b[1;1H1 2        3\x1b[1;1H")
    assert cells.diff("\x1b[1;1H4 5        6\x1b[1;1H") == "4 5\x1b[12G6\x1b[H"


def test_what_it_cannot_read_passes_with_the_colours_ended_and_makes_it_forget() -> None:
    cells = ScreenCells()
    frame = "\x1b[1;1H\x1b[31mburning\x1b[0m"
    cells.diff(frame)
    assert cells.diff("\x1b[?1049l") == "\x1b[m\x1b[?1049l"
    assert "burning" in cells.diff(frame), "after another program had the screen all is sent again"


@pytest.mark.timeout(20)
def test_a_long_line_before_what_it_cannot_read_takes_no_longer_than_the_line() -> None:
    """A pattern that tried every way to cut the line apart took an hour for 40 letters, and the board stood still."""
    line = "\x1b[1;1H" + "a" * 5000 + "\x7f"
    assert ScreenCells().diff(line) == line


def test_a_frame_is_held_together_only_when_it_is_large_and_the_terminal_can() -> None:
    small, large = "\x1b[1;1Hx\x1b[1;1H", "\x1b[1;1H" + "y" * (SYNC_MIN_BYTES + 1)
    assert SYNC_START not in ScreenCells().diff(large)
    cells = ScreenCells()
    assert cells.diff(SYNC_START) == ""
    assert SYNC_START not in cells.diff(small)
    held = cells.diff(large)
    assert held.startswith(SYNC_START)
    assert held.endswith(SYNC_END)
    assert cells.diff(SYNC_END) == ""


def test_a_wide_character_whose_half_was_overwritten_is_sent_again() -> None:
    cells = ScreenCells()
    wide = "\x1b[1;1H队\x1b[1;1H"
    cells.diff(wide)
    cells.diff("\x1b[1;2Hx\x1b[1;1H")
    assert cells.diff(wide) == "队\x1b[H"


def test_a_blank_in_another_colour_is_the_same_blank() -> None:
    cells = ScreenCells()
    cells.diff("\x1b[1;1H\x1b[31ma\x1b[0m\x1b[32m \x1b[0m\x1b[1;1H")
    assert cells.diff("\x1b[1;1H\x1b[31ma \x1b[0m\x1b[1;1H") == ""


def test_a_frame_that_begins_at_home_is_read() -> None:
    """Home without numbers before other sequences: the groups of a possessive repeat are a SystemError in CPython 3.11."""
    cells = ScreenCells()
    assert "warroom" in cells.diff("\x1b[H\x1b[1mwarroom\x1b[m\n\x1b[2;1Hx")
    assert cells.diff("\x1b[H\x1b[1mwarroom\x1b[m\n\x1b[2;1Hx") == ""
