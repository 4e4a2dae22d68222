"""A panel as text: its line, its details, its chart. Blocks where the locale can show them, ASCII elsewhere."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from panels.axis import AHEAD, BOARD_SPAN_S, time_axis
from panels.chart import chart_columns, draw_chart
from signals.message import say
from signals.reading import Freshness, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from panels.state import Chart, PanelState, Row
    from signals.message import Message

    Say = Callable[[Message], str]

MARKS = {Verdict.BURNING: "✖", Verdict.WARN: "▲", Verdict.OK: "✔", Verdict.UNKNOWN: "?"}
ASCII_MARKS = {Verdict.BURNING: "X", Verdict.WARN: "!", Verdict.OK: "+", Verdict.UNKNOWN: "?"}
STYLES = {verdict: verdict.value for verdict in Verdict}
"""Names, here and below: a theme says what they look like."""
_BLOCKS = "▁▂▃▄▅▆▇█"
_ASCII_BLOCKS = "_.-=+*#@"
CHART_HEIGHT = 5
"""Lines that a chart gets before further rows do."""
BESIDE_WIDTH, BESIDE_HEIGHT = 74, 8
"""From so much room on the rows stand beside the chart."""


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


def panel_line(state: PanelState, say_: Say, width: int, now: float, *, ascii_only: bool = False) -> Text:
    """Mark, title, the parts that fit, a small trend, the age. Stale is reversed and said."""
    marks = ASCII_MARKS if ascii_only else MARKS
    title = set_cell_size(say_(state.title), min(16, max(4, width // 4)))
    age, stale = _age(state, say_, now)
    room = width - cell_len(title) - cell_len(age) - 5
    text = Text(no_wrap=True, end="")
    text.append(f" {marks[state.verdict]} ", STYLES[state.verdict])
    text.append(title, "title" if state.verdict is not Verdict.OK else "")
    text.append(" ")
    body = Text()
    kept = sorted(state.parts, key=lambda part: part.rank)
    used = 0
    for part in kept:
        piece = say_(part.text)
        if used + cell_len(piece) + 2 > room:
            break
        body.append(piece, _part_style(part.verdict))
        body.append("  ")
        used += cell_len(piece) + 2
    if state.trend is not None and room - used >= 10:
        spark = sparkline(state.trend.values, min(16, room - used - 1), ascii_only=ascii_only)
        body.append(spark)
        used += cell_len(spark)
    text.append_text(body)
    text.append(" " * max(0, room - used))
    text.append(" ")
    text.append(age, "stale" if stale else "quiet")
    text.truncate(width, pad=True)
    return text


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
    """What unfolds under the line: the reason, the rows, and a chart of `span_s` up to `now` in the room that is left.

    With much room the rows stand beside the chart.
    """
    if height <= 0:
        return []
    chart = next(
        (one for one in state.charts if one.span_s == span_s), state.charts[0] if state.charts else None
    )
    # That all is well stands in the mark already, and everything below shows it.
    told = state.verdict is not Verdict.OK or not (state.rows or chart)
    lines = [Text("   " + part, STYLES[state.verdict]) for part in wrapped(say_(state.reason), width - 4)][:3]
    lines = lines if told else []
    lines += [
        Text("   " + part, "remark") for one in state.warnings for part in wrapped(say_(one), width - 4)
    ][:2]
    left = height - len(lines)
    if chart is not None and width >= BESIDE_WIDTH and left >= BESIDE_HEIGHT:
        half = width * 9 // 20
        axis = time_axis(now, chart_columns(width - half - 2), chart.span_s, chart.span_s * AHEAD)
        rows = _rows(state.rows[:left], say_, half, ascii_only=ascii_only)
        lines += _beside(rows, half, draw_chart(chart, axis, left, say_, ascii_only=ascii_only))
    else:
        wanted = len(state.rows) if chart is None else max(0, left - CHART_HEIGHT)
        lines += _rows(state.rows[:wanted], say_, width, ascii_only=ascii_only)
        left = height - len(lines)
        if chart is not None and left >= 3:
            axis = time_axis(now, chart_columns(width - 1), chart.span_s, chart.span_s * AHEAD)
            lines += draw_chart(chart, axis, left, say_, ascii_only=ascii_only)
    for line in lines:
        line.truncate(width)
    return lines[:height]


def _beside(rows: list[Text], width: int, drawn: list[Text]) -> list[Text]:
    """The rows in `width` cells, the chart to the right of them."""
    lines = []
    for y, right in enumerate(drawn):
        line = rows[y] if y < len(rows) else Text(no_wrap=True)
        line.truncate(width, pad=True)
        lines.append(line.append("  ").append_text(right))
    return lines


def _rows(rows: Sequence[Row], say_: Say, width: int, *, ascii_only: bool) -> list[Text]:
    """One line a row, in columns; what does not fit is cut with a mark that says so."""
    marks = ASCII_MARKS if ascii_only else MARKS
    shown = [[say_(cell) for cell in row.cells] for row in rows]
    first = max((cell_len(cells[0]) for cells in shown), default=0)
    first = min(max(first, 12), max(8, (width - 7) // 2))
    lines = []
    for row, cells in zip(rows, shown, strict=True):
        style = STYLES[row.verdict] if row.verdict not in (None, Verdict.OK) else ""
        columns = [cut(cells[0], first, ascii_only=ascii_only)]
        columns += [cell + " " * max(0, 12 - cell_len(cell)) for cell in cells[1:-1]]
        columns += cells[-1:] if len(cells) > 1 else []
        mark = marks[row.verdict] if row.verdict is not None else " "
        text = cut(f"     {mark} " + " ".join(columns), width, ascii_only=ascii_only).rstrip()
        lines.append(Text(text, style, no_wrap=True))
    return lines


def cut(text: str, width: int, *, ascii_only: bool = False) -> str:
    """Exactly `width` cells; what was longer ends in a mark."""
    if cell_len(text) <= width:
        return set_cell_size(text, width)
    return set_cell_size(text, max(0, width - 1)) + ("~" if ascii_only else "…") if width > 0 else ""


def wrapped(text: str, width: int) -> list[str]:
    """Broken at spaces, by cells; what has no spaces (Chinese) is broken anywhere."""
    from rich.cells import chop_cells

    out = [""]
    for word in text.split(" "):
        if out[-1] and cell_len(out[-1]) + 1 + cell_len(word) <= width:
            out[-1] += " " + word
        else:
            out += chop_cells(word, max(2, width))
    return [line for line in out if line]


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
