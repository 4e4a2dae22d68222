"""A value of a label that is asked for and that no code ever sets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from repolint.facts.prometheus.gaps import gap_findings
from repolint.registry import MANUAL, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from repolint.project import Project
    from runbooks.lint.finding import Finding


def check(project: Project) -> Iterator[Finding]:
    """Once a line."""
    return gap_findings(project, "metric-label-value")


_EXPORTER = """from prometheus_client import Counter, Gauge

ORDERS = Counter("kettle_orders_total", "Orders", ["kind"])
HEAT = Gauge("kettle_heat_celsius", "Heat")


def order():
    ORDERS.labels(kind="tea").inc()
    HEAT.set(90)
"""

RULE = Rule(
    id="metric-label-value",
    check=check,
    confidence=("certain", "likely", "hint"),
    bad={MANUAL: '`sum(rate(kettle_orders_total{kind="cocoa"}[5m]))`\n', "kettle/app.py": _EXPORTER},
    good={MANUAL: '`sum(rate(kettle_orders_total{kind="tea"}[5m]))`\n', "kettle/app.py": _EXPORTER},
)
