"""A metric that a manual, rule or dashboard asks for and that nothing in the repository exports."""

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
    return gap_findings(project, "metric-missing")


_EXPORTER = """from prometheus_client import Counter, Gauge

ORDERS = Counter("kettle_orders_total", "Orders", ["kind"])
HEAT = Gauge("kettle_heat_celsius", "Heat")


def order():
    ORDERS.labels(kind="tea").inc()
    HEAT.set(90)
"""

RULE = Rule(
    id="metric-missing",
    check=check,
    confidence=("certain", "likely", "hint"),
    bad={MANUAL: "Look at `kettle_order_total`.\n", "kettle/app.py": _EXPORTER},
    good={MANUAL: "Look at `kettle_orders_total`.\n", "kettle/app.py": _EXPORTER},
)
