"""On a real RabbitMQ: what can be done is done, by the broker's own count; what can't is refused by its name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from celery import Celery

from actions.catalogue import queue_hold, queue_pause_producers, queue_purge, queue_release, queue_revoke
from actions.errors import ActionRefused
from actions.planning import make_plan
from actions.queues.broker import open_queue
from actions.queues.consumers import read_consumers
from actions.settings import ActionsSettings
from core.errors import SourceError
from tests.actions.build import context, expecting
from tests.rabbitmq import run_rabbitmq
from tests.signals.celery.test_fleet import worker
from tests.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

NAME, QUEUE = "rabbit@host", "work"


def test_hold_release_revoke_and_producers_on_rabbitmq(redis_url: str, tmp_path: Path) -> None:
    settings = {
        "switches": {
            "producers": {"redis": {"url": redis_url}, "positions": {"paused": {"flag": "1"}, "running": {}}}
        },
        "producers": {"window_s": 0.5, "settle_s": 0, "queues": [QUEUE]},
    }
    with run_rabbitmq(tmp_path) as url:
        on = context(
            settings=ActionsSettings.model_validate(settings),
            folder=tmp_path / "own",
            celery={"broker_url": url, "timeout_s": 5.0},
        )
        with worker(url, NAME, "-Q", QUEUE, "-P", "solo"):
            until(lambda: bool(on.workers.ask("ping", expected=1)))
            on = expecting(on, 1)
            hold = queue_hold.Hold(queue=QUEUE)
            plan = make_plan(queue_hold.ACTION, hold, on)
            assert [step.kind for step in plan.steps] == ["control"], "nothing is moved"
            queue_hold.run(hold, plan, on)
            app = Celery(broker=url)
            for _ in range(3):
                app.send_task("rest", args=[0.0], queue=QUEUE)
            until(lambda: open_queue(on, QUEUE).count() == (3, 0))
            assert [check.ok for check in queue_hold.verify(hold, plan, on)] == [True, True]

            pause = queue_pause_producers.PauseProducers()
            paused = make_plan(queue_pause_producers.ACTION, pause, on)
            queue_pause_producers.run(pause, paused, on)
            assert [check.ok for check in queue_pause_producers.verify(pause, paused, on)] == [True, True]

            spared = make_plan(queue_revoke.ACTION, queue_revoke.Revoke(task="rest"), on)
            assert [blocker.key for blocker in spared.blockers] == ["actions_queues.revoke_unseen"]
            assert spared.effects[0].value is None, "what waits there is not known"
            for module, params in (
                (queue_purge, queue_purge.Purge(queue=QUEUE)),
                (queue_hold, queue_hold.Hold(queue="nobody's")),
            ):
                with pytest.raises(ActionRefused) as refused:
                    make_plan(module.ACTION, params, on)
                assert refused.value.message.key in ("actions_queues.amqp_refused", "actions.queue_unknown")

            release = queue_release.Release(queue=QUEUE, workers=(NAME,))
            released = make_plan(queue_release.ACTION, release, on)
            queue_release.run(release, released, on)
            until(lambda: open_queue(on, QUEUE).count() == (0, 0))
            assert read_consumers(on.workers, QUEUE)[0] == (NAME,)
    with pytest.raises(SourceError):
        queue_hold.run(hold, plan, context(celery={"broker_url": url, "timeout_s": 0.5}))


def test_another_broker_is_refused_by_its_name() -> None:
    on = context(celery={"broker_url": "sqs://key:secret@"})
    with pytest.raises(ActionRefused) as refused:
        open_queue(on, QUEUE)
    assert refused.value.message.values == {"scheme": "sqs"}
