"""`warroom doctor` over real servers, and over some that are away, late or wrong."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
import redis

from tests.bad_servers import answer, serve
from tests.page import Page, page_server
from tests.tui.config.test_config import warroom
from tui.config.load import load_config
from tui.doctor.queries import check_queries
from tui.doctor.terminal import check_terminal
from tui.i18n import Language


def doctor(tmp_path: Path, text: str, **environment: str) -> dict[str, list[dict[str, Any]]]:
    """The findings by what was looked at."""
    path = tmp_path / "warroom.toml"
    path.write_text(text)
    done = warroom("doctor", "--json", "--config", str(path), folder=tmp_path, **environment)
    found: dict[str, list[dict[str, Any]]] = {}
    for each in json.loads(done.stdout):
        assert each["ok"] or each["fix"], each
        found.setdefault(each["where"], []).append(each)
    assert done.returncode == (0 if all(one["ok"] for each in found.values() for one in each) else 1)
    return found


def test_a_policy_that_deletes_queues_is_found(tmp_path: Path, redis_url: str) -> None:
    text = f'[signals.redis]\nurl = "{redis_url}"\n'
    with redis.Redis.from_url(redis_url) as client:
        assert doctor(tmp_path, text)["signals.redis"][0]["ok"] is True
        client.config_set("maxmemory-policy", "allkeys-lru")
        try:
            found = doctor(tmp_path, text)
        finally:
            client.config_set("maxmemory-policy", "noeviction")
    assert found["signals.redis"][0]["ok"] is False
    assert found["metrics"][0]["ok"] is False


def test_what_is_away_is_named_with_its_section(tmp_path: Path) -> None:
    away = "127.0.0.1:1"
    found = doctor(
        tmp_path,
        f'[signals.prometheus]\nurl = "http://{away}"\n[signals.alertmanager]\nurl = "http://{away}"\n'
        f'[signals.redis]\nurl = "redis://{away}/0"\n[signals.celery]\nbroker_url = "redis://{away}/0"\n'
        f'[signals.postgres]\nurl = "postgresql://u@{away}/d"\n',
    )
    for name in ("prometheus", "alertmanager", "redis", "celery", "postgres"):
        (only,) = found[f"signals.{name}"]
        assert not only["ok"]
        assert f"[signals.{name}]" in only["fix"]


def test_a_broker_without_workers_and_a_database_without_revision(
    tmp_path: Path, redis_url: str, postgres_url: str
) -> None:
    found = doctor(
        tmp_path,
        'service.profile = "chimera"\n'
        f'[signals.celery]\nbroker_url = "{redis_url}"\nreply_wait_s = 0.5\n'
        f'[signals.postgres]\nurl = "{postgres_url}"\n',
    )
    assert [(one["check"], one["ok"]) for one in found["signals.celery"]] == [("celery", False)]
    assert "0.5 s" in found["signals.celery"][0]["what"]
    schema, connections = found["signals.postgres"]
    assert (schema["ok"], connections["ok"]) == (False, True)
    assert "alembic upgrade head" in schema["fix"]


BOARD = """
[panels]
show = ["own"]
[[panels.add]]
id = "own"
title = "Own"
[[panels.add.queries]]
name = "there"
expr = "jobs_total or other_total"
[[panels.add.queries]]
name = "typo"
expr = "sum(jobs_totle)"
[[panels.add.queries]]
name = "label"
expr = 'sum(jobs_total{quue="a"})'
"""
RULES = """groups:
- name: g
  rules:
  - {alert: Quiet, expr: jobs_total > 100}
  - {alert: Holds, expr: jobs_total > 1}
  - {alert: Blind, expr: jobs_failed_total > 1}
"""


def test_what_is_there_and_what_is_not_is_told_with_what_the_server_warns_of(tmp_path: Path) -> None:
    series = b'{"metric":{"__name__":"orders_total"},"value":[1,"5"]}'
    vector = (
        b'{"status":"success","warnings":["store 7 timed out"],"data":{"resultType":"vector","result":[%s]}}'
    )
    names = b'{"status":"success","warnings":["store 8 timed out"],"data":["up","orders_total"]}'

    def page(path: str) -> Page:
        gone = "ordrs" in path or "query=up" in path or "query_range" in path
        return Page(names if "label" in path else vector % (b"" if gone else series), 200, "application/json")

    config = tmp_path / "warroom.toml"
    with page_server(page) as url:
        config.write_text(
            f'[signals.prometheus]\nurl = "{url}"\n[[panels.add]]\nid = "orders"\ntitle = "Orders"\n'
            'queries = [{ name = "orders", expr = "orders_total" }, { name = "typo", expr = "ordrs_total" }]\n'
        )
        findings = asyncio.run(check_queries(load_config(config), Language("en")))
    told = {finding.where: finding.what for finding in findings}
    assert told["orders.orders"] == "1 series. prometheus warns: store 7 timed out"
    # That something is missing is no surer than what was asked: the names were not whole, either.
    assert "ordrs_total" in told["orders.typo"]
    assert "store 7 timed out" in told["orders.typo"]
    assert "store 8 timed out" in told["orders.typo"]
    assert "store 8 timed out" in told["metrics"]


def test_what_a_panel_leaves_to_the_broker_is_not_asked_of_the_metrics(tmp_path: Path) -> None:
    vector = b'{"status":"success","data":{"resultType":"vector","result":[]}}'
    names = b'{"status":"success","data":["up"]}'
    refused = b'{"status":"error","errorType":"bad_data","error":"no expression found in input"}'

    def page(path: str) -> Page:
        if "label" in path:
            return Page(names, 200, "application/json")
        empty = "query=&" in path or path.endswith("query=")
        return Page(refused if empty else vector, 400 if empty else 200, "application/json")

    config = tmp_path / "warroom.toml"
    with page_server(page) as url:
        config.write_text(
            f'[signals.prometheus]\nurl = "{url}"\n[signals.redis]\nurl = "redis://127.0.0.1:1"\n'
        )
        findings = asyncio.run(check_queries(load_config(config), Language("en")))
    assert [finding.what for finding in findings if finding.where.startswith("queues")] == []


def test_queries_rules_and_a_wrong_clock(tmp_path: Path) -> None:
    page = b'jobs_total{queue="a"} 7\n'
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n"
    head += b"Date: Mon, 02 Jan 2006 15:04:05 GMT\r\nContent-Length: %d\r\n\r\n" % len(page)
    (tmp_path / "rules.yml").write_text(RULES)
    with serve(answer(head + page)) as url:
        text = f'[signals.scrape]\ntargets = [{{ url = "{url}" }}]\nrule_files = ["rules.yml"]\n{BOARD}'
        found = doctor(tmp_path, text)
    assert [one["check"] for one in found["signals.scrape.targets.0"]] == ["http", "clock"]
    assert found["own.there"][0]["ok"]
    assert not found["own.typo"][0]["ok"]
    assert "jobs_total" in found["own.typo"][0]["what"]
    assert not found["own.label"][0]["ok"]
    assert "quue" in found["own.label"][0]["what"]
    told = {
        name.partition(": ")[2]: one["ok"]
        for name, each in found.items()
        if "rules.yml" in name
        for one in each
    }
    assert told == {"Quiet": True, "Holds": True, "Blind": False}


@pytest.mark.parametrize(
    ("size", "environment", "bad"),
    [
        ((80, 24), {"TERM": "xterm-256color", "LANG": "C.UTF-8"}, set()),
        ((79, 24), {"TERM": "xterm", "LANG": "zh_CN.UTF-8"}, {"size"}),
        ((200, 60), {"TERM": "dumb", "LANG": "C"}, {"term", "locale"}),
    ],
)
def test_the_terminal(size: tuple[int, int], environment: dict[str, str], bad: set[str]) -> None:
    found = check_terminal(size, environment, Language("en"))
    assert {each.check for each in found if not each.ok} == bad


def test_a_log_file_that_cannot_be_written_is_found(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("")
    found = doctor(tmp_path, "", WARROOM_LOG=str(tmp_path / "plain" / "log"))
    assert not found["log"][0]["ok"]
