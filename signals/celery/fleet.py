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
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit, urlunsplit

from core.errors import BadAnswer, Denied, SourceError, TimedOut, Unreachable
from core.message import say
from core.text import clean
from signals.celery.model import Fleet
from signals.celery.workers import Workers
from signals.connections.http import secret

if TYPE_CHECKING:
    from collections.abc import Callable

    from signals.settings import CelerySettings, RedisSettings

LISTEN_S = 1.0
"""How long the listener waits for an event before it looks whether it shall end."""
LONGEST_REST_S = 15.0
MOST_QUEUES = 100
_log = logging.getLogger("warroom.fleet")
_IMPORTING = threading.Lock()
"""Celery's package puts another module in its own place while it is imported: the other thread would meet it half done."""


class CeleryFleet:
    """A `FleetSource`. It starts at the first question, and ends with `close`."""

    def __init__(self, settings: CelerySettings, redis: RedisSettings | None = None) -> None:
        self._settings = settings
        self._redis = redis
        fresh_s = 2 * settings.interval_s + settings.reply_wait_s + settings.timeout_s
        self._workers = Workers(settings.window_s, fresh_s, settings.task_time_limit_s)
        self._lock = threading.Lock()
        self._end = threading.Event()
        self._looked = threading.Event()
        self._threads: list[threading.Thread] = []
        self._error: SourceError | None = None
        self._at = 0.0

    @property
    def name(self) -> str:
        """How the screen calls it."""
        return "celery"

    async def fleet(self) -> Fleet:
        """Every worker heard so far, from memory; raises a `SourceError` while the broker does not answer."""
        if not self._threads:
            self._start()
        patience_s = self._settings.timeout_s + self._settings.reply_wait_s + 5
        if not self._looked.is_set() and not await asyncio.to_thread(self._looked.wait, patience_s):
            raise TimedOut(say("signals.timed_out", source=self.name, seconds=patience_s))
        with self._lock:
            if self._error is not None:
                raise self._error
            return Fleet(self._workers.workers(time.time()), self._at, self.name)

    async def close(self) -> None:
        """End both threads, and wait a moment for them to take their queues off the broker."""
        self._end.set()
        for thread in self._threads:
            await asyncio.to_thread(thread.join, 2 * LISTEN_S)

    def _start(self) -> None:
        for name, work in (("listen", self._listen_once), ("ask", self._ask_once)):
            thread = threading.Thread(
                target=self._forever, args=(work, name == "ask"), name=f"fleet-{name}", daemon=True
            )
            self._threads.append(thread)
            thread.start()

    def _forever(self, work: Callable[[Any, Any], None], asks: bool) -> None:  # noqa: FBT001  # a thread's argument
        """Connect, work until it breaks, rest, again."""
        rest_s = 0.5
        while not self._end.is_set():
            began = time.monotonic()
            try:
                app, connection = _open(self._settings, self._redis)
                with connection:
                    # Kombu would rest two seconds between the two tries, unasked.
                    connection.ensure_connection(
                        max_retries=1, interval_start=0.1, timeout=self._settings.timeout_s
                    )
                    work(app, connection)
            except Exception as error:  # noqa: BLE001  # whatever a transport raises: a fact is missing, and said so
                if asks:
                    self._failed(error)
            rest_s = 0.5 if time.monotonic() - began > LONGEST_REST_S else min(LONGEST_REST_S, 2 * rest_s)
            self._end.wait(min(rest_s, self._settings.interval_s))

    def _listen_once(self, app: Any, connection: Any) -> None:
        from celery.events.receiver import EventReceiver

        receiver = EventReceiver(connection, app=app, handlers={"*": self._event})
        while not self._end.is_set():
            try:
                # `wakeup` would make every worker send a heartbeat: they are not disturbed
                receiver.capture(limit=None, timeout=LISTEN_S, wakeup=False)
            except TimeoutError:
                continue

    def _event(self, event: dict[str, Any]) -> None:
        with self._lock:
            self._workers.event(event, time.time())
        if self._end.is_set():
            raise TimeoutError  # leaves `capture` when events come faster than its timeout

    def _ask_once(self, app: Any, connection: Any) -> None:
        while not self._end.is_set():
            began = time.monotonic()
            self._ask(app, connection)
            self._end.wait(max(0.1, self._settings.interval_s - (time.monotonic() - began)))

    def _ask(self, app: Any, connection: Any) -> None:
        """One round: everybody is pinged and given the whole wait; only who answers is asked further."""
        wait_s = self._settings.reply_wait_s
        inspect = app.control.inspect
        there = inspect(timeout=wait_s, connection=connection).ping() or {}
        names = [name for name, reply in there.items() if isinstance(reply, dict)]
        found: dict[str, dict[str, Any]] = {}
        if names:
            of = inspect(destination=names, timeout=wait_s, limit=len(names), connection=connection)
            # `stats` before `active`: a task that starts between them makes the ended fewer, never more
            for part, ask in (
                ("stats", of.stats),
                ("active", of.active),
                ("reserved", of.reserved),
                ("queues", of.active_queues),
            ):
                found[part] = ask() or {}
            found["registered"] = of.registered("rate_limit", "time_limit") or {}
        now = time.time()
        with self._lock:
            for name in names:
                self._workers.answer(name, now, **{part: _sound(found[part].get(name)) for part in found})
            queues = self._workers.queues()[:MOST_QUEUES]
        sizes = {queue: size for queue in queues if (size := _size(connection, queue)) is not None}
        with self._lock:
            self._workers.depths(sizes, now)
            self._at, self._error = now, None
        self._looked.set()

    def _failed(self, error: Exception) -> None:
        told = _as_source_error(error, self.name, self._settings.timeout_s)
        _log.info("asking the workers failed: %s", type(error).__name__)
        with self._lock:
            self._error = told
        self._looked.set()


def _sound(reply: Any) -> Any:
    """A worker's own error to a command (`{"error": …}`) is no answer to it."""
    return None if isinstance(reply, dict) and "error" in reply else reply


def _size(connection: Any, queue: str) -> int | None:
    """Waiting messages; on Redis a queue without messages does not exist."""
    try:
        return int(connection.default_channel.queue_declare(queue, passive=True).message_count)
    except connection.channel_errors:
        return 0 if connection.transport.driver_type == "redis" else None


def _open(settings: CelerySettings, redis: RedisSettings | None) -> tuple[Any, Any]:
    """An application that knows nothing of the service, and a connection to the address that was configured.

    The address is given to the connection itself: `CELERY_BROKER_URL` in the environment would win over the
    application's setting, and another fleet would be shown.
    """
    with _IMPORTING:
        from celery import Celery

    url, password_file, prefix = settings.broker_url, settings.password_file, settings.key_prefix
    if url is None:
        if redis is None:
            raise Unreachable(say("fleet.no_broker"))
        url, password_file, prefix = redis.url, redis.password_file, redis.key_prefix
    options: dict[str, Any] = {
        "socket_timeout": settings.timeout_s,
        "socket_connect_timeout": settings.timeout_s,
    }
    if prefix:
        options["global_keyprefix"] = prefix
    if redis is not None:
        options["priority_steps"] = list(redis.priority_steps)
        options["sep"] = redis.priority_separator
    app = Celery("warroom", set_as_current=False, fixups=())
    app.conf.broker_transport_options = options
    address = with_password(url.get_secret_value(), secret(None, password_file))
    if not urlsplit(address).scheme:
        raise Unreachable(say("fleet.bad_url"))
    # Commands are published through the application's own pool; these two win over CELERY_BROKER_URL.
    app.conf.broker_read_url = app.conf.broker_write_url = address
    try:
        connection = app.connection(
            address, transport_options=options, connect_timeout=settings.timeout_s, failover_strategy=None
        )
    except (ValueError, KeyError):  # its words may hold a part of the address, and with it the password
        raise Unreachable(say("fleet.bad_url")) from None
    return app, connection


def with_password(url: str, password: str | None) -> str:
    """The address with the password in it, when it has none of its own."""
    parts = urlsplit(url)
    if password is None or ("@" in parts.netloc and ":" in parts.netloc.rpartition("@")[0]):
        return url
    user, _, host = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{user}:{quote(password, safe='')}@{host}"))


def _as_source_error(error: Exception, source: str, timeout_s: float) -> SourceError:
    if isinstance(error, SourceError):
        return error
    detail, chain = clean(str(error)), [error, error.__cause__, error.__context__]
    kinds = {type(one).__name__ for one in chain if one is not None}
    if kinds & {"AuthenticationError", "NoPermissionError", "AccessRefused"}:
        return Denied(say("fleet.denied", source=source, detail=detail))
    if kinds & {"TimeoutError", "timeout"}:
        return TimedOut(say("signals.timed_out", source=source, seconds=timeout_s))
    if kinds & {"OperationalError", "ConnectionError", "ConnectionRefusedError"} or isinstance(
        error, OSError
    ):
        return Unreachable(say("signals.unreachable", source=source, detail=detail))
    if isinstance(error, ValueError | KeyError):  # a malformed address; its words may hold the password
        return Unreachable(say("fleet.bad_url"))
    return BadAnswer(say("signals.bad_answer", source=source, detail=f"{type(error).__name__}: {detail}"))
