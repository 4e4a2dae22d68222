"""A worker restarts while nobody keeps what is in force: no list says that it is still applied."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from actions.runner.keeper import LastRound
from incidents.events import run_body as r
from response.in_force import InForce
from tests.actions.build import context
from tests.signals.celery.test_fleet import worker
from tests.tui.actions.test_pictures import HOLD, START, STARTED, run_of
from tests.tui.cli.test_run import DONE, FAILED, Shop
from tests.waiting import until
from tui.actions.draw.in_force import OLD_CHECK_S, effect_lines
from tui.feeds.runs import Checked, RunsState
from tui.i18n import Language

if TYPE_CHECKING:
    from pathlib import Path

WORKER = "forgets@host"


def test_what_a_restarted_worker_has_forgotten_is_not_listed_as_applied(
    redis_url: str, tmp_path: Path
) -> None:
    shop = Shop(tmp_path)
    with (tmp_path / "warroom.toml").open("a") as config:
        config.write(f'[signals.redis]\nurl = "{redis_url}"\n[signals.celery]\nreply_wait_s = 3\n')
    desk = context(redis={"url": redis_url}, celery={})

    def answers() -> bool:
        return bool(desk.workers.ask("ping", expected=1))

    with worker(redis_url, WORKER, "-P", "solo"):
        until(answers)
        throttle = ("run", "queue.throttle", "--param", "task=rest", "--param", "rate=20/m", "--yes")
        done = shop(*throttle)
        assert done.returncode == DONE, done.stderr
        listed = shop("actions", "in-force")
        assert "NOT KNOWN whether it is still so" in listed.stdout
        assert "nobody keeps it on this host" in listed.stderr
        seen = shop("actions", "in-force", "--verify")
        assert (seen.returncode, "IT IS NOT SO" in seen.stdout) == (DONE, False)
        assert "NOT KNOWN" not in seen.stdout, "it was just looked at"
    with worker(redis_url, WORKER, "-P", "solo"):
        until(answers)
        assert "NOT KNOWN whether it is still so" in shop("actions", "in-force").stdout
        seen = shop("actions", "in-force", "--verify")
        assert (seen.returncode, "IT IS NOT SO" in seen.stdout) == (FAILED, True)
        (row,) = shop.json("actions", "in-force", "--verify")["in_force"]
        assert (row["verified"], row["kept_here"]) == (False, False)


def test_the_list_on_the_screen_ticks_nothing_that_nobody_keeps_and_nobody_has_looked_at() -> None:
    until_then = START + dt.timedelta(hours=4)
    hold = run_of(1, HOLD, *STARTED, r.RunVerified(), r.RunFinished(until=until_then))
    effect = InForce("RUN-1", hold, HOLD, until_then, is_certain=True)
    assert hold.ended_at is not None
    now = hold.ended_at.timestamp() + OLD_CHECK_S + 60

    def mark(**known: object) -> str:
        state = RunsState(effects=(effect,), at=now, **known)  # type: ignore[arg-type]  # a table
        return effect_lines(effect, state, Language("en"), 100, now, chosen=False)[0].plain[0]

    assert mark() == "?"
    assert mark(last_round=LastRound(1.0)) == "✔"
    assert mark(checked={hold.id: Checked(now - 5, ok=True)}) == "✔"
    assert mark(checked={hold.id: Checked(now - OLD_CHECK_S - 5, ok=True)}) == "?"
    assert mark(checked={hold.id: Checked(now - 5, ok=False)}) == "✖"
