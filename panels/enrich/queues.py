"""What the broker itself holds, on the panel of the queues: two count the same messages, the metric and the broker.

The broker's count is that of now, so where both agree it is the one number that is shown, behind the metric's past. Where
the metric has no answer, the broker alone is judged; where it has another, both are, and the difference is said.
"""

from __future__ import annotations

import asyncio
import math
from dataclasses import replace
from typing import TYPE_CHECKING

from core.message import say
from core.units import quantity
from panels.enrich.registry import Enricher
from panels.fetch import history, joined
from panels.fold import Contribution, merge
from panels.limits import judge_value, worst
from panels.naming import display_name
from panels.projection import MAX_CURVES, trend_words, with_forecast
from panels.spec import QuerySpec
from panels.state import AHEAD_SHARE, BOARD_SPAN_S, Chart, Part, Row
from signals.metrics.trend import Direction, Jump, Trend, trend
from signals.reading import Answer, Reading, Series, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from core.errors import SourceError
    from core.message import Message
    from panels.enrich.registry import PanelContext
    from panels.spec import PanelSpec
    from signals.celery.model import Queue, Queues

WARN_WAITING, BURNING_WAITING = 50.0, 100.0
"""Where a panel of queues has no limits of its own."""
SLACK, SLACK_SHARE = 10.0, 0.2
"""A metric is a scrape old, and may count what workers hold: only what lies further off than this contradicts."""
MAX_NAMED = 3
WARN_MEMORY, BURNING_MEMORY = 0.8, 0.95
"""Of the broker's limit: beyond it a broker refuses new messages, or throws old ones away."""


async def _enrich(context: PanelContext) -> Contribution:
    if context.sources.queues is None:
        return Contribution()
    exprs = [query.expr for query in context.spec.queries if query.expr]
    queues, metrics = await asyncio.gather(
        context.sources.queues.queues(), asyncio.gather(*map(context.cache.query, exprs))
    )
    charted = context.spec.charted
    past = None
    if charted is not None and charted.expr:
        past = await history(charted, None, context.cache, context.now, BOARD_SPAN_S)
    return contribute(context.spec, queues, metrics, past, now=context.now)


def contribute(
    spec: PanelSpec,
    queues: Queues,
    metrics: Sequence[Answer | SourceError],
    past: Answer | None = None,
    *,
    now: float = math.nan,
) -> Contribution:
    """Depth of every queue: priorities counted, with what workers hold and the oldest age.

    `metrics` are the answers to the panel's queries, `past` is that of the charted one, whose limits hold for the broker,
    too.
    """
    asked = bool(spec.asking().queries)
    if not (queues.queues or queues.undeclared or asked):
        return Contribution(verdict=Verdict.UNKNOWN, reason=say("panels.no_queues"))
    limits = _waiting_limits(spec.charted)
    series = [each for answer in metrics if isinstance(answer, Answer) for each in answer.series]
    alone = bool(queues.queues) and not series
    longest = sorted(queues.queues, key=lambda queue: -queue.waiting)
    verdicts = [judge_value(limits, float(queue.waiting)) for queue in queues.queues]
    unknown = (Verdict.UNKNOWN,) if queues.undeclared else ()
    verdict = worst([*verdicts, *unknown]) if verdicts or unknown else None
    reason = None
    if verdict is Verdict.UNKNOWN:
        reason = say("panels.queue_undeclared", name=queues.undeclared[0])
    elif longest and verdict is not Verdict.OK:
        reason = say("panels.queue_long", name=longest[0].name, count=longest[0].waiting)
    by_metric = _by_queue(series)
    contradictions = () if alone else _contradictions(queues, by_metric)
    warnings = contradictions
    depth_queries = _depth_queries(spec, metrics)
    known = {queue.name for queue in queues.queues}
    agrees = bool(depth_queries) and not contradictions and set(by_metric) <= known
    counted = alone or agrees
    if queues.eviction_policy and queues.eviction_policy.startswith("allkeys"):
        warnings = (*warnings, say("panels.evicts", policy=queues.eviction_policy))
    if not queues.complete:
        warnings = (*warnings, say("panels.queues_incomplete"))
    curves = {queue.name: _curve(queue, past, queues.at) for queue in longest}
    parts = [_part(queue, limits, curves[queue.name]) for queue in longest[:MAX_NAMED]] if counted else []
    if longest and longest[0].waiting and (drain := _drain(longest[0], curves[longest[0].name])) is not None:
        parts.append(Part(drain, 3))
    charts = _charts(curves, limits, now) if counted else ()
    depths = Contribution(
        verdict=verdict,
        reason=reason,
        parts=tuple(parts),
        rows=(
            *(
                _row(queue, judged, curves[queue.name])
                for queue, judged in zip(queues.queues, verdicts, strict=True)
            ),
            *(_undeclared_row(name) for name in queues.undeclared),
        ),
        readings=tuple(_reading(queue, queues) for queue in queues.queues),
        charts=charts,
        trend=charts[0].curves[0] if charts else None,
        warnings=warnings,
    )
    return replace(
        merge([depths, _memory(queues)]),
        replaces_rows_of=frozenset(query.name for query in spec.queries),
        replaces_all_of=depth_queries if agrees else frozenset(),
        instead_of_metrics=(lambda why: say("panels.broker_alone", why=why)) if alone and asked else None,
    )


def _waiting_limits(query: QuerySpec | None) -> QuerySpec:
    """The configured limits, so that metric and broker are judged alike; without any, these."""
    if query is not None and (query.warn is not None or query.burning is not None):
        return query
    return QuerySpec(name="waiting", expr="", unit="count", warn=WARN_WAITING, burning=BURNING_WAITING)


def _contradictions(queues: Queues, by_metric: dict[str, float]) -> tuple[Message, ...]:
    """Every queue of which the metric says something that the broker has not been seen to hold."""
    return tuple(
        say("panels.contradicts", name=queue.name, told=f"{count:.0f}", waiting=queue.waiting)
        for queue in queues.queues
        if (count := by_metric.get(queue.name)) is not None and not _agrees(count, queue)
    )


def _by_queue(series: Sequence[Series]) -> dict[str, float]:
    return {dict(each.labels)["queue"]: each.values[-1] for each in series if "queue" in dict(each.labels)}


def _agrees(count: float, queue: Queue) -> bool:
    seen = [float(queue.waiting), *(queue.depths.values if queue.depths is not None else ())]
    low, high = min(seen), max(seen) + (queue.unacked or 0)
    return low - _slack(low) <= count <= high + _slack(high)


def _slack(value: float) -> float:
    return max(SLACK, SLACK_SHARE * value)


def _depth_queries(spec: PanelSpec, metrics: Sequence[Answer | SourceError]) -> frozenset[str]:
    """The queries whose series are queues; `metrics` are their answers."""
    asking = spec.asking().queries
    return frozenset(
        query.name
        for query, answer in zip(asking, metrics, strict=False)
        if isinstance(answer, Answer) and _by_queue(answer.series)
    )


def _curve(queue: Queue, past: Answer | None, at: float) -> Series | None:
    """The metric's past with the broker's count of now; without a metric, the counts since the program started."""
    by_name = {dict(series.labels).get("queue"): series for series in (past.series if past else ())}
    metric = by_name.get(queue.name)
    if metric is None:
        return queue.depths
    return joined(metric, Series(metric.labels, (at,), (float(queue.waiting),)))


def _part(queue: Queue, limits: QuerySpec, curve: Series | None) -> Part:
    name, value = say("panels.text", text=queue.name), say("panels.text", text=str(queue.waiting))
    return Part(
        say("panels.part", name=name, value=value),
        1,
        judge_value(limits, float(queue.waiting)),
        trend=None if curve is None else trend_words(limits, curve),
        value=value,
        drawn=True,
    )


def _row(queue: Queue, verdict: Verdict, curve: Series | None) -> Row:
    held = say("panels.text", text="?" if queue.unacked is None else str(queue.unacked))
    oldest = say("panels.oldest_none")
    if queue.oldest_s is not None:
        key = "panels.oldest_floor" if queue.oldest_is_floor else "panels.oldest"
        oldest = say(key, seconds=round(queue.oldest_s))
    cells = (
        say("panels.text", text=queue.name),
        say("panels.waiting", count=queue.waiting),
        say("panels.held", count=held),
        _drain(queue, curve) or say("panels.text", text=""),
        oldest,
    )
    return Row((*cells, *_priorities(queue)), verdict)


def _priorities(queue: Queue) -> tuple[Message, ...]:
    """How many messages wait at which priority, where that is more than one."""
    depths = [f"{priority}: {count}" for priority, count in sorted(queue.by_priority.items()) if count]
    return (say("panels.by_priority", depths=", ".join(depths)),) if len(depths) > 1 else ()


def _memory(queues: Queues) -> Contribution:
    """The broker's memory against its limit; without a limit there is nothing to judge."""
    if queues.used_bytes is None or not queues.limit_bytes:
        return Contribution()
    used, limit = quantity(queues.used_bytes, "bytes"), quantity(queues.limit_bytes, "bytes")
    ratio = queues.used_bytes / queues.limit_bytes
    share = say("quantity.percent", value=f"{100 * ratio:.0f}")
    query = QuerySpec(name="memory", expr="", unit="ratio", warn=WARN_MEMORY, burning=BURNING_MEMORY)
    verdict = judge_value(query, ratio)
    full = say("panels.broker_memory_full", share=share, used=used, limit=limit)
    cells = (say("panels.broker_memory"), share, say("panels.memory_of_limit", used=used, limit=limit))
    return Contribution(
        verdict=verdict,
        reason=None if verdict is Verdict.OK else full,
        rows=(Row(cells, verdict),),
    )


def _undeclared_row(name: str) -> Row:
    return Row((say("panels.text", text=name), say("panels.undeclared_cell")), Verdict.UNKNOWN)


def _reading(queue: Queue, queues: Queues) -> Reading:
    return Reading(
        name=f"{queue.name} waiting",
        value=float(queue.waiting),
        unit="count",
        at=queues.at,
        source=queues.source,
        query=f"LLEN {queue.name}",
        labels=(("queue", queue.name),),
        called=say("panels.reading_waiting", name=queue.name),
    )


def _charts(by_queue: Mapping[str, Series | None], limits: QuerySpec, now: float) -> tuple[Chart, ...]:
    """The longest queues, with what is ahead of the first one."""
    drawn = [(name, curve) for name, curve in by_queue.items() if curve is not None][:MAX_CURVES]
    if not drawn:
        return ()
    chart = Chart(
        title=display_name(limits),
        unit="count",
        curves=tuple(curve for _, curve in drawn),
        names=tuple(say("panels.text", text=name) for name, _ in drawn),
        limit=limits.warn if limits.burning is None else limits.burning,
    )
    return (with_forecast(chart, now, BOARD_SPAN_S * AHEAD_SHARE),)


def _drain(queue: Queue, curve: Series | None) -> Message | None:
    """When the queue will be empty: never while as much comes in as goes out. None where that is not known."""
    now = None if curve is None else trend(curve)
    if not queue.waiting or now is None or (isinstance(now, Jump) and now.after < now.before):
        return None
    if isinstance(now, Trend) and now.direction is Direction.FALLING:
        return say("panels.drains", duration=quantity(queue.waiting / -now.slope.middle, "s"))
    return say("panels.never_drains")


ENRICHER = Enricher(id="queues", applies=lambda spec: spec.kind == "queues", enrich=_enrich)
