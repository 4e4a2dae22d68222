"""What a panel has to say at one moment, as data: the border between judging and drawing."""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass
from itertools import pairwise
from statistics import median_low
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.message import Message
    from signals.alerts.model import Alerts
    from signals.reading import Freshness, Reading, Series, Verdict

LETTERS = "abcdefgh"
"""Each curve of a chart has one: so many curves has a chart at most."""
MAX_GAP = 1.6
"""Samples this many usual distances apart are joined; over a longer rest nothing was measured."""
BOARD_SPAN_S = 1800.0
"""A chart of the board shows the last thirty minutes, also when less is known."""
LONG_SPAN_S = 7200.0
"""With much room the charts of the board show the last two hours."""
AHEAD_SHARE = 0.25
"""The share of what is shown of the past that is shown ahead: further away a line through it says little."""


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a panel's line: the worst verdict first, then the least `rank`; the last ones go when it is too narrow.

    `trend` is what the value in `text` does, and stands behind it. Where the text has no room `short` says the same; `value`
    is what is never cut of it.
    """

    text: Message
    rank: int
    verdict: Verdict | None = None
    trend: Message | None = None
    value: Message | None = None
    short: Message | None = None
    drawn: bool = False
    """Whether the panel's small curve is the past of this value."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a panel's details (a service, a queue, a worker, a source of requests, an alert)."""

    cells: tuple[Message, ...]
    verdict: Verdict | None = None
    kind: Literal["", "error_budget"] = ""
    """What code may ask of a row: which ones say what is left of an error budget."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """Where a curve goes if nothing changes: the likely line, and the ends of what is probable."""

    low: Series
    middle: Series
    high: Series


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """Something to draw over time: curves of one unit, a limit line, and a forecast that is drawn differently."""

    title: Message
    unit: str
    curves: tuple[Series, ...]
    names: tuple[Message, ...]
    limit: float | None = None
    forecast: Forecast | None = None
    span_s: float = BOARD_SPAN_S


@dataclass(frozen=True, slots=True)
class Standing:
    """Something that is the case now, began once and will end: an alert, a silence, a release, a rate limit that is hit.

    `since` (Unix seconds) is None where its beginning is not known.
    """

    kind: Literal["alert", "silence", "release", "told"]
    name: Message
    since: float | None = None
    verdict: Verdict | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PanelState:
    """A panel, judged. `reason` says why the verdict is what it is, in one sentence."""

    id: str
    title: Message
    verdict: Verdict
    reason: Message
    parts: tuple[Part, ...]
    rows: tuple[Row, ...]
    charts: tuple[Chart, ...]
    readings: tuple[Reading, ...]
    trend: Series | None
    at: float | None
    interval_s: float
    freshness: Freshness
    shape: Literal["metric", "list"] = "metric"
    runbook: str = ""
    links: tuple[tuple[str, str], ...] = ()
    """Where the same is to be seen or read: names and addresses."""
    warnings: tuple[Message, ...] = ()
    standing: tuple[Standing, ...] = ()
    alerts: Alerts | None = None  # all that is known of them, on the panel of alerts
    stand_in: str = ""
    """The source of metrics that answers in place of the first one; empty while that one does."""


def value_at(curve: Series, at: float) -> float | None:
    """The sample nearest to a time, if it is near enough to speak for it; None over a gap."""
    finite = [index for index, value in enumerate(curve.values) if math.isfinite(value)]
    if not finite:
        return None
    times = [curve.times[index] for index in finite]
    after = bisect_left(times, at)
    nearest = min(
        range(max(0, after - 1), min(len(times), after + 1)), key=lambda index: abs(times[index] - at)
    )
    if abs(times[nearest] - at) > MAX_GAP / 2 * (spacing(curve.times) or 1.0):
        return None
    return curve.values[finite[nearest]]


def spacing(times: Sequence[float]) -> float:
    """Seconds between two samples of an unbroken piece; 0 with fewer than two. The last one may have come early."""
    return median_low([later - earlier for earlier, later in pairwise(times)] or [0.0])
