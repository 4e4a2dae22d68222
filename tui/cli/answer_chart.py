"""A range of values as a chart, for `warroom query` on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.message import say
from panels.draw.axis import time_axis
from panels.draw.chart import LETTERS, chart_columns, draw_chart
from panels.state import Chart
from tui.cli.answer import series_name

if TYPE_CHECKING:
    from rich.text import Text

    from signals.reading import Answer
    from tui.i18n import Language

HEIGHT = 12


def answer_chart(
    answer: Answer, span_s: float, width: int, words: Language, *, ascii_only: bool
) -> list[Text]:
    """The series that are highest at their end, as many as can be told apart; nothing of what is no matrix or empty."""
    times = [series.times[-1] for series in answer.series if series.times]
    if answer.kind != "matrix" or not times:
        return []
    shown = sorted(answer.series, key=lambda one: one.values[-1] if one.values else 0.0, reverse=True)
    shown = shown[: len(LETTERS)]
    names = tuple(say("panels.text", text=series_name(series.labels)) for series in shown)
    chart = Chart(say("panels.text", text=answer.expr), "none", tuple(shown), names)
    axis = time_axis(max(times), chart_columns(width), span_s)
    lines = draw_chart(chart, axis, HEIGHT, words.say, ascii_only=ascii_only)
    for line in lines:
        line.truncate(width)
    return lines
