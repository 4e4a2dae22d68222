"""`histogram_quantile` over an aggregation that drops `le`: it never answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import promql_parser as grammar

from core.message import say
from core.text import clean
from repolint.facts.prometheus.asked import blocks
from repolint.facts.prometheus.promql import calls, named, tree
from repolint.registry import MANUAL, Rule
from runbooks.lint.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from repolint.project import Project


def check(project: Project) -> Iterator[Finding]:
    """In manuals, rules and dashboards."""
    for block in project.fact(blocks):
        node = tree(block.expr)
        for call in calls(node, ("histogram_quantile",)) if node is not None else ():
            inner = call.args[1]
            while isinstance(inner, grammar.ParenExpr):
                inner = inner.expr
            aggregates = ("sum", "avg", "max", "min")
            if not isinstance(inner, grammar.AggregateExpr) or str(inner.op) not in aggregates:
                continue
            names = [selector.name for selector in named(inner)]
            if not names or not all(name.endswith("_bucket") for name in names):
                continue
            listed = inner.modifier.labels if inner.modifier is not None else []
            by = inner.modifier is None or "By" in str(inner.modifier.type)
            if ("le" in listed) != by:
                yield Finding(
                    block.file,
                    block.line_of("histogram_quantile"),
                    "quantile-without-le",
                    say("repolint.no_le", name=clean(names[0], 100)),
                    "certain",
                    fix=say("repolint.fix_le"),
                )


RULE = Rule(
    id="quantile-without-le",
    check=check,
    confidence=("certain",),
    bad={MANUAL: "`histogram_quantile(0.95, sum by (kind) (rate(kettle_brew_seconds_bucket[5m])))`\n"},
    good={MANUAL: "`histogram_quantile(0.95, sum by (le) (rate(kettle_brew_seconds_bucket[5m])))`\n"},
)
