"""Text from outside can't move the cursor, write the clipboard or change what is read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.text import clean, clean_block


@pytest.mark.parametrize(
    ("hostile", "harmless"),
    [
        ("plain text", "plain text"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07after", "after"),
        ("\x1b]52;c;cm0gLXJm\x1b\\after", "after"),
        ("\x1bPq#0;2;0\x1b\\after", "after"),
        ("\x9b31mC1", "C1"),
        ("a\u202eb\u2066c", "abc"),
        ("zero\u200bwidth\ufeff", "zerowidth"),
        ("tab\tand\nline", "tab and line"),
        ("\x1b]8;;http://evil\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("限流 [bold]not markup[/]", "限流 [bold]not markup[/]"),
        ("bell\x07 back\x08space del\x7f", "bell backspace del"),
    ],
)
def test_control_sequences_are_gone_and_text_stays(hostile: str, harmless: str) -> None:
    assert clean(hostile) == harmless


@given(st.text())
def test_nothing_that_a_terminal_obeys_survives(text: str) -> None:
    harmless = clean_block(text)
    assert not any(char < " " and char not in "\n\t" for char in harmless)
    assert not any("\x7f" <= char <= "\x9f" for char in harmless)
    harmless.encode()


def test_long_text_is_cut() -> None:
    assert len(clean("x" * 1_000_000)) == 500
