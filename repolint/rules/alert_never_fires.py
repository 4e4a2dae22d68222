"""An alert that can't fire: no series can come, or its value never reaches the limit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import promql_parser as grammar

from core.errors import BadQuery, NotSupported
from core.message import say
from core.text import clean
from repolint.facts.metrics.exports import exports
from repolint.facts.prometheus.gaps import gaps_of_selector
from repolint.facts.prometheus.promql import comparisons, tree
from repolint.facts.prometheus.value_bounds import bounds, quantile_of
from repolint.facts.rule_files import rules
from repolint.registry import MANUAL, Rule
from runbooks.lint.finding import CONFIDENCES, Finding
from signals.metrics.promql.names import Needs, needs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from repolint.facts.metrics.metric import Exports, Metric
    from repolint.facts.prometheus.gaps import Gap
    from repolint.facts.prometheus.promql import Comparison
    from repolint.facts.rule_files import RuleAt
    from repolint.project import Project
    from runbooks.lint.finding import Confidence
    from signals.metrics.promql.names import Selector


def check(project: Project) -> Iterator[Finding]:
    """Every alert rule, for both reasons."""
    read = project.fact(exports)
    for rule in project.fact(rules):
        if rule.kind != "alert":
            continue
        yield from _without_series(rule, project)
        node = tree(rule.expr)
        why = _impossible(node, read) if node is not None else None
        if why is not None:
            yield _out_of_reach(rule, *why, read)


def _without_series(rule: RuleAt, project: Project) -> Iterator[Finding]:
    try:
        needed = needs(rule.expr)
    except (BadQuery, NotSupported):
        return
    gap = _blocking_gap(needed, project)
    if gap is not None and gap.confidence != "hint":  # the name has its hint already
        yield Finding(
            rule.file,
            rule.line,
            "alert-never-fires",
            say("repolint.never_fires", alert=clean(rule.name, 100), why=gap.message),
            gap.confidence,
            gap.evidence,
            gap.fix,
        )


def _blocking_gap(needed: Needs | Selector, project: Project) -> Gap | None:
    """The surest reason for which nothing can come; of an `or` every part has to have one."""
    if not isinstance(needed, Needs):
        return _surest([gap for gap in gaps_of_selector(needed.name, needed.matchers, project) if gap.blocks])
    reasons = [_blocking_gap(part, project) for part in needed.parts]
    gaps = [gap for gap in reasons if gap is not None]
    if needed.how == "all":
        return _surest(gaps)
    if not gaps or len(gaps) < len(reasons):
        return None
    return min(gaps, key=lambda gap: CONFIDENCES.index(gap.confidence))


def _surest(gaps: list[Gap]) -> Gap | None:
    return max(gaps, key=lambda gap: CONFIDENCES.index(gap.confidence), default=None)


def _impossible(
    node: Any, read: Exports
) -> tuple[Comparison, float, Metric | None] | None:  # one branch an operator
    """A comparison without which the condition can't hold and that never holds; with the bound in its way, and the histogram that sets it."""
    if isinstance(node, grammar.ParenExpr):
        return _impossible(node.expr, read)
    if not isinstance(node, grammar.BinaryExpr):
        return None
    operator = str(node.op)
    if operator in ("and", "or", "unless"):
        left = _impossible(node.lhs, read)
        right = _impossible(node.rhs, read) if operator != "unless" else None
        if operator == "or":
            return left if left and right else None
        return left or right
    for comparison in comparisons(node):
        bound = _bound_in_the_way(comparison, read)
        if bound is not None:
            quantile = quantile_of(comparison.node, read)
            return comparison, bound, quantile[2] if quantile else None
    return None


def _bound_in_the_way(comparison: Comparison, read: Exports) -> float | None:
    low, high = bounds(comparison.node, read)
    operator, value = comparison.operator, comparison.value
    if operator in (">", ">=", "==") and (high < value or (operator == ">" and high == value)):
        return high
    if operator in ("<", "<=", "==") and (low > value or (operator == "<" and low == value)):
        return low
    return None


def _out_of_reach(
    rule: RuleAt, comparison: Comparison, bound: float, metric: Metric | None, read: Exports
) -> Finding:
    shown = {
        "operator": comparison.operator,
        "value": f"{comparison.value:g}",
        "bound": f"{bound:g}",
        "alert": clean(rule.name, 100),
    }
    if metric is None:
        message, fix = say("repolint.out_of_reach", **shown), say("repolint.fix_threshold")
        return Finding(rule.file, rule.line, "alert-never-fires", message, "certain", "", fix)
    known: Confidence = "certain" if read.has_prefix(metric.name) and not read.unread else "likely"
    return Finding(
        rule.file,
        rule.line,
        "alert-never-fires",
        say("repolint.beyond_buckets", **shown),
        known,
        clean(f"{metric.where()} {metric.name}"),
        say("repolint.fix_buckets", value=shown["value"]),
    )


_RULES = "groups:\n- name: kettle\n  rules:\n  - alert: KettleDown\n    expr: {expr}\n"

RULE = Rule(
    id="alert-never-fires",
    check=check,
    confidence=("certain", "likely"),
    bad={MANUAL: "# Manual\n", "rules.yml": _RULES.format(expr="up > 1")},
    good={MANUAL: "# Manual\n", "rules.yml": _RULES.format(expr="up < 1")},
)
