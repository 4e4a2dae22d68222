"""What the broker and the database themselves say, added to a panel that metrics have judged."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from core.errors import SourceError
from core.message import say
from core.units import quantity
from panels.enrich.queue_reconcile import believed_limits, contradictions, knows, without_metric
from panels.limits import judge_value, worst
from panels.state import Part, Row
from signals.database.model import Drift
from signals.metrics.trend import Direction, direction, slope
from signals.reading import Freshness, Reading, Verdict

if TYPE_CHECKING:
    from core.message import Message
    from panels.spec import QuerySpec
    from panels.state import PanelState
    from signals.celery.model import Queue, Queues
    from signals.database.model import Schema


def add_queues(state: PanelState, found: Queues | SourceError, query: QuerySpec | None = None) -> PanelState:
    """Depth of every queue as the broker has it: priorities counted, with what workers hold and the oldest age.

    `query` is the panel's question to the metrics: its limits hold for the broker, too. Where the metrics have no
    answer, the broker alone is judged; where they have another, the difference is said.
    """
    if isinstance(found, SourceError):
        return _unknown(state, found)
    warnings = state.warnings
    if knows(state):
        warnings = (*warnings, *contradictions(state, found))
    elif found.queues:
        state = without_metric(state, found, query)
        warnings = state.warnings
    limits = believed_limits(query)
    rows, readings, verdicts = [], [], [state.verdict]
    for queue in found.queues:
        verdict = judge_value(limits, float(queue.waiting))
        verdicts.append(verdict)
        held = say("panels.text", text="?" if queue.unacked is None else str(queue.unacked))
        oldest = say("panels.oldest_none")
        if queue.oldest_s is not None:
            key = "panels.oldest_floor" if queue.oldest_is_floor else "panels.oldest"
            oldest = say(key, seconds=round(queue.oldest_s))
        rows.append(
            Row(
                (
                    say("panels.text", text=queue.name),
                    say("panels.waiting", count=queue.waiting),
                    say("panels.held", count=held),
                    _drain(queue),
                    oldest,
                ),
                verdict,
                queue.name,
            )
        )
        readings.append(
            Reading(
                f"{queue.name} waiting",
                float(queue.waiting),
                "count",
                found.at,
                found.source,
                f"LLEN {queue.name}",
                called=say("panels.reading_waiting", name=queue.name),
            )
        )
    if found.eviction_policy and found.eviction_policy.startswith("allkeys"):
        warnings = (*warnings, say("panels.evicts", policy=found.eviction_policy))
    verdict = worst(verdicts)
    reason = state.reason
    if verdict is not state.verdict:
        longest = max(found.queues, key=lambda queue: queue.waiting)
        reason = say("panels.queue_long", name=longest.name, count=longest.waiting)
    fullest = max(found.queues, key=lambda queue: queue.waiting, default=None)
    part = (Part(_drain(fullest), 3),) if fullest is not None and fullest.waiting else ()
    return replace(
        state,
        verdict=verdict,
        reason=reason,
        parts=(*state.parts, *part),
        rows=tuple(rows),
        readings=(*state.readings, *readings),
        warnings=warnings,
    )


def _drain(queue: Queue) -> Message:
    """Which way the queue goes, and when it will be empty: never while as much comes in as goes out."""
    if queue.depths is None or (way := direction(queue.depths)) is None:
        return say("panels.text", text="")
    if way is Direction.FALLING and (found := slope(queue.depths)) is not None and found.middle < 0:
        return say("panels.drains", duration=quantity(queue.waiting / -found.middle, "s"))
    if not queue.waiting:
        return say("panels.way_steady")
    return say("panels.never_drains_rising" if way is Direction.RISING else "panels.never_drains")


def add_schema(state: PanelState, found: Schema | SourceError) -> PanelState:
    """The database's revision against the scripts, and what is there against what should be."""
    if isinstance(found, SourceError):
        return _unknown(state, found)
    revision = ", ".join(found.revisions) or "–"
    part = Part(say(f"panels.schema_{found.drift.value}", revision=revision), 2)
    rows = [
        Row((say("panels.text", text=item), say("panels.missing")), Verdict.WARN)
        for item in (*found.missing, *found.invalid_indexes)
    ]
    rows += [
        Row(
            (
                say("panels.blocker", pid=blocker.pid, count=len(blocker.waiting_pids)),
                say("panels.text", text=blocker.query),
            ),
            Verdict.WARN,
        )
        for blocker in found.blockers
    ]
    sound = found.drift is Drift.CURRENT and not rows
    rows.insert(0, Row((part.text,), Verdict.OK if found.drift is Drift.CURRENT else Verdict.WARN))
    verdict = worst([state.verdict, Verdict.OK if sound else Verdict.WARN])
    reading = Reading(
        "revision",
        float(found.drift is Drift.CURRENT),
        "none",
        found.at,
        found.source,
        "SELECT version_num FROM alembic_version",
        called=say("panels.reading_revision"),
    )
    reason = state.reason if sound or verdict is state.verdict else part.text
    return replace(
        state,
        verdict=verdict,
        reason=reason,
        parts=(*state.parts, part),
        rows=(*state.rows, *rows),
        readings=(*state.readings, reading),
    )


def _unknown(state: PanelState, error: SourceError) -> PanelState:
    """A source that does not answer leaves the panel no better than unknown."""
    verdict = worst([state.verdict, Verdict.UNKNOWN])
    reason = state.reason if verdict is state.verdict and verdict is not Verdict.UNKNOWN else error.message
    freshness = state.freshness if state.readings else Freshness.NONE
    # Said once: as the reason, or beside another one.
    warnings = state.warnings if reason == error.message else (*state.warnings, error.message)
    return replace(state, verdict=verdict, reason=reason, warnings=warnings, freshness=freshness)
