"""A connection to Postgres whose client, too, keeps the time of a statement.

A statement timeout is the server's own: behind a pooler that lets clients in by itself, or when the server stops, nobody keeps
it, and who waits would do so for ever. It imports psycopg: import it where a connection is opened.
"""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any, TypeVar

import psycopg
from psycopg.errors import ConnectionTimeout

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

T = TypeVar("T")


class DeadlineConnection(psycopg.Connection[Any]):
    """It hangs up where nothing comes for `limit_s` after a statement, and raises `ConnectionTimeout`."""

    limit_s = math.inf

    def wait(self, gen: Any, *arguments: Any, **options: Any) -> Any:
        """What psycopg itself waits with for every answer."""
        return super().wait(_in_time(gen, self.limit_s, self.pgconn.finish), *arguments, **options)


def _in_time(
    waiting: Generator[Any, int, T], limit_s: float, hang_up: Callable[[], None]
) -> Generator[Any, int, T]:
    """The same generator (psycopg sends 0 now and then while nothing comes), until the limit."""
    end = time.monotonic() + limit_s
    try:
        wanted = next(waiting)
        while True:
            ready = yield wanted
            if not ready and time.monotonic() > end:
                hang_up()
                raise ConnectionTimeout("no answer to a statement")
            wanted = waiting.send(ready)
    except StopIteration as ended:
        answer: T = ended.value
        return answer
