"""From `a` on a panel of queues to a queue that is held and verified, by keys alone, against a real broker and worker; and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import redis

from tests.signals.celery.test_fleet import worker
from tests.tui.actions.stage import has_ended, on_screen, plan_of, run_of, running
from tests.tui.incident.stage import until
from tui.screens.actions import plan as plan_module
from tui.screens.actions.in_force import InForceScreen
from tui.screens.actions.offer import OfferDialogue
from tui.screens.board import BoardScreen

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from tui.app import Warroom


def configuration(folder: Path, url: str) -> Path:
    config = folder / "warroom.toml"
    config.write_text(
        f"""
[signals.redis]
url = "{url}"
queues = ["ai"]
[signals.celery]
broker_url = "{url}"
reply_wait_s = 0.3
[panels]
show = ["queues"]
[[panels.add]]
id = "queues"
kind = "queues"
title = "Queues"
interval_s = 1
queries = [{{ name = "waiting", unit = "count", by = "queue" }}]
[journal]
url = "sqlite:///{folder}/journal.db"
[actions]
folder = "{folder}/runs"
""",
        encoding="utf-8",
    )
    return config


def is_counted(app: Warroom, queue: str) -> bool:
    """Whether the panel has a number for this queue."""
    readings = app.states["queues"].readings if "queues" in app.states else ()
    return any(reading.value is not None and ("queue", queue) in reading.labels for reading in readings)


async def test_a_queue_is_held_by_keys_shown_in_force_and_released(
    tmp_path: Path, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan_module, "SEEN_S", 0.0)
    with worker(redis_url, "first@host", "-Q", "ai"), redis.Redis.from_url(redis_url) as broker:
        await until(lambda: broker.exists("_kombu.binding.ai"), "the worker has declared its queue", 60)
        async with running(configuration(tmp_path, redis_url)) as person:
            app = person.app
            await until(lambda: is_counted(app, "ai"), "the panel", 60)
            await person.press("a", then=lambda: isinstance(app.screen, OfferDialogue))
            shown = on_screen(app)
            assert "queue.hold queue=ai" in shown, "the queue is known from the panel"
            assert shown.index("queue.hold") < shown.index("queue.purge"), (
                "what may lose something stands later"
            )
            hold = next(line for line in shown.splitlines() if "queue.hold" in line)
            await person.press(hold[1], then=lambda: f"›{hold[1]} queue.hold" in on_screen(app))
            await person.press("enter", then=lambda: plan_of(app))
            await until(lambda: "cancel_consumer ai" in on_screen(app), "the worker is named in the plan", 60)
            await person.press("enter", then=lambda: has_ended(app))
            run = run_of(app)
            assert run is not None
            assert (run.state, run.verified) == ("finished", True)
            broker.rpush("ai", "{}")
            await person.press("escape", then=lambda: isinstance(app.screen, BoardScreen))
            await until(lambda: "in force 1" in on_screen(app), "the board says so")
            await person.press("F", then=lambda: isinstance(app.screen, InForceScreen))
            await until(
                lambda: "verified" in on_screen(app) and "kept" in on_screen(app), "this program keeps it"
            )
            await person.press("u", then=lambda: plan_of(app))
            await until(lambda: "queue.release" in on_screen(app), "what takes it back")
            await person.press("enter", then=lambda: has_ended(app))
            assert (undone := run_of(app)) is not None
            assert (undone.state, undone.verified) == ("finished", True)
            assert undone.planned.undoes == run.id
            await person.press("escape", then=lambda: isinstance(app.screen, InForceScreen))
            await until(
                lambda: "nothing that was done here" in on_screen(app), "nothing is in force any more"
            )
