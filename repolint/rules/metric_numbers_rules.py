"""Rules about numbers without an alert's name: beside a metric in a manual or an objective, and in a rule's own annotations."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from core.message import say
from core.text import clean
from repolint.facts.manual.document import documents, lines
from repolint.facts.manual.limits import limits
from repolint.facts.metrics.exports import exports
from repolint.facts.prometheus.rule_bounds import (
    SERIES_ENDING,
    bounds_of_rules,
    comparable,
    differs,
    equal,
    same_kind,
    same_quantile,
)
from repolint.facts.prometheus.rule_files import rules
from runbooks.lint.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from repolint.facts.manual.limits import Limit
    from repolint.facts.metrics.metric import Metric
    from repolint.facts.prometheus.rule_bounds import Bound
    from repolint.project import Project


def numbers_beside_a_metric(project: Project) -> Iterable[Finding]:
    """A line that names no alert but one metric and one limit, where rules compare that metric with other numbers."""
    by_metric: dict[str, list[Bound]] = {}
    for bound in project.fact(bounds_of_rules):
        if bound.metric:
            by_metric.setdefault(bound.metric, []).append(bound)
    names = {rule.name for rule in project.fact(rules)}
    for document in project.fact(documents):
        right: set[str] = set()
        other: list[tuple[str, Finding]] = []
        for prose in lines(document):
            words = re.findall(r"[a-zA-Z_:][\w:]+", prose.text)
            metrics = {SERIES_ENDING.sub("", word) for word in words} & by_metric.keys()
            if len(metrics) != 1 or names.intersection(words):
                continue
            metric = metrics.pop()
            fitting = _fitting(prose.text, by_metric[metric])
            if any(equal(one.value, bound.value) for one, bound in fitting):
                right.add(metric)
            elif len({one.value for one, _ in fitting}) == 1:
                one, bound = fitting[0]
                other.append((metric, differs(document.file, prose.line, one.text, bound, "likely")))
        # Who states the rule's number too means a second stage, or another part of the metric.
        yield from (replace(one, confidence="hint") if metric in right else one for metric, one in other)


def _fitting(text: str, bounds: Sequence[Bound]) -> list[tuple[Limit, Bound]]:
    """The limits of a line that can be held against a rule, each with the rule."""
    code = " ".join(re.findall(r"`([^`]*)`", text))
    stated = [one for one in limits(re.sub(r"`[^`]*`", " ", text)) + limits(code) if one.more is not None]
    return [
        (one, bound)
        for one in stated
        for bound in bounds
        if same_kind(one, bound) and same_quantile(text, bound)
    ]


def objectives_between_buckets(project: Project) -> Iterable[Finding]:
    """A line with one histogram and one time that is no bucket's bound: whether it is kept can only be guessed."""
    read = project.fact(exports)
    histograms = {
        metric.name: metric for metric in read.metrics if metric.kind == "histogram" and metric.buckets
    }
    for document in project.fact(documents):
        for prose in lines(document):
            words = {SERIES_ENDING.sub("", word) for word in re.findall(r"[a-zA-Z_:][\w:]+", prose.text)}
            named = [histograms[word] for word in sorted(words) if word in histograms]
            if len(named) != 1 or not named[0].name.endswith("_seconds"):
                continue
            plain = re.sub(r"`[^`]*`", " ", prose.text)
            stated = {one.value for one in limits(plain) if one.kind == "time" and one.more is not None}
            if len(stated) == 1:
                yield from _off_bound(document.file, prose.line, stated.pop(), named[0])


def _off_bound(file: str, line: int, value: float, metric: Metric) -> Iterator[Finding]:
    bounds = metric.buckets or ()
    if any(equal(bound, value) for bound in bounds) or value < bounds[0]:
        return
    where, name = clean(f"{metric.where()} {metric.name}"), clean(metric.name, 100)
    fix = say("repolint.fix_buckets", value=f"{value:g}")
    if value > bounds[-1]:
        message = say("repolint.objective_beyond", name=name, value=f"{value:g}", bound=f"{bounds[-1]:g}")
        yield Finding(file, line, "quantile-bound", message, "likely", where, fix)
        return
    below, above = max(one for one in bounds if one < value), min(one for one in bounds if one > value)
    message = say(
        "repolint.objective_between",
        name=name,
        value=f"{value:g}",
        below=f"{below:g}",
        above=f"{above:g}",
    )
    yield Finding(file, line, "quantile-bound", message, "hint", where, fix)


_COUNTED = re.compile(
    r"\{\{[^{}]*\$value[^{}]*\}\}\s+[^.;,\n{}]*?\b(?:with|whose|where|having|of which)\b(?![^.;\n]*\b(?:threshold|limit|target|allowed)\b)[^.;\n]*",
    re.IGNORECASE,
)
"""`{{ $value }} users with more than 100 items`: what follows says which are counted, and not how many may be."""


def numbers_in_annotations(project: Project) -> Iterable[Finding]:
    """A rule whose own summary or description states another limit than its expression."""
    for bound in project.fact(bounds_of_rules):
        for key in ("summary", "description", "message", "title"):
            text, line = bound.rule.annotations.get(key, ("", 0))
            plain = re.sub(r"\{\{.*?\}\}", " ", _COUNTED.sub(" ", text))
            stated = [one for one in limits(plain) if comparable(one, bound)]
            values = {one.value for one in stated}
            if len(values) == 1 and not any(equal(one.value, bound.value) for one in stated):
                at = line + _line_in(text, stated[0].text)
                yield differs(bound.rule.file, at, stated[0].text, bound, "likely")


def _line_in(text: str, piece: str) -> int:
    return text[: max(text.find(piece), 0)].count("\n")
