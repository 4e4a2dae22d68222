"""What keys make of a filter, what it keeps, when a look begins, and which part of a list is shown."""

from __future__ import annotations

import pytest

from tui.activity import IDLE_S, Activity
from tui.filter import MAX_CHARACTERS, Filter, pasted, typed
from tui.widgets.lines import rows_shown, scroll_to


@pytest.mark.parametrize(
    ("before", "key", "character", "after"),
    [
        (Filter("", typing=True), "a", "a", Filter("a", typing=True)),
        (Filter("a", typing=True), "q", "q", Filter("aq", typing=True)),
        (Filter("a", typing=True), "space", " ", Filter("a ", typing=True)),
        (Filter("", typing=True), "队", "队", Filter("队", typing=True)),
        (Filter("ab", typing=True), "backspace", "\x08", Filter("a", typing=True)),
        (Filter("", typing=True), "backspace", "\x08", Filter()),
        (Filter("ab", typing=True), "ctrl+u", "\x15", Filter("", typing=True)),
        (Filter("ab", typing=True), "enter", "\r", Filter("ab")),
        (Filter("ab", typing=True), "escape", "\x1b", Filter()),
        (Filter("ab", typing=True), "up", None, None),
        (Filter("ab", typing=True), "alt+q", "q", None),
        (Filter("ab", typing=True), "plus", "+", Filter("ab+", typing=True)),
        (Filter("ab", typing=True), "f1", None, None),
        (Filter("ab", typing=True), "ctrl+z", "\x1a", None),
    ],
)
def test_what_a_key_makes_of_it(
    before: Filter, key: str, character: str | None, after: Filter | None
) -> None:
    assert typed(before, key, character) == after


def test_what_is_pasted_is_one_short_line() -> None:
    after = pasted(Filter("a", typing=True), "b\nc\x1b[31m" + "d" * 200)
    assert after.text.startswith("ab c [31md")
    assert len(after.text) == MAX_CHARACTERS


@pytest.mark.parametrize(
    ("text", "texts", "kept"),
    [
        ("", ("anything",), True),
        ("QUEUE", ("Queues", "ai 0"), True),
        ("ai queue", ("Queues", "ai 0"), True),
        ("ai llm", ("Queues", "ai 0"), False),
        ("队列", ("队列", "ai 0"), True),
        ("[bold]", ("a [bold]b[/]",), True),
        ("(", ("a(b",), True),
    ],
)
def test_every_word_must_be_there(text: str, texts: tuple[str, ...], *, kept: bool) -> None:
    assert Filter(text).keeps(*texts) is kept


def test_keys_that_follow_each_other_are_one_look() -> None:
    activity = Activity(100, 100)
    assert activity.last_look(100 + IDLE_S) == 100
    activity = activity.with_key(400)  # comes back after five minutes
    assert activity.last_look(401) == 100
    activity = activity.with_key(410).with_key(420)
    assert activity.last_look(425) == 100
    assert activity.last_look(420 + IDLE_S + 1) == 420
    assert activity.with_key(600).last_look(601) == 420


@pytest.mark.parametrize(
    ("count", "cursor", "height", "shown"),
    [
        (8, 0, 21, (0, 1, 2, 3, 4, 5, 6, 7)),
        (8, 7, 2, (0, 7)),
        (8, 0, 2, (0, 1)),
        (8, 5, 1, (5,)),
        (8, 7, 4, (0, 5, 6, 7)),
        (8, 4, 4, (0, 3, 4, 5)),
        (8, 1, 4, (0, 1, 2, 3)),
        (8, 3, 0, ()),
    ],
)
def test_the_worst_and_the_chosen_one_are_always_shown(
    count: int, cursor: int, height: int, shown: tuple[int, ...]
) -> None:
    assert rows_shown(count, cursor, height) == shown


@pytest.mark.parametrize(
    ("top", "first", "after", "height", "count", "expected"),
    [
        (0, 0, 3, 10, 50, 0),
        (0, 9, 12, 10, 50, 2),
        (20, 9, 12, 10, 50, 9),
        (45, 20, 22, 10, 50, 20),
        (0, 48, 50, 10, 50, 40),
        (5, 0, 30, 10, 50, 0),  # what is longer than the room shows its beginning
        (7, 0, 1, 10, 3, 0),
    ],
)
def test_the_list_moves_no_more_than_it_must(
    top: int, first: int, after: int, height: int, count: int, *, expected: int
) -> None:
    assert scroll_to(top, first, after, height, count) == expected
