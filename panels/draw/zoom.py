"""The zoom of one question as text: its chart with a cursor, and every curve in numbers."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from core.message import say
from core.units import quantity
from panels.draw.axis import time_axis
from panels.draw.chart import STYLES, chart_columns, draw_chart
from panels.draw.text import wrap_to_width
from panels.naming import coarse_age
from panels.state import AHEAD_SHARE, LETTERS
from panels.zoom import known_span_s, summaries

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from core.message import Message
    from panels.draw.axis import TimeAxis
    from panels.zoom import Range, Zoom

    Say = Callable[[Message], str]

MIN_CHART_ROWS = 6
"""Lines that the chart keeps when there are many curves to list."""
CELL = 11
"""Cells of one number in the table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoomView:
    """What the zoom screen knows: which question (of how many) over which range, its answer or what is wrong."""

    title: Message
    query: Message
    number: int
    of: int
    stretch: Range
    zoom: Zoom | None = None
    problem: Message | None = None
    asking: bool = False
    cursor: float | None = None
    """A time (Unix seconds); None is now."""


def zoom_axis(stretch: Range, now: float, width: int) -> TimeAxis:
    """The time axis of a zoom of this width, a quarter of the range ahead of now included."""
    return time_axis(now, chart_columns(width), stretch.span_s, stretch.span_s * AHEAD_SHARE)


def draw_zoom(
    view: ZoomView, say_: Say, width: int, height: int, now: float, *, ascii_only: bool = False
) -> list[Text]:
    """Head, remarks, chart and table in `height` lines of at most `width` cells."""
    lines = [_head(view, say_, ascii_only=ascii_only), *_remarks(view, say_, width)]
    if view.zoom is not None and view.zoom.chart.curves:
        table = _table(view, view.zoom, say_, "-" if ascii_only else "–")
        room = height - len(lines)
        table = table[: max(0, min(len(table), room - MIN_CHART_ROWS))]
        axis = zoom_axis(view.stretch, now, width)
        rows = room - len(table)
        if all(len(set(curve.values)) == 1 for curve in view.zoom.chart.curves):
            rows = min(rows, MIN_CHART_ROWS)  # what never changes is told in a few lines
        lines += draw_chart(view.zoom.chart, axis, rows, say_, ascii_only=ascii_only, cursor=view.cursor)
        lines += table
    for line in lines:
        line.truncate(width)
    return lines[:height]


def _head(view: ZoomView, say_: Say, *, ascii_only: bool) -> Text:
    text = Text(no_wrap=True)
    text.append(f" {say_(view.title)} ", "title")
    text.append(f"{'-' if ascii_only else '·'} {say_(view.query)}")
    if view.of > 1:
        text.append(f"  {view.number}/{view.of}", "quiet")
    text.append("  " + say_(say("chart.range", range=view.stretch.name)))
    if view.asking:
        text.append("  " + say_(say("chart.asking_dots" if ascii_only else "chart.asking")), "remark")
    return text


def _remarks(view: ZoomView, say_: Say, width: int) -> list[Text]:
    remarks: list[tuple[Message, str]] = []
    if view.problem is not None:
        remarks.append((view.problem, "bold"))
    zoom = view.zoom
    if zoom is not None:
        if not zoom.chart.curves:
            remarks.append((say("chart.nothing"), ""))
        elif (known := known_span_s(zoom, view.stretch)) is not None:
            remarks.append((say("chart.shorter", known=quantity(coarse_age(known), "s")), "remark"))
        remarks += [(warning, "remark") for warning in zoom.warnings]
        if zoom.left_out:
            remarks.append((say("chart.left_out", count=zoom.left_out), "remark"))
    return [
        Text("   " + part, style, no_wrap=True)
        for message, style in remarks
        for part in wrap_to_width(say_(message), width - 4)
    ]


def _table(view: ZoomView, zoom: Zoom, say_: Say, none: str) -> list[Text]:
    """One line a curve: its letter, name, last value, value under the cursor, lowest, mean, highest."""
    curves = summaries(zoom, view.cursor)
    names = [say_(curve.name) for curve in curves]
    first = min(30, max(8, *(cell_len(name) + 2 for name in names)))
    heads = ["", say_(say("chart.last"))]
    heads += [] if view.cursor is None else [time.strftime("%H:%M:%SZ", time.gmtime(view.cursor))]
    heads += [say_(say(key)) for key in ("chart.lowest", "chart.mean", "chart.highest")]
    lines = [Text("   " + _cells(heads, first), "quiet", no_wrap=True)]
    for index, (curve, name) in enumerate(zip(curves, names, strict=True)):
        label = f"{LETTERS[index]} {name}" if len(curves) > 1 else name
        there = () if view.cursor is None else (curve.at_cursor,)
        values = (curve.last, *there, curve.lowest, curve.mean, curve.highest)
        shown = [none if value is None else say_(quantity(value, zoom.chart.unit)) for value in values]
        lines.append(Text("   " + _cells([label, *shown], first), STYLES[index % len(STYLES)], no_wrap=True))
    return lines


def _cells(cells: Sequence[str], first: int) -> str:
    head, *rest = cells
    return set_cell_size(head, first) + "".join(" " * max(1, CELL - cell_len(cell)) + cell for cell in rest)
