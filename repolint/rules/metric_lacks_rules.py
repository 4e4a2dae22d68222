"""Rules about names: metrics, labels and values that are asked for and that nothing exports; alerts that so never fire."""

from __future__ import annotations

import posixpath
from dataclasses import replace
from typing import TYPE_CHECKING

from core.errors import BadQuery, NotSupported
from core.message import say
from core.text import clean
from repolint.facts.manual.words import PLAN
from repolint.facts.metrics.exports import exports
from repolint.facts.prometheus.asked import asks, group_asks
from repolint.facts.prometheus.gaps import lacking_label, lacks
from repolint.facts.prometheus.rule_files import rules, unreadable
from repolint.rules.file_rules import DOCUMENTS
from runbooks.lint.finding import CONFIDENCES, Finding
from signals.metrics.promql.names import Needs, needs

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from repolint.facts.prometheus.gaps import Lack
    from repolint.project import Project
    from signals.metrics.promql.names import Selector


def metrics_that_nothing_exports(project: Project) -> Iterable[Finding]:
    """Names, labels and label values in manuals, rules and dashboards."""
    told: set[tuple[str, int, str, str]] = set()
    for ask in project.fact(asks):
        for lack in lacks(ask.name, ask.matchers, project, sure=ask.sure):
            key = (ask.file, ask.line, lack.rule, str(lack.message))
            if key not in told:
                told.add(key)
                planned = lack.confidence == "certain" and _is_plan(ask.file)
                yield _finding(replace(lack, confidence="likely") if planned else lack, ask.file, ask.line)


def _is_plan(file: str) -> bool:
    """Whether it is a text that may speak of what is not made yet."""
    name = posixpath.basename(file)
    return name.endswith(DOCUMENTS) and PLAN.search(name) is not None


def labels_grouped_by(project: Project) -> Iterable[Finding]:
    """`by (…)` over a label that none of the metrics below has: all series fall into one."""
    read = project.fact(exports)
    for ask in project.fact(group_asks):
        found = [(name, read.find(name)) for name in ask.grouping.names]
        if not found or any(not metrics for _, metrics in found):
            continue
        lacking = [lacking_label(name, ask.grouping.label, metrics, project) for name, metrics in found]
        told = [one for one in lacking if one is not None]
        if len(told) == len(lacking):
            yield _finding(told[0], ask.file, ask.line)


def alerts_without_series(project: Project) -> Iterable[Finding]:
    """Alert rules that can't do without a series that does not exist."""
    for rule in project.fact(rules):
        if rule.kind != "alert":
            continue
        try:
            wanted = needs(rule.expr)
        except (BadQuery, NotSupported):
            continue
        lack = _blocked(wanted, project)
        if lack is not None and lack.confidence != "hint":  # the name has its hint already
            yield Finding(
                rule.file,
                rule.line,
                "alert-never-fires",
                say("repolint.never_fires", alert=clean(rule.name, 100), why=lack.message),
                lack.confidence,
                lack.evidence,
                lack.fix,
            )


def _blocked(wanted: Needs | Selector, project: Project) -> Lack | None:
    """The surest reason for which nothing can come; of an `or` every part has to have one."""
    if not isinstance(wanted, Needs):
        found = [one for one in lacks(wanted.name, wanted.matchers, project) if one.blocks]
        return _surest(found)
    reasons = [_blocked(part, project) for part in wanted.parts]
    present = [one for one in reasons if one is not None]
    if wanted.how == "all":
        return _surest(present)
    if not present or len(present) < len(reasons):
        return None
    return min(present, key=lambda one: CONFIDENCES.index(one.confidence))


def _surest(found: list[Lack]) -> Lack | None:
    return max(found, key=lambda one: CONFIDENCES.index(one.confidence), default=None)


def _finding(lack: Lack, file: str, line: int) -> Finding:
    return Finding(file, line, lack.rule, lack.message, lack.confidence, lack.evidence, lack.fix)


def expressions_that_are_none(project: Project) -> Iterator[Finding]:
    """A rule whose expression Prometheus can't read: it refuses the whole file."""
    from repolint.facts.prometheus.promql import tree

    for rule in project.fact(rules):
        if tree(rule.expr) is None and "{{" not in rule.expr and _surely_broken(rule.expr):
            yield Finding(
                rule.file,
                rule.expr_line,
                "promql-syntax",
                say("repolint.syntax", rule=clean(rule.name, 100)),
                "likely",
                clean(rule.expr, 200),
                say("repolint.fix_syntax"),
            )


def rule_files_that_are_none(project: Project) -> Iterator[Finding]:
    """A file of rules that is no YAML: Prometheus does not start with it, and none of its alerts exists."""
    for file, line in project.fact(unreadable):
        message = say("repolint.yaml", file=clean(file, 120))
        yield Finding(file, line, "rule-file-syntax", message, "likely", "", say("repolint.fix_syntax"))


def _surely_broken(expr: str) -> bool:
    """Not a function that our grammar does not know, and not a template's variable."""
    from signals.metrics.promql.evaluate import parse

    try:
        parse(expr)
    except NotSupported:
        return False
    except BadQuery:
        return "$" not in expr and "<" not in expr.replace("< ", "").replace("<=", "")
    return False
