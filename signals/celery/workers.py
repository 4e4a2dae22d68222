"""What was heard of every worker so far: events and answers go in, workers come out. No wire, no clock of its own.

Finished tasks are counted by events where the workers send them, and else by the counters that a worker keeps itself
(`stats`: tasks started by name, less those still active), so nothing needs to be switched on.
"""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from core.text import clean
from signals.celery.model import Worker, WorkerState
from signals.celery.worker_state import ActiveTask, Evidence, infer_worker_state

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

FINISHED = frozenset({"task-succeeded", "task-failed", "task-retried"})
NOT_ACTIVE = FINISHED | {"task-revoked", "task-rejected"}
SIGNED_OFF_SHOWN_S = 600.0
"""A worker that signed off is shown for so long; one that fell silent is never forgotten."""
MAX_WORKERS, MAX_TASKS = 1_000, 10_000
"""A name or a task more than this is not kept: they come from outside."""
MIN_CLOCK_SKEW_S = 2.0
"""A worker's clock that is off by more than the way of a message is corrected by this difference."""
_REGISTERED_FIELD = re.compile(r"(rate_limit|soft_time_limit|time_limit)=(\S+?)[ \]]")


class _Counters(NamedTuple):
    """A worker's own counters in one answer: when, tasks started so far, and those of them active then."""

    at: float
    started: int
    active: int

    @property
    def ended(self) -> int:
        return self.started - self.active


@dataclass(slots=True)
class _Heard:
    """What was heard of one worker. Times are Unix seconds of this machine's clock."""

    first_seen: float
    last_seen: float
    answered: float | None = None
    heartbeat: float | None = None
    heartbeat_interval_s: float = 2.0
    signed_off: float | None = None
    clock_skew_s: float = 0.0
    finished: deque[float] = field(default_factory=lambda: deque(maxlen=MAX_TASKS))
    counters: deque[_Counters] = field(default_factory=deque)
    active: dict[str, tuple[str, float]] = field(default_factory=dict)
    """By task id: the task's name and since when it runs."""
    ended: dict[str, float] = field(default_factory=dict)
    """By task id when it ended: an answer that was on its way then still has it among the active ones."""
    received: dict[str, str] = field(default_factory=dict)
    """The task's name by task id."""
    reserved: int | None = None
    pool_size: int | None = None
    pool_time_limit_s: float | None = None
    queues: tuple[str, ...] = ()
    rate_limits: dict[str, str] = field(default_factory=dict)
    time_limits_s: dict[str, float] = field(default_factory=dict)

    def end(self, task: str, now: float) -> None:
        """It is not active any more."""
        self.active.pop(task, None)
        self.received.pop(task, None)
        if len(self.ended) < MAX_TASKS:
            self.ended[task] = now


class Workers:
    """The memory of a fleet. `window_s` is how far back work counts."""

    def __init__(self, *, window_s: float, max_answer_age_s: float, task_time_limit_s: float) -> None:
        self._window_s = window_s
        self._max_answer_age_s = max_answer_age_s
        self._task_time_limit_s = task_time_limit_s
        self._heard: dict[str, _Heard] = {}
        self._depths: deque[tuple[float, dict[str, int]]] = deque()

    def event(self, event: Mapping[str, Any], now: float) -> None:
        """Take in one event, as Celery sends it (`type`, `hostname`, `timestamp`, …)."""
        kind, name = str(event.get("type", "")), event.get("hostname")
        if not isinstance(name, str) or not kind.startswith(("worker-", "task-")) or kind == "task-sent":
            return  # a task-sent event comes from the sender
        heard = self._worker(name, now)
        if heard is None:
            return
        heard.last_seen = now
        heard.signed_off = now if kind == "worker-offline" else None
        if isinstance(sent := event.get("timestamp"), int | float):
            heard.clock_skew_s = now - sent if abs(now - sent) > MIN_CLOCK_SKEW_S else 0.0
        task = str(event.get("uuid", ""))
        if kind == "worker-heartbeat":
            heard.heartbeat = now
            if isinstance(interval := event.get("freq"), int | float) and interval > 0:
                heard.heartbeat_interval_s = float(interval)
        elif kind == "task-received" and len(heard.received) < MAX_TASKS:
            heard.received[task] = clean(str(event.get("name", "")), 100)
        elif kind == "task-started" and len(heard.active) < MAX_TASKS:
            heard.active[task] = (heard.received.get(task, "?"), now)
            heard.ended.pop(task, None)  # it is tried again
        elif kind in NOT_ACTIVE:
            heard.end(task, now)
            if kind in FINISHED:
                heard.finished.append(now)

    def answer(
        self,
        name: str,
        now: float,
        *,
        asked_at: float,
        stats: Mapping[str, Any] | None,
        active: Iterable[Mapping[str, Any]] | None,
        reserved: Iterable[Mapping[str, Any]] | None,
        queues: Iterable[Mapping[str, Any]] | None,
        registered: Iterable[str] | None,
    ) -> None:
        """Take in one worker's answers; what it did not answer (None) stays as it was.

        An answer says that the worker lived when it was asked, not when the round of questions was over; one that was
        asked for before the worker signed off says nothing.
        """
        heard = self._worker(name, asked_at)
        if heard is None or (heard.signed_off is not None and asked_at <= heard.signed_off):
            return
        heard.answered = asked_at
        heard.last_seen = max(heard.last_seen, asked_at)
        heard.signed_off = None
        if queues is not None:
            heard.queues = tuple(str(queue.get("name", "")) for queue in queues)
        if registered is not None:
            _read_registered(heard, registered)
        if reserved is not None:
            heard.reserved = sum(1 for _ in reserved)
        if active is not None:
            skew_s = heard.clock_skew_s
            heard.active = {
                str(task.get("id", "")): (
                    clean(str(task.get("name", "?")), 100),
                    float(task.get("time_start") or now - skew_s) + skew_s,
                )
                for task in list(active)[:MAX_TASKS]
                if str(task.get("id", "")) not in heard.ended
            }
            heard.ended = {task: at for task, at in heard.ended.items() if at >= asked_at}
        if stats is not None:
            self._read_stats(heard, stats, now)

    def depths(self, depths: Mapping[str, int], now: float) -> None:
        """Take in how many messages wait in each queue that somebody consumes."""
        self._depths.append((now, dict(depths)))
        while len(self._depths) > 2 and self._depths[1][0] <= now - self._window_s:
            self._depths.popleft()

    def queues(self) -> tuple[str, ...]:
        """Every queue that a known worker consumes."""
        return tuple(sorted({queue for heard in self._heard.values() for queue in heard.queues}))

    def workers(self, now: float) -> tuple[Worker, ...]:
        """Everybody heard so far, by name."""
        for name, heard in list(self._heard.items()):
            if heard.signed_off is not None and now - heard.signed_off > SIGNED_OFF_SHOWN_S:
                del self._heard[name]
        return tuple(self._as_worker(name, heard, now) for name, heard in sorted(self._heard.items()))

    def _worker(self, name: str, now: float) -> _Heard | None:
        if name not in self._heard:
            if len(self._heard) >= MAX_WORKERS:
                return None
            self._heard[name] = _Heard(first_seen=now, last_seen=now)
        return self._heard[name]

    def _as_worker(self, name: str, heard: _Heard, now: float) -> Worker:
        active = tuple(
            ActiveTask(
                task,
                max(0.0, now - since),
                heard.time_limits_s.get(task, heard.pool_time_limit_s or self._task_time_limit_s),
            )
            for task, since in heard.active.values()
        )
        waiting, backlog = self._waiting(heard.queues, now)
        state, sentence = infer_worker_state(
            Evidence(
                window_s=self._window_s,
                watched_s=now - heard.first_seen,
                max_answer_age_s=self._max_answer_age_s,
                seen_s=now - heard.last_seen,
                answer_s=None if heard.answered is None else now - heard.answered,
                heartbeat_s=None if heard.heartbeat is None else now - heard.heartbeat,
                heartbeat_interval_s=heard.heartbeat_interval_s,
                signed_off_s=None if heard.signed_off is None else now - heard.signed_off,
                finished=self._finished(heard, now),
                active=active,
                waiting=waiting,
                backlog=backlog,
            )
        )
        known = heard.answered is not None and state is not WorkerState.UNKNOWN
        return Worker(
            name=clean(name, 100),
            state=state,
            evidence=sentence,
            last_seen=heard.last_seen,
            queues=tuple(clean(queue, 100) for queue in heard.queues),
            pool_size=heard.pool_size,
            active=len(active) if known else None,
            reserved=heard.reserved if known else None,
            oldest_active_s=max((task.age_s for task in active), default=None) if known else None,
            rate_limits={clean(task, 100): clean(rate, 20) for task, rate in heard.rate_limits.items()},
            signed_off=heard.signed_off is not None,
        )

    def _read_stats(self, heard: _Heard, stats: Mapping[str, Any], now: float) -> None:
        pool = stats.get("pool") or {}
        size = pool.get("max-concurrency")
        heard.pool_size = size if isinstance(size, int) else None
        hard_limit = (pool.get("timeouts") or (0, 0))[-1]  # (soft, hard); 0 is no limit
        limited = isinstance(hard_limit, int | float) and hard_limit > 0
        heard.pool_time_limit_s = float(hard_limit) if limited else None
        started = sum(int(count) for count in stats.get("total", {}).values())
        if heard.counters and started < heard.counters[-1].started:
            heard.counters.clear()  # it was restarted: its counters began anew
        heard.counters.append(_Counters(now, started, len(heard.active)))
        while len(heard.counters) > 2 and heard.counters[1].at <= now - self._window_s:
            heard.counters.popleft()

    def _finished(self, heard: _Heard, now: float) -> int:
        """Tasks ended in the window: by events, or between the window's first and last answer by its counters."""
        by_events = sum(at > now - self._window_s for at in heard.finished)
        by_counters = heard.counters[-1].ended - heard.counters[0].ended if heard.counters else 0
        return max(by_events, by_counters)

    def _waiting(self, queues: tuple[str, ...], now: float) -> tuple[int | None, bool]:
        """Messages in these queues now (None when not known), and whether they are a backlog (see `Evidence`)."""
        sums = [(at, sum(depths.get(queue, 0) for queue in queues)) for at, depths in self._depths]
        if not sums or not queues:
            return None, False
        whole_window = sums[0][0] <= now - 0.9 * self._window_s
        not_shrinking = all(count > 0 for _, count in sums) and sums[-1][1] >= sums[0][1]
        return sums[-1][1], whole_window and not_shrinking


def _read_registered(heard: _Heard, registered: Iterable[str]) -> None:
    """Each is `task [rate_limit=10/m time_limit=30]`; what a task leaves open is not in the brackets or None."""
    for line in registered:
        task, _, brackets = line.partition(" [")
        task, fields = clean(task, 100), dict(_REGISTERED_FIELD.findall(brackets))
        heard.rate_limits.pop(task, None)
        if (rate := fields.get("rate_limit", "None")) != "None":
            heard.rate_limits[task] = rate
        heard.time_limits_s.pop(task, None)
        if re.fullmatch(r"\d+(\.\d+)?", limit := fields.get("time_limit", "None")):
            heard.time_limits_s[task] = float(limit)
