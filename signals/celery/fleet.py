"""Follows Celery workers by the address of their broker alone, in two threads that nothing waits for.

One thread listens to events, the other asks by remote control every few seconds. Both only read: events are not
switched on in workers that do not send them (`enable_events` changes the world), finished tasks are then counted
by the workers' own counters. While it runs, the broker holds one event queue and short-lived reply queues of it.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from core.errors import SourceError, TimedOut
from core.message import say
from signals.celery.model import Fleet
from signals.celery.workers import Workers
from signals.connections.broker import broker_error, ensure_connected, open_broker

if TYPE_CHECKING:
    from collections.abc import Callable

    from signals.settings import CelerySettings, RedisSettings

MAX_SILENCE_S = 30.0
"""So long without any event the listener believes its connection; then it opens another."""
WAKES_S = 0.2
"""So often who waits, for the broker or for the end of a pause, looks up whether it shall go on."""
CLOSE_S = 2.0
"""So long `close` waits for each thread."""
MIN_BACKOFF_S, MAX_BACKOFF_S = 0.5, 15.0
MAX_QUEUES = 100
_log = logging.getLogger("warroom.fleet")


class _Ended(Exception):
    """Nobody waits for the answers any more."""


class CeleryFleet:
    """A `FleetSource`. It starts at the first question, and ends with `close`.

    While `paused()` no worker is asked unless somebody asks here; who does waits for what they answer then.
    """

    def __init__(
        self,
        settings: CelerySettings,
        redis: RedisSettings | None = None,
        paused: Callable[[], bool] = lambda: False,
    ) -> None:
        self._settings = settings
        self._redis = redis
        self._paused = paused
        self._workers = Workers(
            window_s=settings.window_s,
            max_answer_age_s=2 * settings.interval_s + settings.reply_wait_s + settings.timeout_s,
            task_time_limit_s=settings.task_time_limit_s,
        )
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._asked = threading.Event()
        self._answered = threading.Event()
        """What is known is of now: not before the first round, and not after a pause."""
        self._threads: list[threading.Thread] = []
        self._error: SourceError | None = None
        self._at = 0.0

    @property
    def name(self) -> str:
        """How the screen calls it."""
        return "celery"

    async def fleet(self) -> Fleet:
        """Every worker heard so far, from memory; raises a `SourceError` while the broker does not answer."""
        self._asked.set()
        if not self._threads:
            self._start()
        timeout_s = self._settings.timeout_s + self._settings.reply_wait_s + 5
        if not self._answered.is_set() and not await asyncio.to_thread(self._answered.wait, timeout_s):
            raise TimedOut(say("signals.timed_out", source=self.name, seconds=timeout_s))
        with self._lock:
            if self._error is not None:
                raise self._error
            return Fleet(self._workers.workers(time.time()), self._at, self.name)

    async def close(self) -> None:
        """End both threads, and wait a moment for them to take their queues off the broker."""
        self._stop.set()
        for thread in self._threads:
            await asyncio.to_thread(thread.join, CLOSE_S)

    def _start(self) -> None:
        def ignore(_: Exception) -> None:
            """The other thread meets the same broker, and says what is wrong with it."""

        for name, work, failed in (
            ("listen", self._listen, ignore),
            ("inspect", self._inspect, self._failed),
        ):
            thread = threading.Thread(
                target=self._run, args=(work, failed), name=f"fleet-{name}", daemon=True
            )
            self._threads.append(thread)
            thread.start()

    def _run(self, work: Callable[[Any, Any], None], failed: Callable[[Exception], None]) -> None:
        """Connect, work until it breaks, back off, again."""
        backoff_s = MIN_BACKOFF_S
        while not self._stop.is_set():
            self._rest_while_paused()
            began = time.monotonic()
            try:
                app, connection = open_broker(self._settings, self._redis)
                with connection:
                    ensure_connected(connection, self._settings.timeout_s)
                    work(app, connection)
            except _Ended:
                return
            except Exception as error:  # noqa: BLE001  # whatever a transport raises: a fact is missing, and said so
                failed(error)
            worked = time.monotonic() - began > MAX_BACKOFF_S
            backoff_s = MIN_BACKOFF_S if worked else min(MAX_BACKOFF_S, 2 * backoff_s)
            self._stop.wait(min(backoff_s, self._settings.interval_s))

    def _listen(self, app: Any, connection: Any) -> None:
        from celery.events.receiver import EventReceiver

        receiver = EventReceiver(connection, app=app, handlers={"*": self._event})

        def look_up() -> None:
            receiver.should_stop = self._stop.is_set()

        receiver.on_iteration = look_up
        while not self._stop.is_set():
            with suppress(TimeoutError):
                # `wakeup` would make every worker send a heartbeat: they are not disturbed
                for _ in receiver.consume(timeout=MAX_SILENCE_S, safety_interval=WAKES_S, wakeup=False):
                    pass

    def _event(self, event: dict[str, Any]) -> None:
        with self._lock:
            self._workers.event(event, time.time())

    def _inspect(self, app: Any, connection: Any) -> None:
        connection.drain_events = self._until_stopped(connection.drain_events)
        while not self._stop.is_set():
            began = time.monotonic()
            self._inspect_once(app, connection)
            self._stop.wait(max(0.1, self._settings.interval_s - (time.monotonic() - began)))
            self._rest_while_paused()

    def _until_stopped(self, drain: Callable[..., Any]) -> Callable[..., Any]:
        """As `drain`, which waits for answers, but it ends with us: only so the queue for them is taken off in time."""

        def drain_events(timeout: float) -> Any:
            end = time.monotonic() + timeout
            while not self._stop.is_set():
                left_s = end - time.monotonic()
                try:
                    return drain(timeout=max(0.0, min(WAKES_S, left_s)))
                except TimeoutError:
                    if left_s <= WAKES_S:
                        raise
            raise _Ended

        return drain_events

    def _rest_while_paused(self) -> None:
        while self._paused() and not self._asked.is_set() and not self._stop.is_set():
            self._answered.clear()
            self._stop.wait(WAKES_S)

    def _inspect_once(self, app: Any, connection: Any) -> None:
        """One round: everybody is pinged and given the whole wait; only who answers is asked further."""
        self._asked.clear()
        wait_s, asked_at = self._settings.reply_wait_s, time.time()
        inspect = app.control.inspect
        pongs = inspect(timeout=wait_s, connection=connection).ping() or {}
        names = [name for name, reply in pongs.items() if isinstance(reply, dict)]
        replies: dict[str, dict[str, Any]] = {}
        if names:
            workers = inspect(destination=names, timeout=wait_s, limit=len(names), connection=connection)
            # `stats` before `active`: a task that starts between them makes the ended fewer, never more
            replies["stats"] = workers.stats() or {}
            replies["active"] = workers.active() or {}
            replies["reserved"] = workers.reserved() or {}
            replies["queues"] = workers.active_queues() or {}
            replies["registered"] = workers.registered("rate_limit", "time_limit") or {}
        now = time.time()
        with self._lock:
            for name in names:
                parts = {part: _without_error(answers.get(name)) for part, answers in replies.items()}
                self._workers.answer(name, now, asked_at=asked_at, **parts)
            queues = self._workers.queues()[:MAX_QUEUES]
        depths = {queue: depth for queue in queues if (depth := _depth(connection, queue)) is not None}
        with self._lock:
            self._workers.depths(depths, now)
            self._at, self._error = now, None
        self._answered.set()

    def _failed(self, error: Exception) -> None:
        _log.info("asking the workers failed: %s", type(error).__name__)
        with self._lock:
            self._error = broker_error(error, self.name, self._settings.timeout_s)
        self._answered.set()


def _without_error(reply: Any) -> Any:
    """A worker's own error to a command (`{"error": …}`) is no answer to it."""
    return None if isinstance(reply, dict) and "error" in reply else reply


def _depth(connection: Any, queue: str) -> int | None:
    """Waiting messages; on Redis a queue without messages does not exist."""
    try:
        return int(connection.default_channel.queue_declare(queue, passive=True).message_count)
    except connection.channel_errors:
        return 0 if connection.transport.driver_type == "redis" else None
