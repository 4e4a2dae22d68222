"""A panel as text: its line, its details, its chart. Blocks where the locale can show them, ASCII elsewhere."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from core.message import say
from panels.draw.axis import time_axis
from panels.draw.chart import chart_columns, draw_chart
from panels.draw.text import cut, wrap_to_width
from panels.limits import ORDER
from panels.state import AHEAD_SHARE, BOARD_SPAN_S, Part
from signals.reading import Freshness, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from core.message import Message
    from panels.state import PanelState, Row

    Say = Callable[[Message], str]

MARKS = {Verdict.BURNING: "✖", Verdict.WARN: "▲", Verdict.OK: "✔", Verdict.UNKNOWN: "?"}
ASCII_MARKS = {Verdict.BURNING: "X", Verdict.WARN: "!", Verdict.OK: "+", Verdict.UNKNOWN: "?"}
STYLES = {verdict: verdict.value for verdict in Verdict}
"""Names, here and below: a theme says what they look like."""
_BLOCKS = "▁▂▃▄▅▆▇█"
_ASCII_BLOCKS = "_.-=+*#@"
WARNED = "*"
"""Stands behind numbers that somebody warns of, and before the warning, which only an unfolded panel has room for."""
MIN_WARNING_LINES = 2
"""So many lines of warnings stand before any row; more only where rows and chart leave room."""
CHART_HEIGHT = 5
"""Lines that a chart gets before further rows do."""
_ROW_ORDER = (*ORDER, None)
MIN_NAME = 5
"""Cells of a name that still says something."""
MAX_NAME = 24
"""Cells that the name of a row may take from the columns behind it."""


def age_text(age_s: float) -> str:
    """An age in coarse steps, so that a quiet line stays quiet: 2 s up to ten, then 10 s, then minutes."""
    if age_s < 10:
        return f"{int(age_s) // 2 * 2}s"
    if age_s < 60:
        return f"{int(age_s) // 10 * 10}s"
    return f"{int(age_s) // 60}min"


def sparkline(values: Sequence[float], width: int, *, ascii_only: bool = False) -> str:
    """The last `width` values between zero and their highest; a gap is a space."""
    blocks = _ASCII_BLOCKS if ascii_only else _BLOCKS
    shown = list(values)[-width:]
    finite = [value for value in shown if math.isfinite(value)]
    top = max(finite, default=0.0)
    if top <= 0:
        return blocks[0] * len(finite)
    return "".join(
        blocks[max(0, min(7, round(value / top * 7)))] if math.isfinite(value) else " " for value in shown
    )


def title_width(width: int) -> int:
    """Cells of a panel's title on a line of this width: all of the built-in ones from 56 on."""
    return min(16, max(4, width * 2 // 7))


def panel_line(state: PanelState, say_: Say, width: int, now: float, *, ascii_only: bool = False) -> Text:
    """Mark, title, the worst value, what else fits, a small trend, the age. Stale is reversed and said."""
    marks = ASCII_MARKS if ascii_only else MARKS
    title = set_cell_size(say_(state.title), title_width(width))
    age, stale = _age(state, say_, now)
    room = width - cell_len(title) - cell_len(age) - 5
    text = Text(no_wrap=True, end="")
    text.append(f" {marks[state.verdict]} ", STYLES[state.verdict])
    text.append(title, "title" if state.verdict is not Verdict.OK else "")
    text.append(" ")
    body = Text()
    used = 0
    parts = _worst_first(state)
    for index, part in enumerate(parts):
        piece = _piece(part, say_, room - used - 2)
        if piece is None and index == 0:
            piece = _cut_piece(part, say_, max(0, room - 2), ascii_only=ascii_only)
        if piece is not None:
            body.append(piece, _part_style(part.verdict)).append("  ")
            used += cell_len(piece) + 2
    # A curve of another value than the first one would say that this one is as calm.
    if state.trend is not None and parts and parts[0].drawn and room - used >= 10:
        spark = sparkline(state.trend.values, min(16, room - used - 1), ascii_only=ascii_only)
        body.append(spark)
        used += cell_len(spark)
    text.append_text(body)
    text.append(" " * max(0, room - used))
    text.append(*(WARNED, "remark") if state.warnings else " ")
    text.append(age, "stale" if stale else "quiet")
    text.truncate(width, pad=True)
    return text


def _worst_first(state: PanelState) -> list[Part]:
    """The pieces of the line; where none of them is as bad as the panel, its reason goes first."""
    parts = sorted(state.parts, key=lambda part: (ORDER.index(part.verdict or Verdict.OK), part.rank))
    if state.verdict is Verdict.OK or any(part.verdict is state.verdict for part in parts):
        return parts
    return [Part(state.reason, 0, state.verdict), *parts]


def _piece(part: Part, say_: Say, room: int) -> str | None:
    """As much of a piece as there is room for: with what its value does, without it, or in short."""
    text = say_(part.text)
    whole = [f"{text} {say_(part.trend)}"] if part.trend is not None else []
    short = [say_(part.short)] if part.short is not None else []
    return next((piece for piece in (*whole, text, *short) if cell_len(piece) <= room), None)


def _cut_piece(part: Part, say_: Say, room: int, *, ascii_only: bool) -> str:
    """A piece that has no room: its name is cut, its number never."""
    text, value = say_(part.text), "" if part.value is None else say_(part.value)
    if value and text.endswith(value) and room - cell_len(value) > MIN_NAME:
        name = cut(text.removesuffix(value).rstrip(), room - cell_len(value) - 1, ascii_only=ascii_only)
        return f"{name.rstrip()} {value}"
    return cut(value or text, room, ascii_only=ascii_only).rstrip()


def panel_details(
    state: PanelState,
    say_: Say,
    width: int,
    height: int,
    now: float,
    *,
    ascii_only: bool = False,
    span_s: float = BOARD_SPAN_S,
) -> list[Text]:
    """What unfolds under the line: the reason, the rows, and a chart of `span_s` up to `now` in the room that is left."""
    if height <= 0:
        return []
    chart = next(
        (drawn for drawn in state.charts if drawn.span_s == span_s), state.charts[0] if state.charts else None
    )
    # That all is well stands in the mark already, and the rows of a list are its reason.
    needs_reason = (
        not (state.rows or chart)
        if state.verdict is Verdict.OK
        else not (state.rows and state.shape == "list")
    )
    lines = [
        Text("   " + part, STYLES[state.verdict]) for part in wrap_to_width(say_(state.reason), width - 4)
    ][:3]
    lines = lines if needs_reason else []
    spare = height - len(lines) - len(state.rows) - (CHART_HEIGHT if chart is not None else 0)
    lines += [
        Text(f" {' ' if index else WARNED} {part}", "remark")
        for warning in state.warnings
        for index, part in enumerate(wrap_to_width(say_(warning), width - 4))
    ][: max(MIN_WARNING_LINES, spare)]
    left = height - len(lines)
    wanted = left if chart is None else max(0, left - CHART_HEIGHT)
    lines += _rows(_needed(state.rows, wanted), say_, width, ascii_only=ascii_only)
    left = height - len(lines)
    if chart is not None and left >= 3:
        axis = time_axis(now, chart_columns(width - 1), chart.span_s, chart.span_s * AHEAD_SHARE)
        lines += draw_chart(chart, axis, left, say_, ascii_only=ascii_only)
    for line in lines:
        line.truncate(width)
    return lines[:height]


def _needed(rows: Sequence[Row], count: int) -> Sequence[Row]:
    """Where not all have room, those that are worst; in their own order."""
    if len(rows) <= count:
        return rows
    worst = sorted(range(len(rows)), key=lambda at: _ROW_ORDER.index(rows[at].verdict))[: max(0, count)]
    return [rows[at] for at in sorted(worst)]


def _rows(rows: Sequence[Row], say_: Say, width: int, *, ascii_only: bool) -> list[Text]:
    """One line a row, in columns: those that fit whole, and as much of the last one as there is room for."""
    marks = ASCII_MARKS if ascii_only else MARKS
    shown = [[say_(cell) for cell in row.cells] for row in rows]
    room = width - 7
    widths = _columns([cells for cells in shown if len(cells) > 1], room)
    lines = []
    for row, cells in zip(rows, shown, strict=True):
        style = STYLES[row.verdict] if row.verdict not in (None, Verdict.OK) else ""
        columns = list(cells)  # of one cell: a sentence, which needs no columns
        if len(cells) > 1:
            kept = cells[: len(widths)]
            columns = [cut(kept[0], widths[0], ascii_only=ascii_only)]
            columns += [
                cell + " " * (column - cell_len(cell))
                for cell, column in zip(kept[1:], widths[1:], strict=False)
            ]
        mark = marks[row.verdict] if row.verdict is not None else " "
        text = cut(f"     {mark} {' '.join(columns).rstrip()}", width, ascii_only=ascii_only).rstrip()
        lines.append(Text(text, style, no_wrap=True))
    return lines


def _columns(shown: Sequence[Sequence[str]], room: int) -> list[int]:
    """How wide each column is. The name comes first, then the value; the last ones go when there is no room for them."""
    most = max((len(cells) for cells in shown), default=0)
    widths = [max(cell_len(cells[at]) for cells in shown if at < len(cells)) for at in range(most)]
    between = [12, *(min(max(12, cells), 26) for cells in widths[1:])]
    name = min(widths[0], MAX_NAME) if widths else 0

    def rest(count: int) -> int:
        """What the columns behind the name need."""
        return sum(column + 1 for column in between[1 : count - 1]) + (
            1 + min(widths[count - 1], 14) if count > 1 else 0
        )

    while most > 2 and name + rest(most) > room:
        most -= 1
    first = min(widths[0], max(8, room - rest(most))) if widths else 0
    return [first, *between[1:most]]


def _part_style(verdict: Verdict | None) -> str:
    """Good news has no colour of its own; what is not known is the loudest of all."""
    if verdict in (None, Verdict.OK):
        return ""
    return "no_data" if verdict is Verdict.UNKNOWN else STYLES[verdict]


def _age(state: PanelState, say_: Say, now: float) -> tuple[str, bool]:
    """The age of the oldest number on the line, and whether it is too old to be believed."""
    ages = [
        (max(0.0, now - reading.at), max(state.interval_s, reading.every_s))
        for reading in state.readings
        if reading.at is not None
    ]
    if not ages or state.freshness is Freshness.NONE:
        return "  –", False
    # What is asked seldom on purpose is not old yet, and does not age the line.
    shown = max((age_s for age_s, every_s in ages if every_s <= state.interval_s), default=ages[0][0])
    late = [age_s for age_s, every_s in ages if age_s > 2 * every_s + 1]
    text = age_text(max([shown, *late]))
    if late or state.freshness is Freshness.STALE:
        return say_(say("panels.stale", age=text)), True
    return f"{text:>5}", False
