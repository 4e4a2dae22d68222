"""A metric with labels that the code defines and never gives a value."""

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
    return gap_findings(project, "metric-never-set")


_EXPORTER = """from prometheus_client import Counter, Gauge

ORDERS = Counter("kettle_orders_total", "Orders", ["kind"])
HEAT = Gauge("kettle_heat_celsius", "Heat")
SPILLS = Counter("kettle_spills_total", "Spills", ["cup"])


def order():
    ORDERS.labels(kind="tea").inc()
    HEAT.set(90)
"""

RULE = Rule(
    id="metric-never-set",
    check=check,
    confidence=("certain", "likely"),
    bad={MANUAL: "`rate(kettle_spills_total[5m])`\n", "kettle/app.py": _EXPORTER},
    good={MANUAL: "`rate(kettle_orders_total[5m])`\n", "kettle/app.py": _EXPORTER},
)
