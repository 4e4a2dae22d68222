"""An answer for people: as a table with one line a series, and a range of values as a chart on a terminal."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from signals.reading import format_value

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

    from signals.reading import Answer, Labels, Series
    from tui.i18n import Language

CHART_HEIGHT = 12


def series_name(labels: Labels) -> str:
    """The series as a selector: `name{label="value"}`."""
    named = dict(labels)
    name = named.pop("__name__", "")
    inside = ",".join(f'{label}="{_escaped(value)}"' for label, value in named.items())
    return f"{name}{{{inside}}}" if inside or not name else name


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"')


def utc(at: float) -> str:
    """A time of day with its date, UTC."""
    return dt.datetime.fromtimestamp(at, dt.UTC).strftime("%Y-%m-%d %H:%M:%S")


def answer_table(answer: Answer, words: Language) -> Table:
    """A vector shows its values, a matrix what each series did over its time."""
    from rich.table import Table
    from rich.text import Text

    table = Table(title=Text(answer.expr), title_justify="left", box=None, pad_edge=False, show_edge=False)
    table.add_column(words.text("eval.series"), overflow="fold", ratio=1)
    if answer.kind == "string":
        table.add_row(Text(answer.text))
        return table
    columns = ("points", "first", "last", "least", "most") if answer.kind == "matrix" else ("value",)
    for column in columns:
        table.add_column(words.text(f"eval.{column}"), justify="right", no_wrap=True)
    for series in answer.series:
        table.add_row(Text(series_name(series.labels)), *_cells(answer, series))
    return table


def _cells(answer: Answer, series: Series) -> list[str]:
    if answer.kind != "matrix":
        return [format_value(series.values[0])]
    numbers = [value for value in series.values if value == value] or [float("nan")]  # noqa: PLR0124  # NaN is not itself
    return [
        str(len(series.values)),
        f"{format_value(series.values[0])} {utc(series.times[0])}",
        f"{format_value(series.values[-1])} {utc(series.times[-1])}",
        format_value(min(numbers)),
        format_value(max(numbers)),
    ]


def answer_chart(
    answer: Answer, span_s: float, width: int, words: Language, *, ascii_only: bool
) -> list[Text]:
    """The series that are highest at their end, as many as can be told apart; empty for what is no matrix."""
    from core.message import say
    from panels.draw.axis import time_axis
    from panels.draw.chart import chart_columns, draw_chart
    from panels.state import LETTERS, Chart

    ends = [series.times[-1] for series in answer.series if series.times]
    if answer.kind != "matrix" or not ends:
        return []
    highest = sorted(
        answer.series, key=lambda series: series.values[-1] if series.values else 0.0, reverse=True
    )
    shown = tuple(highest[: len(LETTERS)])
    names = tuple(say("panels.text", text=series_name(series.labels)) for series in shown)
    chart = Chart(title=say("panels.text", text=answer.expr), unit="none", curves=shown, names=names)
    axis = time_axis(max(ends), chart_columns(width), span_s)
    lines = draw_chart(chart, axis, CHART_HEIGHT, words.say, ascii_only=ascii_only)
    for line in lines:
        line.truncate(width)
    return lines
