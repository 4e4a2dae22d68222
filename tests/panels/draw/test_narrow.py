"""What is drawn where room is short: whole columns, whole parts of a legend, and a mark where something was cut."""

from __future__ import annotations

from dataclasses import replace

import pytest
from rich.cells import cell_len

from core.message import say
from panels.changes import Change, ChangeLog, add_change
from panels.draw.changes import changes_line, draw_changes
from panels.draw.chart import legend
from panels.draw.panel import panel_details, panel_line
from panels.draw.text import cut
from panels.spec import PanelSpec, QuerySpec
from panels.state import BOARD_SPAN_S, LONG_SPAN_S, Chart, PanelState, Part, Row
from signals.reading import Answer, Series, Verdict
from tests.panels.judged import judge_panel
from tui.i18n import Language

SAY = Language("en").say
NOW = 100_000.0


def panel(
    *rows: tuple[str, ...], verdict: Verdict = Verdict.WARN, charts: tuple[Chart, ...] = ()
) -> PanelState:
    query = QuerySpec(name="n", expr="n")
    spec = PanelSpec(id="p", title="Panel", queries=(query,))
    answer = Answer("n", "vector", (Series((), (NOW,), (1.0,)),), "t", NOW)
    state = judge_panel(spec, {"n": answer}, NOW)
    made = tuple(Row(tuple(say("panels.text", text=cell) for cell in cells), Verdict.WARN) for cells in rows)
    return replace(state, verdict=verdict, reason=say("panels.text", text="why"), rows=made, charts=charts)


def chart(*names: str, span_s: float = BOARD_SPAN_S, value: float = 1.0, limit: float | None = None) -> Chart:
    times = tuple(NOW - span_s + span_s / 60 * step for step in range(61))
    curves = tuple(Series((), times, tuple(value for _ in times)) for _ in names)
    return Chart(
        title=say("panels.text", text="c"),
        unit="count",
        curves=curves,
        names=tuple(say("panels.text", text=name) for name in names),
        limit=limit,
        span_s=span_s,
    )


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [
        ("abc", 5, "abc  "),
        ("abcdef", 4, "abc…"),
        ("队列队列", 5, "队列…"),
        ("队列队列", 4, "队… "),
        ("abc", 0, ""),
    ],
)
def test_what_was_cut_ends_in_a_mark(text: str, width: int, shown: str) -> None:
    assert cut(text, width) == shown
    assert cell_len(cut(text, width)) == width
    assert cut(text, width, ascii_only=True).replace("队", "").replace("列", "").isascii()


@pytest.mark.parametrize(
    ("width", "shown"),
    [
        (
            80,
            "     ▲ ChimeraLatencyP95Breached pending page 12 min       answers one in twenty later than 15 s"[
                :79
            ]
            + "…",
        ),
        (58, "     ▲ ChimeraLatencyP95Breached pending page 12 min"),
        (40, "     ▲ ChimeraLatencyP95Br… pending page"),
    ],
)
def test_the_last_columns_go_before_the_name_does(width: int, shown: str) -> None:
    row = ("ChimeraLatencyP95Breached", "pending page", "12 min", "answers one in twenty later than 15 s")
    lines = panel_details(panel(row), SAY, width, 5, NOW)
    assert lines[1].plain == shown


def test_columns_stand_under_each_other() -> None:
    lines = panel_details(panel(("a", "1", "x"), ("a much longer name", "2", "y")), SAY, 80, 5, NOW)
    assert len({line.plain.index(end) for line, end in zip(lines[1:], "xy", strict=True)}) == 1


def test_a_longer_past_is_drawn_below_rows_with_all_their_columns() -> None:
    charts = (chart("n"), chart("n", span_s=LONG_SPAN_S, value=900))
    state = panel(("row one", "1", "limit 9"), ("row two", "2", "limit 8"), charts=charts)
    short, long = (panel_details(state, SAY, 80, 12, NOW, span_s=span) for span in (1800.0, LONG_SPAN_S))
    assert not any("1k" in line.plain for line in short)
    assert any("1k┤" in line.plain for line in long)
    assert [line.plain[5:].split() for line in long[1:3]] == [
        ["▲", "row", "one", "1", "limit", "9"],
        ["▲", "row", "two", "2", "limit", "8"],
    ]
    assert max(line.cell_len for line in long) <= 80


def test_that_all_is_well_needs_no_line_of_its_own_where_rows_say_it() -> None:
    assert "why" not in panel_details(panel(("a", "1"), verdict=Verdict.OK), SAY, 80, 5, NOW)[0].plain
    assert "why" in panel_details(panel(verdict=Verdict.OK), SAY, 80, 5, NOW)[0].plain
    assert "why" in panel_details(panel(("a", "1")), SAY, 80, 5, NOW)[0].plain


@pytest.mark.parametrize(
    ("width", "shown"),
    [
        (80, "a first 1  b second 1  limit 100, off the chart"),
        (40, "a first 1  b second 1"),
        (18, "a first 1"),
        (23, "a first 1  +1"),
        (12, "a…"),
    ],
)
def test_a_legend_leaves_out_whole_parts(width: int, shown: str) -> None:
    assert legend(chart("first", "second", limit=100), SAY, width).plain.strip() == shown


def test_a_part_that_is_too_long_does_not_hide_the_next() -> None:
    parts = (Part(say("panels.text", text="x" * 70), 1), Part(say("panels.text", text="short"), 2))
    line = panel_line(replace(panel(), parts=parts), SAY, 80, NOW)
    assert "short" in line.plain


def log(*ats: float, text: str = "the cause is told in many words that need more than one line") -> ChangeLog:
    found = ChangeLog()
    for at in ats:
        message = say("changes.told_began", name=f"{at:.0f} {text}")
        found = add_change(found, Change(at, message, "p", Verdict.BURNING))
    return found


@pytest.mark.parametrize("ascii_only", [False, True])
def test_new_changes_are_marked_and_the_newest_is_first(*, ascii_only: bool) -> None:
    lines = draw_changes(log(100, 200, 300), 150, SAY, 60, 10, ascii_only=ascii_only)
    mark = "*" if ascii_only else "●"
    assert lines[0].plain == " 2 new since your last look (00:02Z)"
    assert [line.plain[0] for line in lines[1:]] == [mark, mark, " "]
    assert [line.spans[0].style == "cursor" for line in lines[1:]] == [
        True,
        True,
        False,
    ]  # a blank has no style
    assert lines[1].plain.startswith(f"{mark}00:05:00Z {'X' if ascii_only else '✖'} 300 the")
    assert lines[1].plain.endswith("~" if ascii_only else "…")
    assert max(line.cell_len for line in lines) <= 60


def test_at_the_side_a_change_is_whole() -> None:
    lines = draw_changes(log(300), 150, SAY, 30, 10, wrap=True)
    together = " ".join(line.plain[12:].strip() for line in lines[1:])
    assert together == "300 the cause is told in many words that need more than one line started"
    assert max(line.cell_len for line in lines) <= 30
    assert len(draw_changes(log(*range(100, 200)), 0, SAY, 30, 7, wrap=True)) == 7


@pytest.mark.parametrize("width", [20, 60, 100, 300])
def test_one_line_tells_what_is_new_as_far_as_it_fits(width: int) -> None:
    line = changes_line(log(100, 200, 300), 150, SAY, width)
    assert line.cell_len <= width
    assert line.plain.startswith(" 2 new since"[: width - 1])
    assert ("100 the" in line.plain) is False
    assert line.plain.endswith("…") is (width < 300)


def test_where_not_all_rows_have_room_the_worst_are_shown() -> None:
    rows = (
        Row((say("panels.text", text="calm"),), Verdict.OK),
        Row((say("panels.text", text="bad"),), Verdict.BURNING),
        Row((say("panels.text", text="worse"),), Verdict.WARN),
    )
    state = replace(panel(verdict=Verdict.OK), rows=rows)
    shown = [line.plain.split()[-1] for line in panel_details(state, SAY, 80, 2, NOW)]
    assert shown == ["bad", "worse"]


def test_rows_beside_a_chart_keep_their_names() -> None:
    state = replace(
        panel(("availability 1h/5m of the service", "1"), verdict=Verdict.OK),
        charts=(chart("n", span_s=LONG_SPAN_S),),
    )
    drawn = panel_details(state, SAY, 78, 10, NOW, span_s=LONG_SPAN_S)
    assert "availability 1h/5m of the" in drawn[0].plain
    assert any("┤" in line.plain for line in drawn)
