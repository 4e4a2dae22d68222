"""A Redis connection from `[signals.redis]`, and the names under which Celery (Kombu) keeps its queues there.

TLS is in the address (`rediss://…?ssl_ca_certs=…`, redis-py's own options); the password may be in a file.
`open_redis` raises `Unreachable` for a bad address and `ConfigError` for a password file that can't be read.
`answered` raises, for all that is done inside of it:
    Unreachable   no connection: refused, name unknown, TLS broken
    TimedOut      not done within `timeout_s`
    Denied        a wrong password, or a command that the user may not call
    BadAnswer     an error of the server, or an answer that is not Redis'
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from core.errors import BadAnswer, Denied, TimedOut, Unreachable
from core.message import say
from core.text import clean
from signals.connections.credentials import read_secret

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from redis.asyncio import Redis

    from signals.settings import RedisSettings

SOURCE = "redis"
"""How the screen calls it."""


def open_redis(settings: RedisSettings) -> Redis:
    """A client, not yet connected. Its first import takes a while: call it in a thread."""
    from redis.asyncio import Redis

    password = read_secret(None, settings.password_file)
    try:
        return Redis.from_url(settings.url.get_secret_value(), password=password)  # one in the URL goes first
    except ValueError:  # its words may hold a part of the URL, and with it the password
        raise Unreachable(say("queues.bad_url", source=SOURCE)) from None


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
    except (AttributeError, TypeError, ValueError, LookupError) as error:
        # It speaks the protocol, but answers what nobody asked: the client believes it and stumbles.
        raise _bad_answer(f"{type(error).__name__}: {error}") from error


def queue_key(settings: RedisSettings, queue: str, priority: int) -> str:
    """The list of a queue's messages of one priority step."""
    suffix = f"{settings.priority_separator}{priority}" if priority else ""
    return f"{settings.key_prefix}{queue}{suffix}"


def unacked_key(settings: RedisSettings) -> str:
    """The hash of all messages that workers hold."""
    return settings.key_prefix + "unacked"


def _bad_answer(detail: str) -> BadAnswer:
    return BadAnswer(say("signals.bad_answer", source=SOURCE, detail=clean(detail)))
