"""Running text is broken where a reader would break it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from panels.draw.text import wrap


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("", 10, [""]),
        ("one two three", 9, ["one two", "three"]),
        ("one two three", 13, ["one two three"]),
        ("averyverylongword x", 6, ["averyverylongword", "x"]),
        ("先看队列再看", 6, ["先看队", "列再看"]),
        ("先看队。列", 6, ["先看", "队。列"]),
        ("去找来源（未知）", 10, ["去找来源", "（未知）"]),
        ("see `ls -la /tmp` now", 12, ["see", "`ls -la /tmp`", "now"]),
        ("`a b`, then", 8, ["`a b`,", "then"]),
        ("a `b", 3, ["a", "`b"]),
    ],
)
def test_lines(text: str, width: int, lines: list[str]) -> None:
    assert wrap(text, width) == lines


@given(st.text(alphabet="ab ,。`（中文", max_size=60), st.integers(4, 20))
def test_nothing_is_lost_and_only_what_is_whole_runs_over(text: str, width: int) -> None:
    lines = wrap(text, width)
    assert "".join("".join(lines).split()) == "".join(text.split())
    for line in lines:
        assert cell_len(line) <= width or "`" in line or not any(part == " " for part in line[:-1])
