"""Hands a run to an ops host through Celery's broker. The message says which run and nothing else: all of it is in the journal.

Whoever can write to the broker can therefore have nothing done that was not approved, and a message that comes twice finds the
run claimed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.errors import SourceError
from signals.connections.broker import SOURCE, broker_error, ensure_connected, open_broker
from signals.settings import CelerySettings

if TYPE_CHECKING:
    from uuid import UUID

    from signals.settings import SignalsSettings

QUEUE = "warroom"
TASK = "warroom.run"
LATE_S = 300.0
"""After so long what was confirmed is no longer what somebody waits for: a message that comes later does nothing."""


def send(run: UUID, signals: SignalsSettings) -> None:
    """To whichever `warroom worker` takes it; raises a `SourceError` where the broker does not say that it has the message."""
    settings = signals.celery or CelerySettings()
    try:
        app, connection = open_broker(settings, signals.redis)
        connection.transport_options["confirm_publish"] = (
            True  # RabbitMQ: else one that dies now loses it unseen
        )
        with connection:
            ensure_connected(connection, settings.timeout_s)
            app.send_task(TASK, args=[str(run)], queue=QUEUE, connection=connection, retry=False)
    except SourceError:
        raise
    except Exception as error:  # whatever a transport raises
        raise broker_error(error, SOURCE, settings.timeout_s) from error
