"""Two who count the same queue: the metric that the service exports, and the broker itself. Who is believed, and who errs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from core.message import say
from panels.naming import display_name
from panels.projection import MAX_CURVES, total
from panels.spec import QuerySpec
from panels.state import Chart, Part
from signals.reading import Freshness, Verdict

if TYPE_CHECKING:
    from core.message import Message
    from panels.state import PanelState
    from signals.celery.model import Queue, Queues

WARN_WAITING, BURNING_WAITING = 50.0, 100.0
"""The operations manual calls a queue unhealthy from 50 messages on and critical over 100."""
SLACK, SLACK_SHARE = 10.0, 0.2
"""A metric is a scrape old, and may count what workers hold: only what lies further off than this contradicts."""
MOST_NAMED = 3


def believed_limits(query: QuerySpec | None) -> QuerySpec:
    """The configured limits, so that metric and broker are judged alike; without any, the manual's."""
    if query is not None and (query.warn is not None or query.burning is not None):
        return query
    return QuerySpec(name="waiting", expr="", unit="count", warn=WARN_WAITING, burning=BURNING_WAITING)


def knows(state: PanelState) -> bool:
    """Whether any metric of the panel has an answer."""
    return any(reading.value is not None for reading in state.readings)


def without_metric(state: PanelState, found: Queues, query: QuerySpec | None) -> PanelState:
    """The panel as if it had asked the broker in the first place; the verdict is left to the depths."""
    longest = sorted(found.queues, key=lambda queue: -queue.waiting)
    parts = tuple(
        Part(
            say("panels.part", name=say("panels.text", text=one.name), value=str(one.waiting)),
            1,
            Verdict.OK,
        )
        for one in longest[:MOST_NAMED]
    )
    curves = [one.depths for one in longest if one.depths is not None]
    return replace(
        state,
        verdict=Verdict.OK,
        reason=say("panels.within_limits"),
        warnings=(say("panels.broker_alone", why=state.reason),),
        parts=parts,
        readings=(),
        freshness=Freshness.LIVE,
        charts=charts_of(longest, query),
        trend=total(curves) if curves else None,
    )


def charts_of(queues: list[Queue], query: QuerySpec | None) -> tuple[Chart, ...]:
    """What the broker was seen to hold since the program started."""
    drawn = [(say("panels.text", text=one.name), one.depths) for one in queues if one.depths is not None][
        :MAX_CURVES
    ]
    if not drawn:
        return ()
    limits = believed_limits(query)
    limit = limits.warn if limits.burning is None else limits.burning
    names, curves = zip(*drawn, strict=True)
    return (Chart(display_name(limits), "count", curves, names, limit),)


def contradictions(state: PanelState, found: Queues) -> tuple[Message, ...]:
    """Every queue of which the metric says something that the broker has not been seen to hold."""
    told = {
        value: reading.value
        for reading in state.readings
        if reading.value is not None
        for label, value in reading.labels
        if label == "queue"
    }
    return tuple(
        say("panels.contradicts", name=queue.name, told=f"{told[queue.name]:.0f}", waiting=queue.waiting)
        for queue in found.queues
        if queue.name in told and not _fits(told[queue.name], queue)
    )


def _fits(told: float, queue: Queue) -> bool:
    seen = [float(queue.waiting), *(queue.depths.values if queue.depths is not None else ())]
    low, high = min(seen), max(seen) + (queue.unacked or 0)
    return low - _slack(low) <= told <= high + _slack(high)


def _slack(value: float) -> float:
    return max(SLACK, SLACK_SHARE * value)
