"""The axes of a chart: a time axis that moves by whole columns, and a scale of round numbers that seldom changes."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

from core.units import binary_size

MAX_CELLS = 8
"""Of a number of the scale."""
TICKS_S = (5, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400)
DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class TimeAxis:
    """`columns` columns of `column_s` seconds from `start` on (Unix seconds); what is after `now` is a forecast.

    Columns stand at whole multiples of their width, so that two charts of one width show the same times in the same
    columns, and nothing is redrawn until a whole column has passed.
    """

    start: float
    column_s: float
    columns: int
    now: float

    @property
    def end(self) -> float:
        """The right edge (Unix seconds)."""
        return self.start + self.columns * self.column_s

    def at(self, column: float) -> float:
        """The time at the middle of a column."""
        return self.start + (column + 0.5) * self.column_s


def time_axis(now: float, columns: int, span_s: float, ahead_s: float = 0.0) -> TimeAxis:
    """The axis on which `now` stands in the last column of the past."""
    columns = max(2, columns)
    column_s = (span_s + ahead_s) / columns
    ahead = min(columns - 1, math.floor(ahead_s / column_s))
    start = (math.floor(now / column_s) + 1 + ahead - columns) * column_s
    return TimeAxis(start, column_s, columns, now)


def time_labels(axis: TimeAxis) -> str:
    """Clock times (UTC) under the columns they stand for, dates on a long axis; a `?` at those still to come."""
    span_s = axis.columns * axis.column_s
    form = "%H:%M:%S" if span_s < 600 else "%H:%M" if span_s <= 1.5 * DAY_S else "%m-%d"
    width = len(time.strftime(form, time.gmtime(0)))
    wanted = (width + 4) * axis.column_s
    step = next((tick for tick in TICKS_S if tick >= wanted), math.ceil(wanted / DAY_S) * DAY_S)
    if form == "%m-%d":
        step = max(step, DAY_S)
    line = ""
    at = math.ceil(axis.start / step) * step
    while at < axis.end:
        column = int((at - axis.start) / axis.column_s)
        label = time.strftime(form, time.gmtime(at)) + ("?" if at > axis.now else "Z")
        if column + len(label) <= axis.columns:
            line = line.ljust(column) + label
        at += step
    return line


def round_top(highest: float) -> float:
    """The least of 1, 2, 5, 10 … at or above the highest value; 1 when there is nothing above zero."""
    if not math.isfinite(highest) or highest <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(highest))
    if power == 0.0:  # so small that it has no decimal power
        return highest
    top = next((step * power for step in (1, 2, 5) if step * power >= highest), 10 * power)
    return top if math.isfinite(top) else highest


def scale_text(value: float, unit: str) -> str:
    """A number of the scale with its unit, in at most `MAX_CELLS`."""
    if unit == "s":
        size = abs(value)
        if size < 120:
            return f"{value:.3g}s"
        return (
            f"{value / 60:.3g}min"
            if size < 7200
            else f"{value / 3600:.3g}h"
            if size < 172_800
            else f"{value / DAY_S:.3g}d"
        )
    if unit == "ratio":
        return f"{value * 100:.3g}%"
    if unit == "bytes":
        text = binary_size(value).replace(" ", "")
        return text if len(text) <= MAX_CELLS else f"{value:.0e}"
    shown = _thousands(value)
    return {"usd": f"${shown}", "1/min": f"{shown}/min"}.get(unit, shown)


def _thousands(value: float) -> str:
    for size, letter in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:.3g}{letter}" if abs(value) < 1e15 else f"{value:.0e}"
    return f"{value:.2g}" if 0 < abs(value) < 0.001 else f"{value:.3g}"
