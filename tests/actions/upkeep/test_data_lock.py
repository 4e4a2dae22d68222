"""Data and version move together or not at all; what the source gives is believed only when it looks like the data."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import pytest

from actions.catalogue.arena_lock import ACTION, Lock
from actions.errors import ActionFailed, ActionRefused, BadParameter
from actions.planning import make_plan
from actions.settings import ActionsSettings
from core.errors import SourceError
from tests.actions.build import context
from tests.page import Page, page_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from actions.model import Context

SETTINGS = 'a = "15.5"\npatch: str = Field(\n    default="15.5",\n    alias="PATCH",\n)\n'


def items(count: int, prefix: str = "Boon") -> list[dict[str, Any]]:
    return [{"id": number, "name": f"{prefix} {number}", "tier": 1} for number in range(count)]


@pytest.fixture
def source() -> Iterator[dict[str, Any]]:
    """What each patch's address answers; `url` is where."""
    pages: dict[str, Any] = {}

    def page(path: str) -> Page:
        body = pages.get(path.split("/")[1], Page(b"<html>", 404))
        return body if isinstance(body, Page) else Page(json.dumps(body).encode())

    with page_server(page) as url:
        pages["url"] = url
        yield pages


def desk(tmp_path: Path, url: str, **own: object) -> Context:
    (tmp_path / "settings.py").write_text(SETTINGS)
    (tmp_path / "data.json").write_text(
        json.dumps({"version": "15.5", "augments": [{"id": i["id"], "name": i["name"]} for i in items(20)]})
    )
    lock = {
        "version": {"path": "settings.py", "pattern": r'patch: str = Field\([^"]*"([^"]+)"'},
        "data": "data.json",
        "source": {"url": url + "/{version}/data.json"},
        "source_items": "game.augments",
        "items_key": "augments",
        "fields": {"id": "integer", "name": "string"},
        "minimum": 10,
        "allowed": r"\d+\.\d+",
    } | own
    return context(settings=ActionsSettings.model_validate({"checkout": tmp_path, "data_lock": lock}))


def test_both_files_move_and_move_back(tmp_path: Path, source: dict[str, Any]) -> None:
    tests = "import json, re; d = json.load(open('data.json')); s = open('settings.py').read(); assert d['version'] in s"
    restart = [sys.executable, "-c", "open('restarted', 'w')"]
    on = desk(
        tmp_path,
        source["url"],
        regression=[sys.executable, "-c", tests],
        restart={"command": restart},
    )
    source["15.5"] = {"game": {"augments": items(20)}}
    source["15.6"] = {"game": {"augments": [*items(18), {"id": 90, "name": "新符文", "tier": 2}]}}
    params = Lock(version="15.6")
    plan = make_plan(ACTION, params, on)
    assert [fact.value for fact in plan.effects] == [1, 2, 0]
    assert [step.kind for step in plan.steps] == ["file", "file", "process", "process"]
    assert plan.undo.call is not None
    assert dict(plan.undo.call.params) == {"version": "15.5"}
    ACTION.run(params, plan, on)
    assert [check.ok for check in ACTION.verify(params, plan, on)] == [True]
    assert (tmp_path / "settings.py").read_text() == SETTINGS.replace('default="15.5"', 'default="15.6"')
    written = json.loads((tmp_path / "data.json").read_text())
    assert (written["version"], written["augments"][-1]) == ("15.6", {"id": 90, "name": "新符文"})
    assert (tmp_path / "restarted").exists()
    back = Lock(version="15.5")
    ACTION.run(back, make_plan(ACTION, back, on), on)
    assert (tmp_path / "settings.py").read_text() == SETTINGS


def test_a_failing_test_a_moved_source_and_a_settings_file_of_two_versions_write_nothing(
    tmp_path: Path, source: dict[str, Any]
) -> None:
    on = desk(tmp_path, source["url"], regression=["false"])
    source["15.6"] = {"game": {"augments": items(21)}}
    before = {name: (tmp_path / name).read_bytes() for name in ("settings.py", "data.json")}
    params = Lock(version="15.6")
    plan = make_plan(ACTION, params, on)
    with pytest.raises(ActionFailed) as failed:
        ACTION.run(params, plan, on)
    assert failed.value.message.key == "actions_upkeep.lock_undone"
    assert {name: (tmp_path / name).read_bytes() for name in before} == before
    source["15.6"] = {"game": {"augments": items(22)}}
    with pytest.raises(ActionFailed) as failed:
        ACTION.run(params, plan, on)
    assert failed.value.message.key == "actions_upkeep.data_moved"
    assert {name: (tmp_path / name).read_bytes() for name in before} == before
    (tmp_path / "settings.py").write_text(SETTINGS + SETTINGS)
    with pytest.raises(ActionRefused):
        make_plan(ACTION, params, on)


@pytest.mark.parametrize(
    ("answer", "key"),
    [
        (Page(b"<html>502</html>", 502), "actions.bad_answer"),
        (Page(b"<html>hello</html>"), "actions.bad_answer"),
        (Page(b"[" * 100_000), "actions.bad_answer"),
        ({"game": {}}, "actions.bad_answer"),
        ({"game": {"augments": items(5)}}, "actions_upkeep.data_short"),
        ({"game": {"augments": [*items(20), {"id": "21", "name": "x"}]}}, "actions_upkeep.data_shape"),
        ({"game": {"augments": [*items(20), {"id": True, "name": "x"}]}}, "actions_upkeep.data_shape"),
        ({"game": {"augments": [*items(20), {"id": 21, "name": ""}]}}, "actions_upkeep.data_shape"),
        ({"game": {"augments": [*items(20), *items(1)]}}, "actions_upkeep.data_twice"),
    ],
)
def test_what_is_no_data_is_refused(tmp_path: Path, source: dict[str, Any], answer: object, key: str) -> None:
    source["15.6"] = answer
    with pytest.raises(ActionRefused) as refused:
        make_plan(ACTION, Lock(version="15.6"), desk(tmp_path, source["url"]))
    assert refused.value.message.key == key


def test_other_data_a_hostile_version_and_no_source(tmp_path: Path, source: dict[str, Any]) -> None:
    source["15.6"] = {"game": {"augments": items(20, "Another game's")}}
    on = desk(tmp_path, source["url"])
    plan = make_plan(ACTION, Lock(version="15.6"), on)
    assert [blocker.key for blocker in plan.blockers] == ["actions_upkeep.data_unlike"]
    for version in ("../../etc", "15.6/../15.5", "15", "15.6?x", "${PATCH}"):
        with pytest.raises(BadParameter):
            make_plan(ACTION, Lock(version=version), on)
    with pytest.raises(SourceError):
        make_plan(ACTION, Lock(version="15.6"), desk(tmp_path, "http://127.0.0.1:1"))
