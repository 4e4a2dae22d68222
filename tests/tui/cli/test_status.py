"""What `warroom status` says of what it could hardly see: with Prometheus down, from a scrape of a moment."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from prometheus_client import CollectorRegistry, Counter

from sandbox.servers import free_port
from tests.exporter import exporting
from tests.tui.config.test_config import warroom
from tui.runtime.exit import ExitCode

if TYPE_CHECKING:
    from pathlib import Path

BOARD = """
[service]
name = "shop"
[signals.prometheus]
url = "http://127.0.0.1:{down}"
[signals.scrape]
targets = [{{ url = "{address}" }}]
[panels]
show = ["slo"]
[[panels.add]]
id = "slo"
title = "SLO"
queries = [{{ name = "errors", unit = "ratio", burning = 0.5, expr = '0 * sum(shop_requests_total) + 0' }}]
[[panels.add.objectives]]
target = 0.999
bad = 'sum by (service) (increase(shop_requests_total{{outcome="failed"}}[$window]))'
total = 'sum by (service) (increase(shop_requests_total[$window]))'
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def test_a_moment_of_history_is_no_good_month_and_the_source_that_stands_in_is_named(folder: Path) -> None:
    registry = CollectorRegistry()
    requests = Counter("shop_requests", "By outcome.", ["service", "outcome"], registry=registry)
    requests.labels("web", "success").inc(5000)
    requests.labels("web", "failed").inc(0)
    with exporting(registry) as address:
        (folder / "warroom.toml").write_text(
            BOARD.format(down=free_port(), address=address), encoding="utf-8"
        )
        runs = [
            warroom("status", *option, "--wait", "2", "--config", str(folder / "warroom.toml"), folder=folder)
            for option in ((), ("--json",))
        ]
    assert [run.returncode for run in runs] == [ExitCode.UNKNOWN, ExitCode.UNKNOWN]
    text = runs[0].stdout
    assert text.startswith("UNKNOWN  SLO: ")
    assert "availability: too little seen of 5m (only" in text
    assert "scrape answers instead of prometheus" in text
    (panel,) = json.loads(runs[1].stdout)["panels"]
    assert panel["verdict"] == "unknown"
    assert any("scrape answers instead of prometheus" in warning for warning in panel["warnings"])
    burn = [reading for reading in panel["readings"] if "burn" in reading["name"]]
    assert all(reading["value"] is None and reading["seen_s"] < 60 for reading in burn)
