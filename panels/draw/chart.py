"""A chart as lines of text: curves that can be told apart without colour, the limit, what is ahead, one time axis."""

from __future__ import annotations

import math
import sys
from bisect import bisect_left
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from core.message import say
from core.units import quantity, threshold
from panels.draw.axis import round_top as decimal_top
from panels.draw.axis import scale_text, time_labels
from panels.draw.canvas import Canvas
from panels.draw.text import shorten
from panels.state import LETTERS, MAX_GAP, spacing, value_at

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.message import Message
    from panels.draw.axis import TimeAxis
    from panels.state import Chart
    from signals.reading import Series

    Say = Callable[[Message], str]

GUTTER = 9
"""Cells left of the curves, for the scale."""
STYLES = tuple(f"curve{number}" for number in range(1, 9))
"""Names that a theme gives a colour, here and below."""
LIMIT_STYLE, AHEAD_STYLE = "limit", "ahead"
LETTER_EVERY = 16
"""Columns between two letters of one curve."""
LIMIT_IN_SIGHT = 4.0
"""A limit up to so many times the highest value stands in the picture; one further up would press the curve flat."""


def chart_columns(width: int) -> int:
    """How many columns of curve a chart of this width has."""
    return max(2, width - GUTTER)


def draw_chart(
    chart: Chart,
    axis: TimeAxis,
    height: int,
    say_: Say,
    *,
    ascii_only: bool = False,
    cursor: float | None = None,
) -> list[Text]:
    """The chart in `height` lines of GUTTER + `axis.columns` cells; the last two are the times and the legend.

    Nothing is drawn where nothing was measured. The curve ahead of now is dotted. `cursor` is a time to mark.
    """
    rows = height - 2 if height >= 5 else height - 1
    if rows < 1:
        return []
    low, high = scale_of(chart)
    canvas = Canvas(axis.columns, rows, ascii_only=ascii_only)

    def level(value: float) -> int:
        share = (value / 2 - low / 2) / (high / 2 - low / 2)  # halves: the difference may be beyond a float
        return round(share * (canvas.height - 1))

    _curves(canvas, axis, chart, level)
    if cursor is not None:
        _mark(canvas, int((cursor - axis.start) / axis.column_s), "|" if ascii_only else "│", "cursor")
    if chart.limit is not None and low <= chart.limit <= high:
        _limit(canvas, canvas.cell_of(level(chart.limit)))
    if axis.end - axis.now > axis.column_s:
        _mark(canvas, int((axis.now - axis.start) / axis.column_s) + 1, ":" if ascii_only else "┊", "quiet")
    lines = []
    for row, drawn in enumerate(canvas.lines()):
        scale = _gutter(row, rows, (low, high), chart.unit, ascii_only=ascii_only)
        lines.append(scale.append_text(drawn))
    lines.append(Text(" " * GUTTER + time_labels(axis), "quiet", no_wrap=True))
    if rows == height - 2:
        lines.append(legend(chart, say_, GUTTER + axis.columns, ascii_only=ascii_only))
    return lines


def scale_of(chart: Chart) -> tuple[float, float]:
    """The ends of the scale: zero (or a round number below it) and a round number above everything shown."""
    values = [value for curve in chart.curves for value in curve.values if math.isfinite(value)]
    measured = max(values, default=0.0)
    step = 1024.0 ** max(0, int(math.log2(measured) // 10)) if chart.unit == "bytes" and measured > 1 else 1.0

    def round_top(value: float) -> float:
        return min(step * decimal_top(value / step), sys.float_info.max)

    top, bottom = round_top(measured), min(values, default=0.0)
    if chart.forecast is not None:  # as far as it does not press what was measured flat
        ahead = max((value for value in chart.forecast.middle.values if math.isfinite(value)), default=0.0)
        top = round_top(max(measured, min(ahead, 2 * top)))
    if chart.limit is not None and measured < chart.limit <= LIMIT_IN_SIGHT * measured:
        top = round_top(max(chart.limit, top))
    if chart.unit == "ratio" and measured <= 1:
        top = min(1.0, top)  # there is nothing above all of them
    return (-round_top(-bottom) if bottom < 0 else 0.0), top


def legend(chart: Chart, say_: Say, width: int, *, ascii_only: bool = False) -> Text:
    """What the letters mean, with the last values; the limit, and where it is when it is out of the picture.

    What has no room is left out whole, except the first.
    """
    parts: list[tuple[str, str]] = []
    several = len(chart.curves) > 1
    for index, (curve, label) in enumerate(zip(chart.curves, chart.names, strict=False)):
        name = say_(label)
        last = curve.values[-1] if curve.values else math.nan
        value = ("-" if ascii_only else "–") if math.isnan(last) else say_(quantity(last, chart.unit))
        shown = f"{LETTERS[index % len(LETTERS)]} {name} {value}" if several else f"{name} {value}"
        parts.append((shown, STYLES[index % len(STYLES)]))
    if chart.limit is not None:
        inside = scale_of(chart)[0] <= chart.limit <= scale_of(chart)[1]
        key = say(
            "chart.limit" if inside else "chart.limit_outside", limit=threshold(chart.limit, chart.unit)
        )
        parts.append((say_(key), LIMIT_STYLE))
    ahead = say_(say("chart.ahead"))
    if chart.forecast is not None:  # behind the first curve, whose it is: dots without a word say nothing
        parts.insert(1, (ahead, AHEAD_STYLE))
    text = Text(" " * GUTTER, no_wrap=True)
    left_out = 0
    for index, (shown, style) in enumerate(parts):
        if index and text.cell_len + cell_len(shown) > width:
            left_out += style in STYLES
            continue
        text.append(shown, style).append("  ")
    if left_out and text.cell_len + 3 <= width:
        text.append(f"+{left_out}", "quiet")
    text.rstrip()
    return shorten(text, width, ascii_only=ascii_only)


def _curves(canvas: Canvas, axis: TimeAxis, chart: Chart, level: Callable[[float], int]) -> None:
    for index, curve in enumerate(chart.curves):
        _curve(canvas, axis, curve, level, STYLES[index % len(STYLES)])
    if len(chart.curves) > 1:
        for index, curve in enumerate(chart.curves):
            _letters(canvas, axis, curve, index, level)
    if chart.forecast is not None:
        for line, every in ((chart.forecast.middle, 2), (chart.forecast.low, 4), (chart.forecast.high, 4)):
            _dotted(canvas, axis, line, level, every)


def _limit(canvas: Canvas, row: int) -> None:
    for column in range(canvas.columns):
        if canvas.free(column, row):
            canvas.put(column, row, "=" if canvas.ascii_only else "─", LIMIT_STYLE)


def _curve(canvas: Canvas, axis: TimeAxis, curve: Series, level: Callable[[float], int], style: str) -> None:
    rest = MAX_GAP * spacing(curve.times)
    before: tuple[float, int, int] | None = None
    for at, value in zip(curve.times, curve.values, strict=False):
        if not math.isfinite(value):
            before = None
            continue
        x, y = _x(canvas, axis, at), level(value)
        if before is not None and at - before[0] <= rest:
            if x >= 0:  # what lies left of the picture is not drawn
                canvas.line(before[1], before[2], x, y, style)
        else:
            canvas.dot(x, y, style)
        before = at, x, y


def _dotted(canvas: Canvas, axis: TimeAxis, line: Series, level: Callable[[float], int], every: int) -> None:
    if not all(map(math.isfinite, line.values)) or not line.times:
        return
    for x in range(_x(canvas, axis, axis.now) + 1, canvas.width):
        at = axis.start + (x + 0.5) / canvas.across * axis.column_s
        after = bisect_left(line.times, at)
        if x % every or after in (0, len(line.times)):
            continue
        share = (at - line.times[after - 1]) / (line.times[after] - line.times[after - 1])
        value = line.values[after - 1] + share * (line.values[after] - line.values[after - 1])
        canvas.dot(x, level(value), AHEAD_STYLE)


def _letters(
    canvas: Canvas, axis: TimeAxis, curve: Series, index: int, level: Callable[[float], int]
) -> None:
    """A letter on the curve's newest point and at times that stay where they are when the axis moves."""
    shift = index * LETTER_EVERY // 4
    last = max(
        (at for at, value in zip(curve.times, curve.values, strict=False) if math.isfinite(value)),
        default=None,
    )
    for column in range(axis.columns - 1, -1, -1):
        newest = last is not None and column == int((last - axis.start) / axis.column_s)
        regular = (round(axis.start / axis.column_s) + column + shift) % LETTER_EVERY == 0
        if (newest or regular) and (value := value_at(curve, axis.at(column))) is not None:
            letter = LETTERS[index % len(LETTERS)]
            canvas.put(column, canvas.cell_of(level(value)), letter, STYLES[index % len(STYLES)])


def _mark(canvas: Canvas, column: int, mark: str, style: str) -> None:
    for row in range(canvas.rows):
        if canvas.free(column, row):
            canvas.put(column, row, mark, style)


def _x(canvas: Canvas, axis: TimeAxis, at: float) -> int:
    return math.floor((at - axis.start) / axis.column_s * canvas.across)


def _gutter(row: int, rows: int, ends: tuple[float, float], unit: str, *, ascii_only: bool) -> Text:
    """The scale: its ends, and its middle where there is room."""
    low, high = ends
    value = {0: high, rows - 1: low}.get(row)
    if rows >= 5 and rows % 2 and row == rows // 2:
        value = (low + high) / 2
    shown = "" if value is None else scale_text(value, unit)
    mark = ("+" if ascii_only else "┤") if value is not None else ("|" if ascii_only else "│")
    if cell_len(shown) > GUTTER - 1:
        shown = set_cell_size(shown, GUTTER - 1)
    return Text(f"{shown:>{GUTTER - 1}}{mark}", "quiet", no_wrap=True)
