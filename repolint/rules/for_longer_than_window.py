"""An alert that waits longer than the window that it counts in: one event alone never fires it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import promql_parser as grammar

from core.message import say
from core.text import clean
from repolint.facts.prometheus.promql import comparisons, tree
from repolint.facts.rule_files import rules
from repolint.registry import MANUAL, Rule
from runbooks.lint.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from repolint.project import Project


def check(project: Project) -> Iterator[Finding]:
    """`increase(…[5m]) > 0` for 30m needs an event in every window."""
    for rule in project.fact(rules):
        node = tree(rule.expr) if rule.kind == "alert" else None
        if node is None or not rule.for_s:
            continue
        for comparison in comparisons(node):
            window = _window(comparison.node)
            counts = comparison.operator == ">" and comparison.value == 0
            if counts and window and rule.for_s > window and math.isfinite(window):
                yield Finding(
                    rule.file,
                    rule.for_line,
                    "for-longer-than-window",
                    say(
                        "repolint.waits",
                        alert=clean(rule.name, 100),
                        wait=f"{rule.for_s / 60:g}",
                        window=f"{window / 60:g}",
                    ),
                    "hint",
                    fix=say("repolint.fix_waits"),
                )


def _window(node: Any) -> float:
    """The range of `increase` or `rate` at the top (through aggregation), 0 for anything else."""
    while isinstance(node, grammar.ParenExpr | grammar.AggregateExpr):
        node = node.expr
    if isinstance(node, grammar.Call) and node.func.name in ("increase", "rate", "changes"):
        inner = node.args[0]
        if isinstance(inner, grammar.MatrixSelector):
            return float(inner.range.total_seconds())
    return 0.0


_RULES = (
    "groups:\n- name: kettle\n  rules:\n  - alert: Spill\n    expr: increase(kettle_spills_total[5m]) > 0\n"
    "    for: {wait}\n"
)

RULE = Rule(
    id="for-longer-than-window",
    check=check,
    confidence=("hint",),
    bad={MANUAL: "# Manual\n", "rules.yml": _RULES.format(wait="30m")},
    good={MANUAL: "# Manual\n", "rules.yml": _RULES.format(wait="2m")},
)
