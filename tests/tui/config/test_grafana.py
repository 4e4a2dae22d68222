"""Dashboards of our own making become panels; what can't is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from panels.spec import PanelSpec
from signals.metrics.promql.names import metric_names
from tui.config.grafana import Translation, translate

FOLDER = Path(__file__).parents[2] / "data" / "grafana"


def translated(name: str) -> Translation:
    return translate(json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8")))


def queries(name: str) -> dict[str, dict[str, Any]]:
    panels = [PanelSpec.model_validate(panel) for panel in translated(name).panels]
    return {f"{panel.title}.{query.name}": query.model_dump() for panel in panels for query in panel.queries}


def test_variables_windows_and_legends() -> None:
    found = queries("shop")
    assert {name: query["expr"] for name, query in found.items()} == {
        "Orders.orders": '(sum(rate(orders_total{shop=~".*", method=~"GET|PUT"}[5m]))) * 60',
        "Stock.A": 'min by (aisle) (stock_ratio{env="prod"})',
        "Till time.A": 'histogram_quantile(0.9, sum by (le) (rate(till_seconds_bucket{till=~"till\\\\-.*"}[10m])))',
        "Till time.B": "max_over_time(till_seconds_max[1h])",
    }
    stock = found["Stock.A"]
    assert (stock["by"], stock["unit"], stock["worse"]) == ("aisle", "ratio", "below")
    assert (stock["burning"], stock["warn"]) == (0.1, 0.3)
    assert translated("shop").remarks == ()


def test_old_dashboards() -> None:
    found = queries("archive")
    assert found["Reads.A"]["expr"] == '(avg(read_ms{disk!~"a.1|b"})) * 0.001'
    assert (found["Lost.A"]["unit"], found["Lost.A"]["expr"][-8:]) == ("ratio", ") * 0.01")


def test_what_is_lost_is_told_by_title() -> None:
    assert list(queries("wall")) == ["Queues.A"]
    assert [str(remark.values["title"]) for remark in translated("wall").remarks] == [
        "Log",
        "Shared",
        "Unknown",
    ]


@pytest.mark.parametrize("name", ["shop", "wall"])
def test_every_translated_expression_is_promql(name: str) -> None:
    for query in queries(name).values():
        assert metric_names(query["expr"])
