"""An alerting or recording rule whose expression is no PromQL: Prometheus refuses the whole file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.errors import BadQuery, NotSupported
from core.message import say
from core.text import clean
from repolint.facts.prometheus.promql import tree
from repolint.facts.rule_files import rules
from repolint.registry import MANUAL, Rule
from runbooks.lint.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from repolint.project import Project


def check(project: Project) -> Iterator[Finding]:
    """Templates are left out, and what our own grammar does not know."""
    for rule in project.fact(rules):
        if tree(rule.expr) is None and "{{" not in rule.expr and _is_surely_broken(rule.expr):
            yield Finding(
                rule.file,
                rule.expr_line,
                "promql-syntax",
                say("repolint.syntax", rule=clean(rule.name, 100)),
                "likely",
                clean(rule.expr, 200),
                say("repolint.fix_syntax"),
            )


def _is_surely_broken(expr: str) -> bool:
    """Not a function that our grammar does not know, and not a template's variable."""
    from signals.metrics.promql.parse import parse

    try:
        parse(expr)
    except NotSupported:
        return False
    except BadQuery:
        return "$" not in expr and "<" not in expr.replace("< ", "").replace("<=", "")
    return False


_RULES = "groups:\n- name: kettle\n  rules:\n  - alert: KettleCold\n    expr: {expr}\n"

RULE = Rule(
    id="promql-syntax",
    check=check,
    confidence=("likely",),
    bad={MANUAL: "# Manual\n", "rules.yml": _RULES.format(expr="kettle_heat_celsius > > 60")},
    good={MANUAL: "# Manual\n", "rules.yml": _RULES.format(expr="kettle_heat_celsius > 60")},
)
