"""Celery's workers, asked and told through remote control on their broker; nothing of the service's code is loaded."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, TypeVar

from actions.errors import ActionRefused, Cancelled
from core.errors import SourceError
from core.message import say
from core.text import clean
from signals.connections.broker import SOURCE, broker_error, ensure_connected, open_broker
from signals.settings import CelerySettings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from signals.settings import RedisSettings

MAX_REPLIES = 5_000
NOT_FOUND = 404
"""What AMQP answers about a queue that nobody declared."""
T = TypeVar("T")


class CeleryWorkers:
    """A `Workers`."""

    def __init__(
        self,
        settings: CelerySettings | None,
        redis: RedisSettings | None,
        is_cancelled: Callable[[], bool],
    ) -> None:
        self._is_configured = settings is not None or redis is not None
        self._settings = settings or CelerySettings()
        self._redis = redis
        self._is_cancelled = is_cancelled

    def ask(
        self,
        command: str,
        arguments: Mapping[str, object] | None = None,
        *,
        destination: Sequence[str] = (),
        wait_s: float | None = None,
        expected: int = 0,
    ) -> dict[str, Any]:
        """The replies by worker."""
        replies: dict[str, Any] = {}

        def heard(reply: dict[str, Any]) -> None:
            if len(replies) < MAX_REPLIES:
                replies.update({clean(str(name), 200): value for name, value in reply.items()})

        self._broadcast(
            command,
            arguments=dict(arguments or {}),
            destination=list(destination) or None,
            reply=True,
            timeout=wait_s or self._settings.reply_wait_s,
            limit=expected or len(destination) or None,
            callback=heard,
        )
        return replies

    def tell(self, command: str, arguments: Mapping[str, object], *, destination: Sequence[str] = ()) -> None:
        """Nobody replies."""
        self._broadcast(command, arguments=dict(arguments), destination=list(destination) or None)

    def waiting(self, queue: str) -> int | None:
        """By a passive declaration (AMQP 0-9-1, `queue.declare`), which changes nothing."""

        def declare(_: Any, connection: Any) -> int | None:
            try:
                return int(connection.default_channel.queue_declare(queue, passive=True).message_count)
            except connection.channel_errors as error:
                if getattr(error, "reply_code", None) == NOT_FOUND:
                    return None
                raise

        return self._connected(declare)

    def _broadcast(self, command: str, **options: Any) -> None:
        self._connected(
            lambda app, connection: app.control.broadcast(command, connection=connection, **options)
        )

    def _connected(self, work: Callable[[Any, Any], T]) -> T:
        if not self._is_configured:
            raise ActionRefused(say("actions.not_configured", section="signals.celery"))
        if self._is_cancelled():
            raise Cancelled(say("actions.cancelled"))
        began = time.monotonic()
        try:
            app, connection = open_broker(self._settings, self._redis)
            with connection:
                ensure_connected(connection, self._settings.timeout_s)
                return work(app, connection)
        except SourceError:
            raise
        except Exception as error:  # whatever a transport raises
            waited_s = round(time.monotonic() - began, 1)
            raise broker_error(error, SOURCE, max(waited_s, self._settings.timeout_s)) from error
