"""A queue that waits for nobody is worth a look; where the consumers are not all known, nothing is said."""

from __future__ import annotations

from dataclasses import replace

import pytest

from panels.enrich.consumers import contribute
from signals.celery.model import Fleet, Queue, Queues, Worker, WorkerState
from signals.reading import Verdict
from tests.panels.enrich.test_workers import one
from tui.i18n import Language


def queues(**waiting: int) -> Queues:
    return Queues(
        queues=tuple(
            Queue(
                name=name,
                waiting=count,
                unacked=0,
                by_priority={0: count},
                oldest_s=None,
                oldest_is_floor=False,
            )
            for name, count in waiting.items()
        ),
        at=100.0,
        source="redis",
        eviction_policy=None,
        used_bytes=None,
        limit_bytes=None,
    )


WORKER = one(WorkerState.IDLE)
"""It consumes `matches`."""


@pytest.mark.parametrize(
    ("waiting", "workers", "text"),
    [
        ({"matches": 3}, (WORKER,), None),
        ({"matches": 0, "emails": 0}, (WORKER,), None),
        ({"matches": 3, "emails": 253}, (WORKER,), "nobody consumes emails: 253 messages wait"),
        ({"emails": 253}, (WORKER, replace(WORKER, name="w@2", queues=("emails",))), None),
        ({"emails": 253}, (WORKER, one(WorkerState.UNKNOWN, "silent@1")), None),
        (
            {"emails": 253},
            (WORKER, replace(WORKER, queues=("emails",), signed_off=True)),
            "nobody consumes emails: 253 messages wait",
        ),
        ({"emails": 253}, (), None),
    ],
    ids=[
        "consumed",
        "empty",
        "unconsumed",
        "by another",
        "one is silent",
        "the consumer is gone",
        "no worker known",
    ],
)
def test_who_waits_for_nobody(waiting: dict[str, int], workers: tuple[Worker, ...], text: str | None) -> None:
    found = contribute(queues(**waiting), Fleet(workers, 100.0, "celery"))
    assert found.verdict is (Verdict.WARN if text else None)
    assert (Language("en").say(found.reason) if found.reason else None) == text
