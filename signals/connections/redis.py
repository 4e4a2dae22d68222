"""A Redis connection from `[signals.redis]`, and the names under which Celery (Kombu) keeps its queues there.

What an address may be is in `redis_address`; the password may be in a file.
`open_redis` raises `Unreachable` for a bad address and `ConfigError` for a password file that can't be read.
`answered` raises, for all that is done inside of it:
    Unreachable   no connection: refused, name unknown, TLS broken
    TimedOut      not done within `timeout_s`
    Denied        a wrong password, or a command that the user may not call
    BadAnswer     an error of the server, or an answer that is not Redis'
"""

from __future__ import annotations

import asyncio
import re
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from core.errors import BadAnswer, Denied, TimedOut, Unreachable
from core.message import say
from core.text import clean
from signals.connections.credentials import read_secret
from signals.connections.redis_address import parse_redis_address

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from redis.asyncio import Redis
    from redis.asyncio.connection import AbstractConnection

    from signals.connections.redis_address import RedisAddress
    from signals.settings import RedisSettings

MAX_ANSWER_BYTES = 32_000_000
"""A larger answer to one command is refused: 2 000 messages of 16 KB, the most that is asked for, fit."""
ITEM_BYTES = 64
"""What an item costs in memory besides its bytes: many small ones count as much as few large ones."""
_OPTION = re.compile(r"(?:keyword argument|Invalid value for) '(\w{1,60})'")
SOURCE = "redis"
"""How the screen calls it."""


def open_redis(settings: RedisSettings) -> Redis:
    """A client, not yet connected. Its first import takes a while: call it in a thread."""
    from redis.asyncio import Redis

    password = read_secret(None, settings.password_file)
    address = parse_redis_address(settings.url.get_secret_value(), password, source=SOURCE)
    try:
        if address.scheme == "sentinel":
            return _of_sentinels(address, settings)
        client = Redis.from_url(address.for_redis())
        pool = client.connection_pool
        pool.connection_class(**pool.connection_kwargs)  # unconnected: whether it knows the address's options
    except (ValueError, TypeError) as error:  # its words may hold a part of the URL, and with it the password
        option = _OPTION.search(str(error))
        raise Unreachable(
            say("queues.bad_url", source=SOURCE)
            if option is None
            else say("queues.bad_option", source=SOURCE, option=clean(option.group(1)))
        ) from None
    pool.connection_class = _bounded(pool.connection_class)
    return client


def _of_sentinels(address: RedisAddress, settings: RedisSettings) -> Redis:
    """The present master, by the word of the sentinels; asked again at each new connection."""
    from redis.asyncio.connection import parse_url
    from redis.asyncio.retry import Retry
    from redis.asyncio.sentinel import Sentinel, SentinelManagedConnection
    from redis.backoff import NoBackoff

    if not settings.master_name:
        raise Unreachable(say("queues.no_master", source=SOURCE))
    if any(name.startswith("ssl_") for name in address.options):
        raise Unreachable(say("queues.sentinel_tls", source=SOURCE))
    keywords: dict[str, Any] = {
        name: value
        for name, value in parse_url(address.for_redis()).items()
        if name not in ("host", "port", "connection_class")
    }
    # One that is down is left for the next at once, one that hangs in time.
    patience = {
        "retry": Retry(NoBackoff(), 0),
        "socket_timeout": settings.timeout_s / (len(address.hosts) + 1),
        "socket_connect_timeout": settings.timeout_s / (len(address.hosts) + 1),
    }
    sentinel = Sentinel(address.hosts, sentinel_kwargs=patience)  # type: ignore[no-untyped-call,unused-ignore]
    for asked in sentinel.sentinels:
        asked.connection_pool.connection_class = _bounded(asked.connection_pool.connection_class)
    client: Redis = sentinel.master_for(  # type: ignore[no-untyped-call,unused-ignore]
        settings.master_name, connection_class=_bounded(SentinelManagedConnection), **keywords
    )
    return client


async def close_redis(client: Redis) -> None:
    """Close its connections, those to the sentinels included, which redis-py leaves open."""
    await client.aclose()
    sentinels = getattr(client.connection_pool, "sentinel_manager", None)
    for asked in sentinels.sentinels if sentinels is not None else ():
        await asked.aclose()


def _bounded(connection_class: type[AbstractConnection]) -> type[AbstractConnection]:
    """The same kind of connection, with a limit for each answer: redis-py has none."""

    class Bounded(connection_class):  # type: ignore[valid-type, misc]  # the kind follows from the address
        async def on_connect_check_health(self: Any, check_health: bool = True) -> None:  # noqa: FBT001, FBT002  # redis-py's
            # The first that every kind of connection does with its reader (a socket's does it while it connects).
            self._reader = _BoundedReader(self._reader)
            await super().on_connect_check_health(check_health)

        async def read_response(self, *arguments: Any, **options: Any) -> Any:
            if self._reader is not None:
                self._reader.begin_answer()
            return await super().read_response(*arguments, **options)

    return Bounded


class _BoundedReader:
    """What redis-py reads through: a `StreamReader` that gives at most `MAX_ANSWER_BYTES` for one answer."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self._reader = reader
        self._left = MAX_ANSWER_BYTES

    def begin_answer(self) -> None:
        """Another answer may be as large again."""
        self._left = MAX_ANSWER_BYTES

    async def readexactly(self, count: int) -> bytes:
        """As that of `StreamReader`; refused before it is read when it is too much."""
        self._take(count)
        return await self._reader.readexactly(count)

    async def readline(self) -> bytes:
        """As that of `StreamReader`, whose own limit for a line is 64 KiB."""
        line = await self._reader.readline()
        self._take(len(line) + ITEM_BYTES)
        return line

    def _take(self, count: int) -> None:
        self._left -= count
        if self._left < 0:
            raise ValueError(f"an answer of more than {MAX_ANSWER_BYTES} bytes")

    def __getattr__(self, name: str) -> Any:  # what redis-py asks of the reader besides
        return getattr(self._reader, name)


@asynccontextmanager
async def answered(timeout_s: float) -> AsyncIterator[None]:
    """What is asked inside has to be answered within the deadline."""
    import redis.exceptions as failures

    try:
        async with asyncio.timeout(timeout_s):
            yield
    except (failures.TimeoutError, TimeoutError) as error:
        raise TimedOut(say("signals.timed_out", source=SOURCE, seconds=timeout_s)) from error
    except (failures.AuthenticationError, failures.NoPermissionError) as error:
        raise Denied(say("queues.denied", source=SOURCE, detail=clean(str(error)))) from error
    except (failures.ConnectionError, OSError) as error:
        raise Unreachable(say("signals.unreachable", source=SOURCE, detail=clean(str(error)))) from error
    except failures.RedisError as error:
        raise _bad_answer(str(error)) from error
    except (AttributeError, TypeError, ValueError, LookupError, RecursionError) as error:
        # It speaks the protocol, but answers what nobody asked: the client believes it and stumbles.
        raise _bad_answer(f"{type(error).__name__}: {error}") from error


def queue_key(prefix: str, queue: str, priority: int, separator: str) -> str:
    """The list of a queue's messages of one priority step (kombu/transport/redis.py, `_q_for_pri`)."""
    suffix = f"{separator}{priority}" if priority else ""
    return f"{prefix}{queue}{suffix}"


def unacked_key(settings: RedisSettings) -> str:
    """The hash of all messages that workers hold."""
    return settings.key_prefix + "unacked"


def _bad_answer(detail: str) -> BadAnswer:
    return BadAnswer(say("signals.bad_answer", source=SOURCE, detail=clean(detail)))
