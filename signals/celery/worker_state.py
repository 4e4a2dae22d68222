"""What is known about a Celery worker, weighed: strongest evidence first, and silence alone is never death.

A worker answers remote control from its main process: one whose children all hang still answers, and a solo pool in a
task, or a lost reply, does not. So an answer is no proof of work, and no answer is no proof of anything
(Celery's documentation, "Workers Guide: Remote control" and "Monitoring").
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.message import say
from signals.celery.model import WorkerState

if TYPE_CHECKING:
    from core.message import Message

HEARTBEATS = 3
"""So many missed in a row are silence; one or two get lost."""


@dataclass(frozen=True, slots=True)
class Running:
    """A task that a worker runs, as last heard: its age and the time limit that holds for it, in seconds."""

    task: str
    age_s: float
    limit_s: float


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything heard of one worker. Ages in seconds; None where it was never heard."""

    window_s: float
    watched_s: float
    fresh_s: float
    """How old an answer may be to count as an answer now."""
    seen_s: float | None
    answer_s: float | None
    heartbeat_s: float | None
    heartbeat_every_s: float
    signed_off_s: float | None
    finished: int
    """Tasks ended in the window: by events, or by the worker's own counters where events are off."""
    active: tuple[Running, ...]
    waiting: int | None
    """Messages in the queues that it consumes; None when they could not be counted."""
    backlog: bool
    """Messages waited in its queues all through the window, and became no fewer."""


def weigh(found: Evidence) -> tuple[WorkerState, Message]:  # noqa: PLR0911  # an ordered list of evidence
    """The state that the evidence carries, and the evidence in one sentence."""
    if found.signed_off_s is not None:
        return WorkerState.UNKNOWN, say("fleet.signed_off", seconds=round(found.signed_off_s))
    if found.answer_s is None or found.answer_s > found.fresh_s:
        return _silent(found)
    late = [one for one in found.active if one.age_s > one.limit_s]
    window = round(found.window_s)
    if found.finished:
        if late:
            return WorkerState.WORKING, say(
                "fleet.finished_but", count=found.finished, seconds=window, late=len(late)
            )
        return WorkerState.WORKING, say("fleet.finished", count=found.finished, seconds=window)
    if late:
        oldest = max(late, key=lambda one: one.age_s)
        return WorkerState.STUCK, say(
            "fleet.over_limit", task=oldest.task, seconds=round(oldest.age_s), limit=round(oldest.limit_s)
        )
    young = any(one.age_s < found.window_s for one in found.active)
    if found.backlog and not young and found.watched_s >= found.window_s:
        return WorkerState.STUCK, say("fleet.no_progress", waiting=found.waiting or 0, seconds=window)
    if found.active:
        oldest = max(found.active, key=lambda one: one.age_s)
        return WorkerState.WORKING, say("fleet.runs", task=oldest.task, seconds=round(oldest.age_s))
    return WorkerState.IDLE, say("fleet.idle", waiting=found.waiting or 0)


def _silent(found: Evidence) -> tuple[WorkerState, Message]:
    """No answer: busy as long as something else says that it lives, unknown after that."""
    if found.heartbeat_s is not None and found.heartbeat_s <= HEARTBEATS * found.heartbeat_every_s:
        return WorkerState.BUSY, say("fleet.beats", seconds=round(found.heartbeat_s))
    in_time = [one for one in found.active if one.age_s <= one.limit_s]
    if in_time:
        oldest = max(in_time, key=lambda one: one.age_s)
        return WorkerState.BUSY, say(
            "fleet.busy", task=oldest.task, seconds=round(oldest.age_s), limit=round(oldest.limit_s)
        )
    if found.seen_s is None:
        return WorkerState.UNKNOWN, say("fleet.never_seen")
    return WorkerState.UNKNOWN, say("fleet.silent", seconds=round(found.seen_s))
