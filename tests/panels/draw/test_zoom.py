"""The zoom as text: fits its room, marks the cursor, says what is missing."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.message import say
from panels.draw.zoom import ZoomView, draw_zoom, zoom_axis
from panels.spec import QuerySpec
from panels.zoom import RANGES, zoom_chart
from signals.reading import Answer, Series
from tui.i18n import CODES, Language

STRETCH = RANGES[0]
NOW = 1_700_000_000.0
QUERY = QuerySpec(name="waiting", expr="n", unit="count", by="queue", burning=100)
SAY = Language("en").say


def view(count: int, *, cursor: float | None = None, first: float = NOW - 300) -> ZoomView:
    times = tuple(first + 5 * index for index in range(int((NOW - first) / 5) + 1))
    curves = tuple(
        Series((("queue", f"q{one}"),), times, tuple(one * 10 + index % 7 for index in range(len(times))))
        for one in range(count)
    )
    zoom = zoom_chart(QUERY, Answer("n", "matrix", curves, "t", NOW), NOW, STRETCH)
    title = say("panels.title", en="Queues", zh="队列")
    return ZoomView(
        title=title,
        query=say("panels.text", text="waiting"),
        number=1,
        of=3,
        stretch=STRETCH,
        zoom=zoom,
        cursor=cursor,
    )


def plain(shown: ZoomView, width: int = 80, height: int = 20, *, ascii_only: bool = False) -> str:
    return "\n".join(one.plain for one in draw_zoom(shown, SAY, width, height, NOW, ascii_only=ascii_only))


@given(st.integers(20, 220), st.integers(1, 60), st.integers(0, 12), st.booleans())
def test_it_never_leaves_its_room(width: int, height: int, count: int, ascii_only: bool) -> None:  # noqa: FBT001  # hypothesis passes by name
    for code in CODES:
        lines = draw_zoom(view(count), Language(code).say, width, height, NOW, ascii_only=ascii_only)
        assert len(lines) <= height
        assert all(line.cell_len <= width for line in lines)
        if ascii_only and code == "en":
            assert all(ord(char) < 128 for line in lines for char in line.plain)


def test_the_value_under_the_cursor_stands_beside_its_time() -> None:
    text = plain(view(1, cursor=NOW - 100))
    row = next(line for line in text.splitlines() if line.startswith("   waiting q0"))
    assert row.split() == ["waiting", "q0", "4", "5", "0", "2.9", "6"]
    assert "22:11:40Z" in text
    without = plain(view(1)).splitlines()
    assert next(line for line in without if line.startswith("   waiting q0")).split() == [
        "waiting",
        "q0",
        "4",
        "0",
        "2.9",
        "6",
    ]


def test_the_range_fills_the_past_of_the_axis() -> None:
    axis = zoom_axis(STRETCH, NOW, 88)
    assert axis.columns * axis.column_s == pytest.approx(375)
    assert axis.start == pytest.approx(NOW - 300, abs=2 * axis.column_s)


def test_many_curves_leave_room_for_the_chart() -> None:
    lines = plain(view(8), height=14).splitlines()
    assert sum("│" in line or "┤" in line for line in lines) >= 4


def test_what_is_missing_is_said() -> None:
    assert "only 100 s of history" in plain(view(1, first=NOW - 100))
    assert "NO DATA" in plain(view(0))
    assert "4 more curves" in plain(view(12))


def test_an_error_keeps_the_last_picture() -> None:
    shown = view(1)
    failed = ZoomView(
        title=shown.title,
        query=shown.query,
        number=1,
        of=1,
        stretch=STRETCH,
        zoom=shown.zoom,
        problem=say("signals.no_source"),
        asking=True,
    )
    text = plain(failed)
    assert SAY(say("signals.no_source")) in " ".join(text.split())
    assert "querying" in text
    assert "q0" in text


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_odd_numbers_do_not_break_it(value: float) -> None:
    curve = Series((("queue", "q"),), (NOW - 10, NOW - 5, NOW), (1.0, value, value))
    zoom = zoom_chart(QUERY, Answer("n", "matrix", (curve,), "t", NOW), NOW, STRETCH)
    assert draw_zoom(
        ZoomView(
            title=say("tui.no_data"),
            query=say("tui.no_data"),
            number=1,
            of=1,
            stretch=STRETCH,
            zoom=zoom,
            cursor=NOW,
        ),
        SAY,
        80,
        20,
        NOW,
    )


@pytest.mark.parametrize(("value", "shown"), [(5.0, "5"), (0.0, "0"), (1e-9, "1e-09")])
def test_a_constant_is_told_in_a_few_lines(value: float, shown: str) -> None:
    """The release stood there in 28 rows that were all the same."""
    times = tuple(NOW - 300 + 5 * index for index in range(61))
    answer = Answer("n", "matrix", (Series((), times, (value,) * 61),), "t", NOW)
    flat = replace(view(1), zoom=zoom_chart(QUERY, answer, NOW, STRETCH))
    lines = draw_zoom(flat, SAY, 80, 36, NOW)
    assert len(lines) < 15, "the rest is the panel's rows'"
    row = next(line.plain for line in lines if line.plain.startswith("   waiting"))
    assert row.split()[1:] == [shown] * 4
    assert len(draw_zoom(view(1), SAY, 80, 36, NOW)) == 36, "one that moves has the whole screen"
