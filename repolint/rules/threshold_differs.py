"""A text that states another limit than the alert rule: beside the alert, beside its metric, in the rule's own annotations."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from core.message import say
from core.text import clean
from repolint.facts.manual.document import documents, lines
from repolint.facts.manual.limits import limits
from repolint.facts.prometheus.rule_bounds import (
    SERIES_ENDING,
    bounds_of_rules,
    comparable,
    equal,
    same_kind,
    same_quantile,
)
from repolint.facts.prometheus.stated import alert_lines
from repolint.facts.rule_files import rules
from repolint.registry import MANUAL, Rule
from runbooks.lint.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from repolint.facts.manual.limits import Limit
    from repolint.facts.prometheus.rule_bounds import Bound
    from repolint.facts.prometheus.stated import AlertLine
    from repolint.project import Project
    from runbooks.lint.finding import Confidence


def check(project: Project) -> Iterator[Finding]:
    """Only rules with one comparison, and only lines with one limit."""
    for line in project.fact(alert_lines):
        yield from _beside_alert(line)
    yield from _beside_metric(project)
    for bound in project.fact(bounds_of_rules):
        yield from _in_annotations(bound)


def _beside_alert(line: AlertLine) -> Iterator[Finding]:
    """Where another line says it as the rule does, this one may be a second stage."""
    stated = {limit.value: limit for limit, _ in line.stated()}
    if len(stated) != 1 or line.is_right():
        return
    (limit,) = stated.values()
    bound = line.bounds[0]
    confidence: Confidence = "likely"
    unambiguous = (
        len(line.bounds) == 1
        and limit.more is not None
        and (limit.kind != "plain" or (bound.metric != "" and bound.metric in line.prose.text))
    )
    if unambiguous and line.defines(limit):
        confidence = "certain"
    sure = "hint" if line.right_elsewhere else confidence
    yield _differs(line.file, line.prose.line, limit.text, bound, sure)


def _beside_metric(project: Project) -> Iterator[Finding]:
    """A line that names no alert but one metric and one limit, where rules compare that metric with other numbers."""
    by_metric: dict[str, list[Bound]] = {}
    for bound in project.fact(bounds_of_rules):
        if bound.metric:
            by_metric.setdefault(bound.metric, []).append(bound)
    names = {rule.name for rule in project.fact(rules)}
    for document in project.fact(documents):
        right: set[str] = set()
        findings: list[tuple[str, Finding]] = []
        for prose in lines(document):
            words = re.findall(r"[a-zA-Z_:][\w:]+", prose.text)
            metrics = {SERIES_ENDING.sub("", word) for word in words} & by_metric.keys()
            if len(metrics) != 1 or names.intersection(words):
                continue
            metric = metrics.pop()
            fitting = _fitting(prose.text, by_metric[metric])
            if any(equal(limit.value, bound.value) for limit, bound in fitting):
                right.add(metric)
            elif len({limit.value for limit, _ in fitting}) == 1:
                limit, bound = fitting[0]
                findings.append((metric, _differs(document.file, prose.line, limit.text, bound, "likely")))
        # Who states the rule's number too means a second stage, or another part of the metric.
        for metric, finding in findings:
            yield replace(finding, confidence="hint") if metric in right else finding


def _fitting(text: str, bounds: Sequence[Bound]) -> list[tuple[Limit, Bound]]:
    """The limits of a line that can be held against a rule, each with the rule."""
    code = " ".join(re.findall(r"`([^`]*)`", text))
    stated = limits(re.sub(r"`[^`]*`", " ", text)) + limits(code)
    return [
        (limit, bound)
        for limit in stated
        if limit.more is not None
        for bound in bounds
        if same_kind(limit, bound) and same_quantile(text, bound)
    ]


_COUNTED = re.compile(
    r"\{\{[^{}]*\$value[^{}]*\}\}\s+[^.;,\n{}]*?\b(?:with|whose|where|having|of which)\b(?![^.;\n]*\b(?:threshold|limit|target|allowed)\b)[^.;\n]*",
    re.IGNORECASE,
)
"""`{{ $value }} users with more than 100 items`: what follows says which are counted, and not how many may be."""


def _in_annotations(bound: Bound) -> Iterator[Finding]:
    for key in ("summary", "description", "message", "title"):
        text, line = bound.rule.annotations.get(key, ("", 0))
        plain = re.sub(r"\{\{.*?\}\}", " ", _COUNTED.sub(" ", text))
        stated = [limit for limit in limits(plain) if comparable(limit, bound)]
        values = {limit.value for limit in stated}
        if len(values) == 1 and not any(equal(limit.value, bound.value) for limit in stated):
            above = text[: max(text.find(stated[0].text), 0)].count("\n")
            yield _differs(bound.rule.file, line + above, stated[0].text, bound, "likely")


def _differs(file: str, line: int, text: str, bound: Bound, confidence: Confidence) -> Finding:
    return Finding(
        file,
        line,
        "threshold-differs",
        say(
            "repolint.threshold_differs",
            alert=clean(bound.rule.name, 100),
            text=clean(text, 60),
            rule=bound.text(),
        ),
        confidence,
        clean(f"{bound.rule.file}:{bound.rule.expr_line}"),
        say("repolint.fix_differs"),
    )


_RULES = "groups:\n- name: kettle\n  rules:\n  - alert: KettleHot\n    expr: kettle_heat_celsius > 95\n    for: 5m\n"

RULE = Rule(
    id="threshold-differs",
    check=check,
    confidence=("certain", "likely", "hint"),
    bad={MANUAL: "`KettleHot`: the heat is > 90.\n", "rules.yml": _RULES},
    good={MANUAL: "`KettleHot`: the heat is > 95.\n", "rules.yml": _RULES},
)
