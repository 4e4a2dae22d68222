"""A switch is read back where it is kept, goes back to exactly what stood there, and ends with its time."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from actions.catalogue.degrade_set import ACTION, Degrade
from actions.errors import ActionFailed, ActionRefused, BadParameter
from actions.parameters import read_parameters
from actions.planning import hold_to, make_plan
from actions.settings import ActionsSettings
from core.errors import SourceError
from sandbox.servers import run_valkey
from tests.actions.build import context
from tests.actions.switches.json_server import json_server

if TYPE_CHECKING:
    from pathlib import Path

    from actions.model import Context, Plan

POSITIONS = {"on": {"shop:cache": "1", "shop:cache:ttl": "60"}, "off": {"shop:cache": "0"}}


def desk(redis_url: str, switch: dict[str, Any], tmp_path: Path, printed: list[str] | None = None) -> Context:
    settings = {"checkout": tmp_path, "switches": {"cache": switch}}
    return context(
        printed,
        settings=ActionsSettings.model_validate(settings),
        redis={"url": redis_url, "timeout_s": 10.0},
    )


def change(params: Degrade, on: Context, lasts_s: float | None = None) -> Plan:
    """Done, and seen to be so."""
    plan = make_plan(ACTION, params, on, lasts_s=lasts_s)
    assert plan.blockers == ()
    ACTION.run(params, plan, on)
    assert [check.ok for check in ACTION.verify(params, plan, on)] == [True] * len(
        ACTION.verify(params, plan, on)
    )
    return plan


def back(plan: Plan) -> Degrade:
    assert plan.undo.call is not None
    assert plan.undo.call.id == "degrade.set"
    return read_parameters(Degrade, plan.undo.call.params)


def test_keys_of_a_redis_go_back_to_what_was_there_and_end_by_themselves(
    redis_url: str, tmp_path: Path
) -> None:
    import redis

    on = desk(redis_url, {"redis": {}, "positions": POSITIONS}, tmp_path)
    with redis.Redis.from_url(redis_url, decode_responses=True) as client:
        client.set("shop:cache", "what nobody configured")
        plan = change(Degrade(switch="cache", position="on"), on, lasts_s=600)
        assert [step.text for step in plan.steps] == ["SET shop:cache 1", "SET shop:cache:ttl 60 EX …"]
        assert client.ttl("shop:cache") == -1, "it was there before: only an undo brings it back"
        assert 0 < client.ttl("shop:cache:ttl") <= 600
        client.delete("shop:cache")  # evicted, or put back by somebody else
        assert ACTION.keep is not None
        kept = ACTION.keep(Degrade(switch="cache", position="on"), plan, on)
        assert [message.key for message in kept] == ["actions_upkeep.set_again"]
        later = replace(plan, lasts_s=7200)  # somebody put its end off
        assert ACTION.keep(Degrade(switch="cache", position="on"), later, on) == ()
        assert client.ttl("shop:cache:ttl") > 7000
        change(back(plan), on, lasts_s=0)
        assert client.mget("shop:cache", "shop:cache:ttl") == ["what nobody configured", None]
        again = make_plan(ACTION, back(plan), on)
        assert (again.blockers, [warning.key for warning in again.warnings]) == ((), ["actions_upkeep.is_so"])
        client.set("shop:cache", "\x1b]52;c;x\x07")
        with pytest.raises(ActionRefused):
            make_plan(ACTION, Degrade(switch="cache", position="on"), on)
        client.delete("shop:cache")
        client.lpush("shop:cache", 1)
        with pytest.raises((ActionRefused, SourceError, ActionFailed)):
            change(Degrade(switch="cache", position="on"), on)


def test_an_environment_file_keeps_all_else_and_is_read_anew_by_a_restart(
    redis_url: str, tmp_path: Path
) -> None:
    env = tmp_path / ".env"
    env.write_text("# ours\nCACHE='0' # off\nOTHER=\"a b\"\n")
    env.chmod(0o640)
    command = [sys.executable, "-c", "import pathlib; pathlib.Path('restarted').touch()"]
    switch = {
        "file": {"path": ".env", "restart": {"command": command}},
        "positions": {"on": {"CACHE": "1", "TTL": "60"}, "off": {"CACHE": "0"}},
    }
    printed: list[str] = []
    on = desk(redis_url, switch, tmp_path, printed)
    plan = change(Degrade(switch="cache", position="on"), on)
    assert env.read_text() == "# ours\nCACHE='1' # off\nOTHER=\"a b\"\nTTL=60\n"
    assert (env.stat().st_mode & 0o777, (tmp_path / "restarted").exists()) == (0o640, True)
    assert back(plan) == Degrade(switch="cache", position="off")
    env.write_text("CACHE=0\n")  # a deploy
    assert ACTION.keep is not None
    said = ACTION.keep(Degrade(switch="cache", position="on"), plan, on)
    assert [message.key for message in said] == ["actions_upkeep.file_differs"]
    assert env.read_text() == "CACHE=0\n", "who replaced the file knew why"
    on = desk(redis_url, {**switch, "file": {"path": ".env", "restart": {"command": ["false"]}}}, tmp_path)
    with pytest.raises(ActionFailed) as failed:
        change(Degrade(switch="cache", position="on"), on)
    assert failed.value.message.key == "actions_upkeep.written_only"
    change_back = make_plan(ACTION, Degrade(switch="cache", position="off"), on)
    assert [step.kind for step in change_back.steps] == ["file", "file", "process"]


def test_a_service_is_asked_over_http_what_it_has_now(redis_url: str, tmp_path: Path) -> None:
    state: dict[str, object] = {"model": "big", "limit": 5, "other": [1]}
    with json_server(state) as url:
        positions = {"fast": {"model": "small", "limit": 9}, "standard": {"model": "big", "limit": 7}}
        on = desk(redis_url, {"http": {"url": url, "path": "/switch"}, "positions": positions}, tmp_path)
        plan = change(Degrade(switch="cache", position="fast"), on)
        assert state == {"model": "small", "limit": 9, "other": [1]}
        assert json.loads(back(plan).restore) == {"model": "big", "limit": 5}
        state["deaf"] = True  # it answers 200, and does nothing
        params = back(plan)
        ACTION.run(params, (stale := make_plan(ACTION, params, on)), on)
        assert [check.ok for check in ACTION.verify(params, stale, on)] == [False, False]


def test_what_is_no_switch_position_or_restore_is_refused(redis_url: str, tmp_path: Path) -> None:
    on = desk(redis_url, {"redis": {}, "positions": POSITIONS}, tmp_path)
    for params in (
        {"switch": "nothing", "position": "on"},
        {"switch": "cache", "position": "half"},
        {"switch": "cache"},
        {"switch": "cache", "restore": "{}"},
        {"switch": "cache", "restore": '{"shop:cache": "1", "other": "x"}'},
        {"switch": "cache", "restore": '{"shop:cache": [], "shop:cache:ttl": null}'},
        {"switch": "cache", "restore": "{" * 3000},
    ):
        with pytest.raises(BadParameter):
            make_plan(ACTION, read_parameters(Degrade, params), on)


def test_a_redis_that_dies_in_the_middle_is_no_success(tmp_path: Path) -> None:
    params = Degrade(switch="cache", position="on")
    with run_valkey(tmp_path / "valkey") as server:
        on = desk(server.url, {"redis": {}, "positions": POSITIONS}, tmp_path)
        plan = make_plan(ACTION, params, on)
        hold_to(plan, make_plan(ACTION, params, on))
    with pytest.raises(SourceError):
        ACTION.run(params, plan, on)
    with pytest.raises(SourceError):
        ACTION.verify(params, plan, on)
    with pytest.raises(SourceError):
        make_plan(ACTION, params, on)
