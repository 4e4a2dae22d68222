"""Rules about conditions that can't come true: beyond what a value can reach, or asked over too short a window."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import promql_parser as grammar

from core.message import say
from core.text import clean
from repolint.facts.metrics.exports import exports
from repolint.facts.prometheus.asked import blocks
from repolint.facts.prometheus.promql import children, comparisons, named, tree
from repolint.facts.prometheus.rule_files import rules
from repolint.facts.prometheus.scrape_jobs import jobs
from repolint.facts.prometheus.value_bounds import bounds, quantile_of
from runbooks.lint.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from repolint.facts.metrics.metric import Exports, Metric
    from repolint.facts.prometheus.promql import Comparison
    from repolint.facts.prometheus.rule_files import RuleAt
    from repolint.project import Project
    from runbooks.lint.finding import Confidence

_PER_SECOND = ("rate", "irate", "increase", "delta", "idelta", "deriv", "predict_linear")
"""Functions that need two samples in their window."""


def conditions_out_of_reach(project: Project) -> Iterable[Finding]:
    """Comparisons with a value that the left side never has; quantiles beyond the last bucket, and between two bounds."""
    read = project.fact(exports)
    for rule in project.fact(rules):
        node = tree(rule.expr) if rule.kind == "alert" else None
        if node is None:
            continue
        why = _impossible(node, read)
        if why is not None:
            yield _never(rule, *why, read)
        for one in comparisons(node):
            yield from _between_bounds(rule, one, read)


def _impossible(node: Any, read: Exports) -> tuple[Comparison, float, Metric | None] | None:  # noqa: PLR0911  # one branch an operator
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
    for one in comparisons(node):
        low, high = bounds(one.node, read)
        quantile = quantile_of(one.node, read)
        metric = quantile[2] if quantile else None
        if one.operator in (">", ">=", "==") and (
            high < one.value or (one.operator == ">" and high == one.value)
        ):
            return one, high, metric
        if one.operator in ("<", "<=", "==") and (
            low > one.value or (one.operator == "<" and low == one.value)
        ):
            return one, low, metric
    return None


def _never(rule: RuleAt, one: Comparison, bound: float, metric: Metric | None, read: Exports) -> Finding:
    shown = {
        "operator": one.operator,
        "value": f"{one.value:g}",
        "bound": f"{bound:g}",
        "alert": clean(rule.name, 100),
    }
    if metric is None:
        message, fix = say("repolint.out_of_reach", **shown), say("repolint.fix_threshold")
        return Finding(rule.file, rule.line, "alert-never-fires", message, "certain", "", fix)
    message, fix = (
        say("repolint.beyond_buckets", **shown),
        say("repolint.fix_buckets", value=shown["value"]),
    )
    known: Confidence = "certain" if read.has_prefix(metric.name) and not read.unread else "likely"
    return Finding(
        rule.file,
        rule.line,
        "alert-never-fires",
        message,
        known,
        clean(f"{metric.where()} {metric.name}"),
        fix,
    )


def _between_bounds(rule: RuleAt, one: Comparison, read: Exports) -> Iterator[Finding]:
    found = quantile_of(one.node, read)
    if found is None:
        return
    _, limits, metric = found
    if one.value in limits or not limits[0] < one.value < limits[-1]:
        return
    below = max(limit for limit in limits if limit < one.value)
    above = min(limit for limit in limits if limit > one.value)
    message = say(
        "repolint.between_bounds",
        alert=clean(rule.name, 100),
        value=f"{one.value:g}",
        below=f"{below:g}",
        above=f"{above:g}",
    )
    fix = say("repolint.fix_buckets", value=f"{one.value:g}")
    yield Finding(
        rule.file,
        rule.expr_line,
        "quantile-bound",
        message,
        "hint",
        clean(f"{metric.where()} {metric.name}"),
        fix,
    )


def quantiles_without_le(project: Project) -> Iterable[Finding]:
    """`histogram_quantile` over an aggregation that drops `le`: it never answers."""
    for block in project.fact(blocks):
        node = tree(block.expr)
        for call in _calls(node, ("histogram_quantile",)) if node is not None else ():
            inner = call.args[1]
            while isinstance(inner, grammar.ParenExpr):
                inner = inner.expr
            if not isinstance(inner, grammar.AggregateExpr) or str(inner.op) not in (
                "sum",
                "avg",
                "max",
                "min",
            ):
                continue
            names = [one.name for one in named(inner)]
            if not names or not all(name.endswith("_bucket") for name in names):
                continue
            listed = inner.modifier.labels if inner.modifier is not None else []
            by = inner.modifier is None or "By" in str(inner.modifier.type)
            if ("le" in listed) != by:
                line = block.line_of("histogram_quantile")
                message = say("repolint.no_le", name=clean(names[0], 100))
                yield Finding(
                    block.file,
                    line,
                    "quantile-without-le",
                    message,
                    "certain",
                    "",
                    say("repolint.fix_le"),
                )


def windows_too_short(project: Project) -> Iterable[Finding]:
    """A rate over a window that holds less than two scrapes is always empty."""
    intervals = [job.interval_s for job in project.fact(jobs)]
    if not intervals:
        return
    least = min(intervals)
    for block in project.fact(blocks):
        node = tree(block.expr) if block.source == "rule" else None
        for call in _calls(node, _PER_SECOND) if node is not None else ():
            windows = [one for one in call.args if isinstance(one, grammar.MatrixSelector)]
            for window in windows:
                seconds = window.range.total_seconds()
                if seconds < 2 * least:
                    sure: Confidence = "certain" if seconds < least else "likely"
                    name = next((one.name for one in named(window)), "?")
                    message = say(
                        "repolint.window",
                        name=clean(name, 100),
                        window=f"{seconds:g}",
                        interval=f"{least:g}",
                    )
                    yield Finding(
                        block.file,
                        block.line_of(name),
                        "window-too-short",
                        message,
                        sure,
                        "",
                        say("repolint.fix_window"),
                    )


def waits_longer_than_its_window(project: Project) -> Iterable[Finding]:
    """`increase(…[5m]) > 0` for 30m needs one event in every window: one alone never fires it."""
    for rule in project.fact(rules):
        node = tree(rule.expr) if rule.kind == "alert" else None
        if node is None or not rule.for_s:
            continue
        for one in comparisons(node):
            window = _window(one.node)
            if (
                one.operator == ">"
                and one.value == 0
                and window
                and rule.for_s > window
                and math.isfinite(window)
            ):
                message = say(
                    "repolint.waits",
                    alert=clean(rule.name, 100),
                    wait=f"{rule.for_s / 60:g}",
                    window=f"{window / 60:g}",
                )
                yield Finding(
                    rule.file,
                    rule.for_line,
                    "for-longer-than-window",
                    message,
                    "hint",
                    "",
                    say("repolint.fix_waits"),
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


def _calls(node: Any, names: tuple[str, ...]) -> Iterator[Any]:
    if isinstance(node, grammar.Call) and node.func.name in names:
        yield node
    for child in children(node):
        yield from _calls(child, names)
