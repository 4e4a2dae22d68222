"""A recorded series that a manual, rule or dashboard asks for and that no recording rule makes."""

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
    return gap_findings(project, "record-missing")


_RULES = """groups:
- name: kettle
  rules:
  - record: kettle:orders:rate5m
    expr: rate(kettle_orders_total[5m])
"""

RULE = Rule(
    id="record-missing",
    check=check,
    confidence=("certain", "likely", "hint"),
    bad={MANUAL: 'Look at `kettle:orders:rate10m{kind="tea"}`.\n', "rules.yml": _RULES},
    good={MANUAL: 'Look at `kettle:orders:rate5m{kind="tea"}`.\n', "rules.yml": _RULES},
)
