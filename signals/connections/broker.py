"""A connection to Celery's broker from `[signals.celery]`, or from `[signals.redis]` where that names no broker.

TLS is in the address (`rediss://`, `amqps://`); that of a Redis may be anything that `[signals.redis]` takes
(`redis_address`). The password may be in a file; prefix, priority steps and timeouts are given as transport options. Nothing of the service's own code or configuration is loaded, and `CELERY_BROKER_URL` in
the environment does not count.

`open_broker` raises `Unreachable` without a broker or with a bad address, `ConfigError` for a password file that can't
be read. What a transport raises later is its own; `broker_error` makes of it:
    Unreachable   no connection: refused, name unknown, TLS broken
    TimedOut      no answer in time
    Denied        a wrong password, or something that the user may not do
    BadAnswer     anything else
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from core.errors import BadAnswer, Denied, SourceError, TimedOut, Unreachable
from core.message import say
from core.text import clean
from signals.connections.credentials import read_secret, with_password
from signals.connections.redis_address import REDIS_SCHEMES, parse_redis_address

if TYPE_CHECKING:
    from signals.settings import CelerySettings, RedisSettings

SOURCE = "celery"
"""How the screen calls it."""
_IMPORTING = threading.Lock()
"""Celery's package puts another module in its own place while it is imported: another thread would meet it half done."""


def open_broker(settings: CelerySettings, redis: RedisSettings | None) -> tuple[Any, Any]:
    """An application that knows nothing of the service, and a connection of it, not yet connected (no types in Celery)."""
    with _IMPORTING:
        from celery import Celery

    url, password_file, prefix = settings.broker_url, settings.password_file, settings.key_prefix
    master_name = settings.master_name
    if url is None:
        if redis is None:
            raise Unreachable(say("fleet.no_broker"))
        url, password_file, prefix = redis.url, redis.password_file, redis.key_prefix
        master_name = redis.master_name
    options: dict[str, Any] = {
        "socket_timeout": settings.timeout_s,
        "socket_connect_timeout": settings.timeout_s,
    }
    if prefix:
        options["global_keyprefix"] = prefix
    if redis is not None:
        options["priority_steps"] = list(redis.priority_steps)
        options["sep"] = redis.priority_separator
    address = _address(url.get_secret_value(), read_secret(None, password_file))
    if address.startswith("sentinel://"):
        if not master_name:
            raise Unreachable(say("queues.no_master", source=SOURCE))
        options["master_name"] = master_name
    app = Celery("warroom", set_as_current=False, fixups=())
    app.conf.broker_transport_options = options
    # Commands are published through the application's own pool; these two win over CELERY_BROKER_URL.
    app.conf.broker_read_url = app.conf.broker_write_url = address
    try:
        connection = app.connection(
            address, transport_options=options, connect_timeout=settings.timeout_s, failover_strategy=None
        )
    except (ValueError, KeyError):  # its words may hold a part of the address, and with it the password
        raise Unreachable(say("fleet.bad_url")) from None
    return app, connection


def _address(url: str, password: str | None) -> str:
    """The address as Kombu reads it, with the password; raises `Unreachable`."""
    try:
        scheme = urlsplit(url).scheme
    except ValueError:  # its words hold a part of the address
        scheme = ""
    if scheme in REDIS_SCHEMES:
        return parse_redis_address(url, password, source=SOURCE).for_celery()
    if not scheme:
        raise Unreachable(say("fleet.bad_url"))
    return with_password(url, password)


def ensure_connected(connection: Any, timeout_s: float) -> None:
    """Connect now; raises what the transport raises."""
    # Kombu would rest two seconds between the two tries, unasked.
    connection.ensure_connection(max_retries=1, interval_start=0.1, timeout=timeout_s)


def broker_error(error: Exception, source: str, timeout_s: float) -> SourceError:
    """What a transport raised, as the error that a person is told."""
    if isinstance(error, SourceError):
        return error
    detail, chain = clean(str(error)), (error, error.__cause__, error.__context__)
    names = {type(cause).__name__ for cause in chain if cause is not None}
    if names & {"AuthenticationError", "NoPermissionError", "AccessRefused"}:
        return Denied(say("fleet.denied", source=source, detail=detail))
    if names & {"TimeoutError", "timeout"}:
        return TimedOut(say("signals.timed_out", source=source, seconds=timeout_s))
    lost = names & {"OperationalError", "ConnectionError", "ConnectionRefusedError"}
    if lost or isinstance(error, OSError):
        return Unreachable(say("signals.unreachable", source=source, detail=detail))
    if isinstance(error, ValueError | KeyError):  # a malformed address; its words may hold the password
        return Unreachable(say("fleet.bad_url"))
    return BadAnswer(say("signals.bad_answer", source=source, detail=f"{type(error).__name__}: {detail}"))
