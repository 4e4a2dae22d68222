"""What the past of a panel's charted query says about what is ahead: its curves, their direction, and a limit met."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from core.message import say
from panels.naming import called, quantity
from panels.state import Chart, Part
from signals.metrics.trend import Direction, direction, reaches
from signals.reading import Series, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from core.message import Message
    from panels.settings import PanelSpec, QuerySpec
    from signals.reading import Answer

NEAR_S = 900.0
"""A limit that may be met within a quarter of an hour burns: that is the time a mitigation takes to work."""
FAR_S = 7200.0
"""A line through half an hour says nothing about what is further away than two hours."""
MOST_CURVES = 4
ADDITIVE = ("1/min", "usd", "count", "bytes")
"""Units whose series may be added up; of the others the worst one is looked at."""


def charts(
    spec: PanelSpec, history: Answer | None, name: Callable[[QuerySpec, Series], Message]
) -> tuple[Chart, ...]:
    """The worst curves of the charted query, called as `name` says."""
    query = _charted(spec)
    if query is None or history is None or not history.series:
        return ()
    curves = sorted(history.series, key=lambda one: -sortable(query, one.values[-1]))[:MOST_CURVES]
    names = tuple(name(query, one) for one in curves)
    limit = query.warn if query.burning is None else query.burning
    return (Chart(called(query), query.unit, tuple(curves), names, limit),)


def heading(spec: PanelSpec, history: Answer | None) -> list[Part]:
    """Where all curves together are heading, and when they meet the value that the query is forecast against."""
    query = _charted(spec)
    if query is None or history is None or not history.series:
        return []
    if query.unit in ADDITIVE:
        curve = total(history.series)
    else:
        curve = min(history.series, key=lambda one: -sortable(query, one.values[-1]))
    span = reaches(curve, query.forecast) if query.forecast is not None else None
    # A storm of minutes is no direction of half an hour, but it rises.
    soon = span is not None and span[1] > 0 and span[0] <= FAR_S
    way = Direction.RISING if soon else direction(curve)
    parts = [] if way is None else [Part(say(f"panels.{way}"), query.rank + 1)]
    if span is None or query.forecast is None or span[0] > FAR_S:
        return parts
    early, late = (quantity(one, "s") for one in span)
    limit = quantity(query.forecast, query.unit)
    text = say("panels.reaches", name=called(query), limit=limit, early=early, late=late)
    if span[1] == 0:
        text = say("panels.reached", name=called(query), limit=limit)
    elif span[1] > FAR_S:
        text = say("panels.reaches_from", name=called(query), limit=limit, early=early)
    elif early == late:
        text = say("panels.reaches_about", name=called(query), limit=limit, about=early)
    return [*parts, Part(text, query.rank, Verdict.BURNING if span[0] <= NEAR_S else Verdict.WARN)]


def total(curves: Sequence[Series]) -> Series:
    """The sum at every time that any of the curves has; where one is not there it adds nothing."""
    if len(curves) == 1:
        return curves[0]
    sums: dict[float, list[float]] = {}
    for curve in curves:
        for at, value in zip(curve.times, curve.values, strict=True):
            sums.setdefault(at, []).append(value)
    times = sorted(sums)
    return Series((), tuple(times), tuple(math.fsum(sums[at]) for at in times))


def sortable(query: QuerySpec, value: float) -> float:
    """Higher is worse; NaN is least."""
    if math.isnan(value):
        return -math.inf
    return value if query.worse == "above" else -value


def _charted(spec: PanelSpec) -> QuerySpec | None:
    return next((one for one in spec.queries if one.name == spec.chart), None)
