"""The queues that Celery's remote control and events have bound on a Redis: nobody else ever takes them off."""

from __future__ import annotations

from typing import TYPE_CHECKING

from signals.celery.bindings import BINDING_KEY

if TYPE_CHECKING:
    from redis import Redis

EVENTS, ANSWERS = "celeryev", "reply.celery.pidbox"


def bound(broker: Redis) -> set[bytes | str]:
    """A member for each queue for events or answers."""
    return {member for each in (EVENTS, ANSWERS) for member in broker.smembers(f"{BINDING_KEY}{each}")}


def listening(broker: Redis) -> bool:
    """Whether an event queue is bound."""
    return bool(broker.exists(f"{BINDING_KEY}{EVENTS}"))
