"""A chart tells its curves apart without colour, shows gaps and the limit, and shares its time axis with the others."""

from __future__ import annotations

import math
import sys
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.message import say
from panels.draw.axis import round_top, scale_text, time_axis, time_labels
from panels.draw.canvas import Canvas
from panels.draw.chart import GUTTER, draw_chart, legend, scale_of
from panels.projection import with_forecast
from panels.state import Chart, value_at
from signals.reading import Series
from tui.i18n import Language

NOW = 1_800_000_000.0
SAY = Language("en").say
AXIS = time_axis(NOW, 60, 1800, 450)


def curve(*values: float, step: float = 30.0, until: float = NOW) -> Series:
    return Series((), tuple(until - step * (len(values) - 1 - i) for i in range(len(values))), values)


def chart(*curves: Series, limit: float | None = None, unit: str = "count") -> Chart:
    names = tuple(say("panels.text", text=f"n{index}") for index in range(len(curves)))
    return Chart(title=say("panels.text", text="x"), unit=unit, curves=curves, names=names, limit=limit)


def drawn(one: Chart, height: int = 8, *, ascii_only: bool = False, cursor: float | None = None) -> list[str]:
    return [
        line.plain[GUTTER:]
        for line in draw_chart(one, AXIS, height, SAY, ascii_only=ascii_only, cursor=cursor)
    ]


def columns_with_ink(lines: list[str]) -> set[int]:
    return {column for line in lines for column, mark in enumerate(line) if mark not in " ┊:"}


def test_two_charts_of_one_width_share_their_times_whenever_their_data_ended() -> None:
    fresh, old = chart(curve(*[5.0] * 60)), chart(curve(*[5.0] * 30, until=NOW - 900))
    assert drawn(fresh)[-2] == drawn(old)[-2]
    assert max(columns_with_ink(drawn(fresh)[:-2])) == 47
    assert max(columns_with_ink(drawn(old)[:-2])) == 23


def test_the_axis_stands_still_within_a_column_and_then_moves_by_one() -> None:
    width = AXIS.column_s
    start = math.floor(NOW / width) * width
    same, moved = (time_axis(start + part * width, 60, 1800, 450) for part in (0.99, 1.01))
    first = time_axis(start, 60, 1800, 450)
    assert same.start == first.start
    assert moved.start - first.start == pytest.approx(width)


def test_one_sample_does_not_pretend_to_a_history() -> None:
    assert len(columns_with_ink(drawn(chart(curve(5.0)))[:-2])) == 1


def test_nothing_is_drawn_where_nothing_was_measured() -> None:
    whole, broken = [5.0] * 60, [5.0] * 60
    broken[20:40] = [math.nan] * 20
    missing = columns_with_ink(drawn(chart(curve(*whole)))[:-2]) - columns_with_ink(
        drawn(chart(curve(*broken)))[:-2]
    )
    assert 14 <= len(missing) <= 17
    absent = Series((), tuple(NOW - 30 * i for i in (59, 58, 57, 3, 2, 1, 0)), (5.0,) * 7)
    assert len(columns_with_ink(drawn(chart(absent))[:-2])) < 12


@pytest.mark.parametrize("ascii_only", [False, True])
def test_curves_have_letters_that_the_legend_explains(*, ascii_only: bool) -> None:
    lines = drawn(chart(curve(*[9.0] * 60), curve(*[2.0] * 60)), ascii_only=ascii_only)
    picture = "".join(lines[:-2])
    assert "a" in picture
    assert "b" in picture
    assert "a n0 9" in lines[-1]
    assert "b n1 2" in lines[-1]
    if ascii_only:
        assert "".join(lines).isascii()


def test_the_limit_is_a_line_in_the_picture_or_said_to_be_outside() -> None:
    near, far = chart(curve(60.0, 70.0), limit=100.0), chart(curve(1.0, 2.0), limit=100.0)
    assert "─" in drawn(near)[0]
    assert drawn(near)[-1].endswith("limit 100")
    assert not any("─" in line for line in drawn(far))
    assert "off the chart" in drawn(far)[-1]


def test_what_is_ahead_is_dotted_and_only_right_of_now() -> None:
    rising = chart(curve(*(float(value) for value in range(60))))
    plain, ahead = drawn(rising), drawn(with_forecast(rising, NOW, 450))
    new = columns_with_ink(ahead[:-2])
    assert max(columns_with_ink(plain[:-2])) <= 48 < max(new)


def test_times_still_to_come_have_a_question_mark() -> None:
    labels = time_labels(time_axis(NOW, 120, 1800, 450))
    assert "07:55Z" in labels
    assert "08:05?" in labels


def test_the_cursor_marks_its_time() -> None:
    lines = drawn(chart(curve(*[5.0] * 60)), cursor=AXIS.at(10))
    assert {line.find("│") for line in lines[:-2] if "│" in line} == {10}


@pytest.mark.parametrize(
    ("highest", "top"),
    [(0, 1), (-3, 1), (0.7, 1), (1, 1), (1.1, 2), (2.5, 5), (7, 10), (101, 200), (math.inf, 1)],
)
def test_the_scale_ends_at_round_numbers(highest: float, top: float) -> None:
    assert round_top(highest) == pytest.approx(top)


def test_the_scale_of_bytes_is_round_in_their_own_units() -> None:
    assert scale_text(scale_of(chart(curve(11.8e6), unit="bytes"))[1], "bytes") == "20MiB"


@pytest.mark.parametrize(("unit", "top"), [("ratio", 1.0), ("count", 2.0)])
def test_a_share_is_not_forecast_above_the_whole(unit: str, top: float) -> None:
    rising = chart(curve(*(0.6 + index / 150 for index in range(60))), unit=unit)
    assert scale_of(with_forecast(rising, NOW, 450))[1] == top


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (10_000, "count", "10k"),
        (45, "s", "45s"),
        (600, "s", "10min"),
        (0.005, "ratio", "0.5%"),
        (60, "usd", "$60"),
        (40, "1/min", "40/min"),
        (0, "s", "0s"),
        (2e6, "bytes", "1.91MiB"),
        (7200, "s", "2h"),
    ],
)
def test_the_scale_names_its_unit(value: float, unit: str, text: str) -> None:
    assert scale_text(value, unit) == text


def test_the_value_under_the_cursor_is_the_nearest_sample_and_none_over_a_gap() -> None:
    one = curve(1.0, 2.0, math.nan, math.nan, math.nan, 6.0)
    assert value_at(one, NOW - 118) == 2.0
    assert value_at(one, NOW - 60) is None
    assert value_at(one, NOW + 10) == 6.0
    assert value_at(one, NOW + 300) is None
    assert value_at(Series((), (), ()), NOW) is None


def test_a_line_to_the_end_of_the_world_takes_no_longer_than_its_part_in_the_picture() -> None:
    canvas = Canvas(4, 2, ascii_only=False)
    canvas.line(-(10**15), 0, 3, 10**15)
    canvas.line(5, -(10**15), 5, 10**15)
    assert [line.plain for line in canvas.lines()] == ["  ⢸ ", "  ⢸ "]


def test_a_round_number_beyond_a_float_is_the_last_float() -> None:
    huge = chart(curve(1024.0, -1.0240000000000001e308), unit="bytes")
    assert scale_of(huge) == (-sys.float_info.max, 1024.0)
    assert draw_chart(huge, time_axis(NOW, 20, 300.0, 60.0), 4, SAY)


numbers = st.floats(allow_nan=True, allow_infinity=True)
series = st.lists(numbers, max_size=40).map(lambda values: curve(*values))


@settings(max_examples=150, deadline=None)
@given(
    curves=st.lists(series, max_size=5),
    limit=st.none() | numbers,
    width=st.integers(2, 200),
    height=st.integers(0, 30),
    unit=st.sampled_from(["s", "ratio", "1/min", "usd", "count", "bytes", "none"]),
    ascii_only=st.booleans(),
    span_s=st.sampled_from([300.0, 1800.0, 86_400.0, 2_592_000.0]),
)
def test_any_chart_fits_and_none_raises(
    *,
    curves: list[Series],
    limit: float | None,
    width: int,
    height: int,
    unit: str,
    span_s: float,
    ascii_only: bool,
) -> None:
    one = with_forecast(chart(*curves, limit=limit, unit=unit), NOW, span_s / 4)
    axis = time_axis(NOW, width, span_s, span_s / 4)
    lines = draw_chart(one, axis, height, SAY, ascii_only=ascii_only, cursor=NOW - 60)
    assert len(lines) <= max(0, height)
    assert max((line.cell_len for line in lines), default=0) <= GUTTER + axis.columns
    low, high = scale_of(one)
    assert low < high
    assert legend(one, SAY, width).cell_len <= width
    assert len(time_labels(axis)) <= axis.columns
    if ascii_only:
        assert all(line.plain[: GUTTER + axis.columns].isascii() for line in lines[:-2])


def test_the_legend_speaks_the_language_that_is_asked_for() -> None:
    one = chart(curve(1, 2, 3))
    one = replace(one, names=(say("panels.title", en="errors", zh="错误率"),))
    assert "errors 3" in legend(one, SAY, 80).plain
    assert "错误率 3" in legend(one, Language("zh").say, 80).plain
