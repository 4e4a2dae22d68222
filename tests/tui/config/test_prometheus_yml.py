"""What a prometheus.yml scrapes is scraped under the same labels: a real Prometheus over the same file is the judge."""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from signals.metrics.scrape import ScrapeSource
from signals.settings import ScrapeSettings
from tests.alerting import eventually, get, missing, prometheus
from tests.page import Page, page_server
from tui.config.prometheus_yml import read_prometheus_file
from tui.i18n import Language

if TYPE_CHECKING:
    from pathlib import Path

PAGE = b"""hits_total{path="/a",secret_id="7"} 1
hits_total{path="/health"} 2
go_threads 3
batch_last{job="nightly",instance="cron"} 4
"""


def config(address: str) -> dict[str, Any]:
    """Jobs of many kinds over one page."""
    return {
        "scrape_configs": [
            {"job_name": "plain", "static_configs": [{"targets": [address], "labels": {"env": "prod"}}]},
            {
                "job_name": "relabelled",
                "metrics_path": "/else",
                "params": {"module": ["x"], "collect[]": ["a", "b"]},
                "static_configs": [{"targets": [f"app-7.{address}", "dropped:1"]}],
                "relabel_configs": [
                    {"source_labels": ["__address__"], "regex": "dropped.*", "action": "drop"},
                    {
                        "source_labels": ["__address__"],
                        "regex": "(.+?)-(.+?)\\..*",
                        "target_label": "shard",
                        "replacement": "$2",
                    },
                    {"source_labels": ["__address__"], "target_label": "instance", "regex": "([^.]+)\\..*"},
                    {"target_label": "__address__", "replacement": address},
                    {"target_label": "job", "replacement": "shop"},
                    {"target_label": "__param_module", "replacement": "http"},
                ],
                "metric_relabel_configs": [
                    {"source_labels": ["__name__"], "regex": "go_.*", "action": "drop"},
                    {"regex": "secret_id", "action": "labeldrop"},
                    {"source_labels": ["path"], "regex": "/(.*)", "target_label": "route"},
                    {
                        "source_labels": ["__name__"],
                        "regex": "hits_(.*)",
                        "target_label": "__name__",
                        "replacement": "shop_$1",
                    },
                ],
            },
            {"job_name": "honoured", "honor_labels": True, "static_configs": [{"targets": [address]}]},
            {"job_name": "listed", "file_sd_configs": [{"files": ["targets/*.json"]}]},
        ]
    }


def write(folder: Path, address: str) -> Path:
    (folder / "targets").mkdir()
    listed = [{"targets": [address], "labels": {"rack": "r1"}}]
    (folder / "targets" / "a.json").write_text(json.dumps(listed))
    path = folder / "prometheus.yml"
    path.write_text(yaml.safe_dump(config(address)))
    return path


Series = frozenset[tuple[str, str]]


def series_of(result: list[dict[str, Any]]) -> set[Series]:
    return {
        frozenset(series["metric"].items())
        for series in result
        if not series["metric"]["__name__"].startswith("scrape_")
    }


@pytest.mark.skipif(bool(missing()), reason=missing())
def test_targets_and_series_are_those_of_prometheus(tmp_path: Path) -> None:
    with page_server(lambda _: Page(PAGE)) as url:
        path = write(tmp_path, url.removeprefix("http://"))
        found = read_prometheus_file(path, tmp_path)
        assert found.remarks == ()
        with prometheus(tmp_path, [], config=config(url.removeprefix("http://"))) as server:
            eventually(
                lambda: len(get(f"{server}/api/v1/query", query="up == 1")["data"]["result"]) == 4,
                "not scraped",
            )
            active = get(f"{server}/api/v1/targets")["data"]["activeTargets"]
            theirs = series_of(get(f"{server}/api/v1/query", query='{__name__=~".+"}')["data"]["result"])
        source = ScrapeSource(ScrapeSettings.model_validate({"targets": found.targets}))

        async def scraped() -> set[Series]:
            await source.scrape_once()
            answer = await source.query('{__name__=~".+"}', time.time())
            return series_of([{"metric": dict(series.labels)} for series in answer.series])

        ours = asyncio.run(scraped())
    assert {(target["url"], target["job"]) for target in found.targets} == {
        (target["scrapeUrl"], target["labels"]["job"]) for target in active
    }
    assert ours == theirs


def test_rules_and_alertmanagers_are_found_and_what_can_not_be_done_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "ops" / "monitoring"
    (folder / "rules").mkdir(parents=True)
    for name in ("a.yml", "b.yml"):
        (folder / "rules" / name).write_text("groups: []")
    (folder / "prometheus.yml").write_text(
        """
rule_files: ["rules/*.yml", "/etc/prometheus/rules/a.yml", "/etc/nowhere.yml"]
alerting:
  alertmanagers:
    - {scheme: https, path_prefix: /am, static_configs: [{targets: ["alerts:9093"]}]}
scrape_configs:
  - {job_name: pods, kubernetes_sd_configs: [{role: pod}]}
  - {job_name: strange, relabel_configs: [{action: teleport}], static_configs: [{targets: ["a:1"]}]}
  - job_name: safe
    scheme: https
    basic_auth: {username: me, password_file: /etc/secret}
    authorization: {credentials: hunter2}
    tls_config: {insecure_skip_verify: true}
    static_configs: [{targets: ["b:1"]}]
"""
    )
    found = read_prometheus_file(folder / "prometheus.yml", tmp_path)
    assert found.rule_files == ("ops/monitoring/rules/*.yml", "ops/monitoring/rules/a.yml")
    assert found.alertmanagers == ("https://alerts:9093/am",)
    (safe,) = found.targets
    assert safe == {
        "url": "https://b:1/metrics",
        "job": "safe",
        "user": "me",
        "password_file": "/etc/secret",
        "verify_tls": False,
    }
    remarks = [Language("en").say(remark) for remark in found.remarks]
    assert len(remarks) == 3
    assert remarks[0] == "prometheus.yml: pods: kubernetes_sd_configs is left out"
    assert "teleport" not in remarks[0]
    assert remarks[1].startswith("prometheus.yml: strange: relabelling (action:")
    assert remarks[2] == "prometheus.yml: safe: credentials is left out"
    assert "hunter2" not in str(found)
