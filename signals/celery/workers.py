"""What was heard of every worker so far: events and answers go in, workers come out. No wire, no clock of its own.

Finished tasks are counted by events where the workers send them, and else by the counters that a worker keeps itself
(`stats`: tasks started by name, less those still active), so nothing needs to be switched on.
"""

from __future__ import annotations

import re
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from core.text import clean
from signals.celery.model import Worker, WorkerState
from signals.celery.worker_state import Evidence, Running, weigh

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

ENDED = frozenset({"task-succeeded", "task-failed", "task-retried"})
GONE = ENDED | {"task-revoked", "task-rejected"}
FORGET_S = 600.0
"""A worker that signed off is shown for so long; one that fell silent is never forgotten."""
MOST_WORKERS, MOST_TASKS = 1_000, 10_000
"""A name or a task more than this is not kept: they come from outside."""
SKEW_S = 2.0
"""A worker's clock that is off by more than the way of a message is corrected by this difference."""
_FIELD = re.compile(r"(rate_limit|soft_time_limit|time_limit)=(\S+?)[ \]]")


@dataclass(slots=True)
class _Heard:
    since: float
    seen: float
    answered: float | None = None
    heartbeat: float | None = None
    heartbeat_every_s: float = 2.0
    signed_off: float | None = None
    skew_s: float = 0.0
    ended: deque[float] = field(default_factory=lambda: deque(maxlen=MOST_TASKS))
    last_ended: float | None = None
    started: deque[tuple[float, Counter[str], int]] = field(default_factory=deque)
    """(when, tasks started so far by name, tasks active then)."""
    active: dict[str, tuple[str, float]] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    reserved: int | None = None
    pool_size: int | None = None
    pool_limit_s: float | None = None
    queues: tuple[str, ...] = ()
    rate_limits: dict[str, str] = field(default_factory=dict)
    limits: dict[str, float] = field(default_factory=dict)


class Workers:
    """The memory of a fleet. `window_s` is how far back work counts, `fresh_s` how old an answer may be."""

    def __init__(self, window_s: float, fresh_s: float, limit_s: float) -> None:
        self._window_s, self._fresh_s, self._limit_s = window_s, fresh_s, limit_s
        self._heard: dict[str, _Heard] = {}
        self._depths: deque[tuple[float, dict[str, int]]] = deque()
        self._queue_of: dict[str, str] = {}

    def event(self, event: Mapping[str, Any], now: float) -> None:
        """Take in one event, as Celery sends it (`type`, `hostname`, `timestamp`, …)."""
        kind, name = str(event.get("type", "")), event.get("hostname")
        if not isinstance(name, str) or not kind.startswith(("worker-", "task-")) or kind == "task-sent":
            return  # a task-sent event comes from the sender
        one = self._of(name, now)
        if one is None:
            return
        one.seen = now
        one.signed_off = now if kind == "worker-offline" else None
        if isinstance(stamp := event.get("timestamp"), int | float):
            one.skew_s = now - stamp if abs(now - stamp) > SKEW_S else 0.0
        task = str(event.get("uuid", ""))
        if kind == "worker-heartbeat":
            one.heartbeat = now
            if isinstance(every := event.get("freq"), int | float) and every > 0:
                one.heartbeat_every_s = float(every)
        elif kind == "task-received" and len(one.names) < MOST_TASKS:
            one.names[task] = clean(str(event.get("name", "")), 100)
        elif kind == "task-started" and len(one.active) < MOST_TASKS:
            one.active[task] = (one.names.get(task, "?"), now)
        elif kind in GONE:
            one.active.pop(task, None)
            one.names.pop(task, None)
            if kind in ENDED:
                one.ended.append(now)
                one.last_ended = now

    def answer(
        self,
        name: str,
        now: float,
        *,
        stats: Mapping[str, Any] | None,
        active: Iterable[Mapping[str, Any]] | None,
        reserved: Iterable[Mapping[str, Any]] | None,
        queues: Iterable[Mapping[str, Any]] | None,
        registered: Iterable[str] | None,
    ) -> None:
        """Take in one worker's answers; what it did not answer (None) stays as it was."""
        one = self._of(name, now)
        if one is None:
            return
        one.seen = one.answered = now
        one.signed_off = None
        if queues is not None:
            one.queues = tuple(str(queue.get("name", "")) for queue in queues)
        if registered is not None:
            self._limits(one, registered)
        if reserved is not None:
            waiting = list(reserved)
            one.reserved = len(waiting)
            self._learn(waiting)
        if active is not None:
            running = list(active)
            self._learn(running)
            one.active = {
                str(task.get("id", "")): (
                    clean(str(task.get("name", "?")), 100),
                    float(task.get("time_start") or now - one.skew_s) + one.skew_s,
                )
                for task in running[:MOST_TASKS]
            }
        if stats is not None:
            self._stats(one, stats, now)

    def depths(self, sizes: Mapping[str, int], now: float) -> None:
        """Take in how many messages wait in each queue that somebody consumes."""
        self._depths.append((now, dict(sizes)))
        while len(self._depths) > 2 and self._depths[1][0] <= now - self._window_s:
            self._depths.popleft()

    def queues(self) -> tuple[str, ...]:
        """Every queue that a known worker consumes."""
        return tuple(sorted({queue for one in self._heard.values() for queue in one.queues}))

    def workers(self, now: float) -> tuple[Worker, ...]:
        """Everybody heard so far, by name."""
        for name in [name for name, one in self._heard.items() if _is_gone(one, now)]:
            del self._heard[name]
        return tuple(self._worker(name, one, now) for name, one in sorted(self._heard.items()))

    def _of(self, name: str, now: float) -> _Heard | None:
        if name not in self._heard:
            if len(self._heard) >= MOST_WORKERS:
                return None
            self._heard[name] = _Heard(since=now, seen=now)
        return self._heard[name]

    def _worker(self, name: str, one: _Heard, now: float) -> Worker:
        running = tuple(
            Running(task, max(0.0, now - began), one.limits.get(task, one.pool_limit_s or self._limit_s))
            for task, began in one.active.values()
        )
        finished = max(sum(at > now - self._window_s for at in one.ended), self._counted(one))
        waiting, backlog = self._waiting(one.queues, now)
        state, why = weigh(
            Evidence(
                window_s=self._window_s,
                watched_s=now - one.since,
                fresh_s=self._fresh_s,
                seen_s=now - one.seen,
                answer_s=None if one.answered is None else now - one.answered,
                heartbeat_s=None if one.heartbeat is None else now - one.heartbeat,
                heartbeat_every_s=one.heartbeat_every_s,
                signed_off_s=None if one.signed_off is None else now - one.signed_off,
                finished=finished,
                active=running,
                waiting=waiting,
                backlog=backlog,
            )
        )
        known = one.answered is not None and state is not WorkerState.UNKNOWN
        span_s = min(self._window_s, now - one.since)
        return Worker(
            name=clean(name, 100),
            state=state,
            evidence=why,
            last_seen=one.seen,
            last_finished=one.last_ended,
            queues=tuple(clean(queue, 100) for queue in one.queues),
            pool_size=one.pool_size,
            active=len(running) if known else None,
            reserved=one.reserved if known else None,
            oldest_active_s=max((task.age_s for task in running), default=None) if known else None,
            finished_per_min=60 * finished / span_s if known and span_s > 0 else None,
            rate_limits={clean(task, 100): clean(rate, 20) for task, rate in one.rate_limits.items()},
            started_per_min=self._per_queue(one) if known else None,
        )

    def _stats(self, one: _Heard, stats: Mapping[str, Any], now: float) -> None:
        pool = stats.get("pool") or {}
        size = pool.get("max-concurrency")
        one.pool_size = size if isinstance(size, int) else None
        hard = (pool.get("timeouts") or (0, 0))[-1]  # (soft, hard); 0 is no limit
        one.pool_limit_s = float(hard) if isinstance(hard, int | float) and hard > 0 else None
        total = Counter({clean(str(task), 100): int(count) for task, count in stats.get("total", {}).items()})
        if one.started:
            _, before, active = one.started[-1]
            if total.total() < before.total():  # it was restarted: its counters began anew
                one.started.clear()
            elif total.total() - len(one.active) > before.total() - active:
                one.last_ended = now
        one.started.append((now, total, len(one.active)))
        while len(one.started) > 2 and one.started[1][0] <= now - self._window_s:
            one.started.popleft()

    @staticmethod
    def _counted(one: _Heard) -> int:
        """Tasks ended between the first and the last answer of the window, by the worker's own counters."""
        if len(one.started) < 2:
            return 0
        (_, first, active_then), (_, last, active_now) = one.started[0], one.started[-1]
        return max(0, (last.total() - active_now) - (first.total() - active_then))

    def _per_queue(self, one: _Heard) -> Mapping[str, float] | None:
        """Tasks started a minute, by queue; None when a task can't be told to come from one of several queues."""
        if len(one.started) < 2:
            return None
        (then, first, _), (now, last, _) = one.started[0], one.started[-1]
        rates = dict.fromkeys((clean(queue, 100) for queue in one.queues), 0.0)
        for task, count in (last - first).items():
            queue = one.queues[0] if len(one.queues) == 1 else self._queue_of.get(task)
            if queue is None or clean(queue, 100) not in rates:
                return None
            rates[clean(queue, 100)] += 60 * count / (now - then)
        return rates

    def _waiting(self, queues: tuple[str, ...], now: float) -> tuple[int | None, bool]:
        sums = [(at, sum(sizes.get(queue, 0) for queue in queues)) for at, sizes in self._depths]
        if not sums or not queues:
            return None, False
        whole = sums[0][0] <= now - 0.9 * self._window_s
        held = all(count > 0 for _, count in sums) and sums[-1][1] >= sums[0][1]
        return sums[-1][1], whole and held

    def _limits(self, one: _Heard, registered: Iterable[str]) -> None:
        """Each is `task [rate_limit=10/m time_limit=30]`; what a task leaves open is not in the brackets or None."""
        for line in registered:
            task, _, fields = line.partition(" [")
            task, found = clean(task, 100), dict(_FIELD.findall(fields))
            one.rate_limits.pop(task, None)
            if (rate := found.get("rate_limit", "None")) != "None":
                one.rate_limits[task] = rate
            hard = found.get("time_limit", "None")
            one.limits.pop(task, None)
            if re.fullmatch(r"\d+(\.\d+)?", hard):
                one.limits[task] = float(hard)

    def _learn(self, tasks: Iterable[Mapping[str, Any]]) -> None:
        """Which queue a task comes from, for workers that consume several: the message's own routing key."""
        for task in tasks:
            key = (task.get("delivery_info") or {}).get("routing_key")
            if isinstance(key, str) and len(self._queue_of) < MOST_TASKS:
                self._queue_of[clean(str(task.get("name", "")), 100)] = key


def _is_gone(one: _Heard, now: float) -> bool:
    return one.signed_off is not None and now - one.signed_off > FORGET_S
