"""A panel as text: its line, its details, its chart. Blocks where the locale can show them, ASCII elsewhere."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from panels.axis import BOARD_AHEAD_S, BOARD_SPAN_S, time_axis
from panels.chart import chart_columns, draw_chart
from signals.message import say
from signals.reading import Freshness, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from panels.state import PanelState
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
    state: PanelState, say_: Say, width: int, height: int, now: float, *, ascii_only: bool = False
) -> list[Text]:
    """What unfolds under the line: the reason, the rows, and a chart up to `now` in the room that is left."""
    if height <= 0:
        return []
    lines = [Text("   " + part, STYLES[state.verdict]) for part in wrapped(say_(state.reason), width - 4)][:3]
    lines += [
        Text("   " + part, "remark") for one in state.warnings for part in wrapped(say_(one), width - 4)
    ][:2]
    wanted = len(state.rows) if not state.charts else max(0, height - len(lines) - CHART_HEIGHT)
    for row in state.rows[:wanted]:
        cells = [say_(cell) for cell in row.cells]
        first = min(30, max(8, width // 3))
        columns = [
            set_cell_size(cells[0], first),
            *(set_cell_size(cell, 12) for cell in cells[1:-1]),
            cells[-1],
        ]
        mark = (ASCII_MARKS if ascii_only else MARKS)[row.verdict or Verdict.OK]
        style = STYLES[row.verdict] if row.verdict not in (None, Verdict.OK) else ""
        lines.append(Text(f"     {mark} " + " ".join(columns), style))
    left = height - len(lines)
    if state.charts and left >= 3:
        axis = time_axis(now, chart_columns(width - 1), BOARD_SPAN_S, BOARD_AHEAD_S)
        lines += draw_chart(state.charts[0], axis, left, say_, ascii_only=ascii_only)
    for line in lines:
        line.truncate(width)
    return lines[:height]


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
