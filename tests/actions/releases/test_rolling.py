"""A release rolls over the sandbox's real workers and its service: one after the other, each asked before the next is touched."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from actions.model import Context
from actions.release_settings import ReleasesSettings
from actions.releases.errors import Stopped
from sandbox.releases import FIRST
from tests.actions.build import context
from tests.actions.migrations.project import run_sql
from tests.actions.releases.test_moves import done, parts, planned, ready, upgrade
from tests.chimera import DATABASE
from tests.sandbox.fronts import Front, running_front, running_workers
from tests.waiting import until
from tui.i18n import Language

FETCH, ANALYZE, SERVICE = "fetch@sandbox", "analyze@sandbox", "service"
REGION = "SANDBOX_REGION"


@pytest.fixture
def front(tmp_path: Path, postgres_url: str, redis_url: str) -> Iterator[Front]:
    with running_front(tmp_path, postgres_url, redis_url, rolls=True) as running:
        upgrade(running, postgres_url, FIRST)
        running.slots.put("blue", FIRST)
        with running_workers(running, worker_1={REGION: "na1"}):
            yield running


@pytest.fixture
def printed() -> list[str]:
    return []


@pytest.fixture
def here(front: Front, printed: list[str], postgres_url: str, redis_url: str) -> Context:
    desk = context(
        printed,
        releases=ReleasesSettings.model_validate(front.rolling()),
        postgres={"url": postgres_url, **DATABASE, "migrations": front.releases / "live" / "migrations"},
        redis={"url": redis_url},
        celery={"reply_wait_s": 1},
    )
    until(lambda: len(desk.workers.ask("ping", expected=2)) == 2)
    return desk


def running(here: Context) -> dict[str, tuple[str | None, int | None]]:
    """The release and the process of each worker, by its own word."""
    conf = here.workers.ask("conf", {"with_defaults": False}, expected=2)
    stats = here.workers.ask("stats", expected=2)
    return {name: (conf.get(name, {}).get("release"), stats.get(name, {}).get("pid")) for name in conf}


def test_it_comes_in_and_goes_back_one_instance_after_the_other(
    front: Front, here: Context, printed: list[str], postgres_url: str
) -> None:
    before = running(here)
    assert {name: release for name, (release, _) in before.items()} == {FETCH: FIRST, ANALYZE: FIRST}
    plan, _ = done("release.deploy", here, version="v2.3.0")
    assert (parts(plan), plan.danger) == ("schema_up roll", "mitigate")
    asked = [step.text for step in plan.steps if "→" in step.text]
    assert asked == [
        f"inspect conf → {FETCH}: release = v2.3.0",
        f"inspect conf → {ANALYZE}: release = v2.3.0",
        f"GET {front.url}/ready → v2.3.0",
        f"GET {front.url}/ready → v2.3.0",
    ]
    turns = [line for line in printed if line.startswith("-- ")]
    assert turns == [
        f"-- 1/3 {FETCH}",
        f"-- {FETCH} is v2.3.0",
        f"-- 2/3 {ANALYZE}",
        f"-- {ANALYZE} is v2.3.0",
        f"-- 3/3 {SERVICE}",
        f"-- {SERVICE} is v2.3.0",
    ]
    after = running(here)
    assert {name: release for name, (release, _) in after.items()} == {FETCH: "v2.3.0", ANALYZE: "v2.3.0"}
    assert all(after[name][1] != before[name][1] for name in before), "each is another process"
    assert ready(front) == (200, "v2.3.0")
    assert run_sql(postgres_url, "SELECT version_num FROM alembic_version") == [("5b7d20c4e9a1",)]
    assert [each.key for each in planned("release.deploy", here, version="v2.3.0").blockers] == [
        "releases.runs_already"
    ]
    back, _ = done("release.rollback", here)
    assert parts(back) == "roll"
    assert {name: release for name, (release, _) in running(here).items()} == {FETCH: FIRST, ANALYZE: FIRST}
    assert ready(front) == (200, FIRST)


def test_the_second_that_does_not_come_up_ends_it_and_all_come_back(
    front: Front, here: Context, printed: list[str]
) -> None:
    shutil.copytree(front.releases / FIRST, front.releases / "v2.2.9")
    (front.releases / "v2.2.9" / "came").unlink()
    release = json.loads((front.releases / FIRST / "release.json").read_text())
    (front.releases / "v2.2.9" / "release.json").write_text(
        json.dumps({**release, "version": "v2.2.9", "needs": [REGION]})
    )
    with pytest.raises(Stopped) as stopped:
        done("release.deploy", here, version="v2.2.9")
    words = Language("en").say(stopped.value.message)
    assert f"{ANALYZE}: " in words
    assert f"v2.2.9 needs {REGION}" in words, "why the worker did not start"
    assert f"Not touched: {SERVICE}" in words
    assert f"each by its own word: {FETCH} v2.2.9, {ANALYZE} ?, {SERVICE} {FIRST}" in words
    assert Language("zh").say(stopped.value.message)
    assert f"-- 3/3 {SERVICE}" not in printed
    assert ready(front) == (200, FIRST), "what is old stays up"

    listed = planned("release.list", here)
    assert [warning.key for warning in listed.warnings] == [
        "releases.several_live",
        "releases.instance_not_well",
    ]
    back, _ = done("release.rollback", here)
    assert (parts(back), back.undo.call) == ("roll", None)
    assert [step.text for step in back.steps if "→" in step.text] == [
        f"inspect conf → {FETCH}: release = {FIRST}",
        f"inspect conf → {ANALYZE}: release = {FIRST}",
        f"GET {front.url}/ready → {FIRST}",
    ], "the service is left alone"
    assert {name: release for name, (release, _) in running(here).items()} == {FETCH: FIRST, ANALYZE: FIRST}
    assert ready(front) == (200, FIRST)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"strategy": "blue-green"}, "blue-green has slots"),
        ({"instances": []}, "there are no `instances`"),
        ({"instances": [{"name": "a", "conf": "x"}, {"name": "a", "conf": "x"}]}, "the same name"),
        ({"instances": [{"name": "a"}]}, "either url or conf"),
        ({"probe": None}, "is missing"),
        ({"commands": {"list": ["l"], "deploy": [["d", "{version}"]]}}, "have to name the"),
    ],
)
def test_instances_that_can_not_roll_are_refused(
    wrong: dict[str, object], words: str, tmp_path: Path
) -> None:
    front = Front("http://127.0.0.1:1", None, tmp_path / "releases", tmp_path / "control.header")  # type: ignore[arg-type]  # none is needed
    switch = {"switch": [["s"]]} if "strategy" in wrong else {}
    section = front.rolling(**wrong)
    section["commands"] = {**section["commands"], **switch}  # type: ignore[dict-item]  # a table
    with pytest.raises(ValueError, match=words):
        ReleasesSettings.model_validate(section)
