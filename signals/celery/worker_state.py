"""Infers a Celery worker's state from what was heard: strongest evidence first, and silence alone is never death.

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
    from collections.abc import Sequence

    from core.message import Message

MAX_MISSED_HEARTBEATS = 3
"""So many in a row are silence; one or two get lost."""


@dataclass(frozen=True, slots=True)
class ActiveTask:
    """A task that a worker runs, as last heard: its age and the time limit that holds for it, in seconds."""

    name: str
    age_s: float
    time_limit_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Everything heard of one worker. Ages in seconds; None where it was never heard."""

    window_s: float
    watched_s: float
    max_answer_age_s: float
    """How old an answer may be to count as an answer now."""
    seen_s: float | None
    answer_s: float | None
    heartbeat_s: float | None
    heartbeat_interval_s: float
    signed_off_s: float | None
    finished: int
    """Tasks ended in the window: by events, or by the worker's own counters where events are off."""
    active: tuple[ActiveTask, ...]
    waiting: int | None
    """Messages in the queues that it consumes; None when they could not be counted."""
    backlog: bool
    """Messages waited in its queues all through the window, and became no fewer."""


def infer_worker_state(evidence: Evidence) -> tuple[WorkerState, Message]:  # noqa: PLR0911  # an ordered list of evidence
    """The state that the evidence carries, and the evidence in one sentence."""
    if evidence.signed_off_s is not None:
        return WorkerState.UNKNOWN, say("fleet.signed_off", seconds=round(evidence.signed_off_s))
    if evidence.answer_s is None or evidence.answer_s > evidence.max_answer_age_s:
        return _infer_without_answer(evidence)
    overdue = [task for task in evidence.active if task.age_s > task.time_limit_s]
    window = round(evidence.window_s)
    if evidence.finished and overdue:
        return WorkerState.WORKING, say(
            "fleet.finished_but", count=evidence.finished, seconds=window, late=len(overdue)
        )
    if evidence.finished:
        return WorkerState.WORKING, say("fleet.finished", count=evidence.finished, seconds=window)
    if overdue:
        oldest = _oldest(overdue)
        return WorkerState.STUCK, say(
            "fleet.over_limit",
            task=oldest.name,
            seconds=round(oldest.age_s),
            limit=round(oldest.time_limit_s),
        )
    started_lately = any(task.age_s < evidence.window_s for task in evidence.active)
    if evidence.backlog and not started_lately and evidence.watched_s >= evidence.window_s:
        return WorkerState.STUCK, say("fleet.no_progress", waiting=evidence.waiting or 0, seconds=window)
    if evidence.active:
        oldest = _oldest(evidence.active)
        return WorkerState.WORKING, say("fleet.runs", task=oldest.name, seconds=round(oldest.age_s))
    return WorkerState.IDLE, say("fleet.idle", waiting=evidence.waiting or 0)


def _infer_without_answer(evidence: Evidence) -> tuple[WorkerState, Message]:
    """Busy as long as something else says that it lives, unknown after that."""
    max_silence_s = MAX_MISSED_HEARTBEATS * evidence.heartbeat_interval_s
    if evidence.heartbeat_s is not None and evidence.heartbeat_s <= max_silence_s:
        return WorkerState.BUSY, say("fleet.beats", seconds=round(evidence.heartbeat_s))
    in_time = [task for task in evidence.active if task.age_s <= task.time_limit_s]
    if in_time:
        oldest = _oldest(in_time)
        return WorkerState.BUSY, say(
            "fleet.busy", task=oldest.name, seconds=round(oldest.age_s), limit=round(oldest.time_limit_s)
        )
    if evidence.seen_s is None:
        return WorkerState.UNKNOWN, say("fleet.never_seen")
    return WorkerState.UNKNOWN, say("fleet.silent", seconds=round(evidence.seen_s))


def _oldest(tasks: Sequence[ActiveTask]) -> ActiveTask:
    return max(tasks, key=lambda task: task.age_s)
