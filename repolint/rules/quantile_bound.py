"""A limit or objective that lies between two buckets of its histogram, or above the highest: the quantile is a guess."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from core.message import say
from core.text import clean
from repolint.facts.manual.document import documents, lines
from repolint.facts.manual.limits import limits
from repolint.facts.metrics.exports import exports
from repolint.facts.prometheus.promql import comparisons, tree
from repolint.facts.prometheus.rule_bounds import SERIES_ENDING, equal
from repolint.facts.prometheus.value_bounds import quantile_of
from repolint.facts.rule_files import rules
from repolint.registry import MANUAL, Rule
from runbooks.lint.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from repolint.facts.metrics.metric import Metric
    from repolint.project import Project


def check(project: Project) -> Iterator[Finding]:
    """Limits of alert rules, and times beside a histogram's name in manuals and objectives."""
    yield from _in_rules(project)
    yield from _in_text(project)


def _in_rules(project: Project) -> Iterator[Finding]:
    read = project.fact(exports)
    for rule in project.fact(rules):
        node = tree(rule.expr) if rule.kind == "alert" else None
        for comparison in comparisons(node) if node is not None else ():
            quantile = quantile_of(comparison.node, read)
            if quantile is None:
                continue
            _, buckets, metric = quantile
            value = comparison.value
            if value in buckets or not buckets[0] < value < buckets[-1]:
                continue
            below, above = _around(value, buckets)
            yield Finding(
                rule.file,
                rule.expr_line,
                "quantile-bound",
                say(
                    "repolint.between_bounds",
                    alert=clean(rule.name, 100),
                    value=f"{value:g}",
                    below=f"{below:g}",
                    above=f"{above:g}",
                ),
                "hint",
                clean(f"{metric.where()} {metric.name}"),
                say("repolint.fix_buckets", value=f"{value:g}"),
            )


def _in_text(project: Project) -> Iterator[Finding]:
    """A line with one histogram and one time."""
    histograms = {
        metric.name: metric
        for metric in project.fact(exports).metrics
        if metric.kind == "histogram" and metric.buckets
    }
    for document in project.fact(documents):
        for prose in lines(document):
            words = {SERIES_ENDING.sub("", word) for word in re.findall(r"[a-zA-Z_:][\w:]+", prose.text)}
            named = [histograms[word] for word in sorted(words) if word in histograms]
            if len(named) != 1 or not named[0].name.endswith("_seconds"):
                continue
            plain = re.sub(r"`[^`]*`", " ", prose.text)
            times = {
                limit.value for limit in limits(plain) if limit.kind == "time" and limit.more is not None
            }
            if len(times) == 1:
                yield from _off_bound(document.file, prose.line, times.pop(), named[0])


def _off_bound(file: str, line: int, value: float, metric: Metric) -> Iterator[Finding]:
    buckets = metric.buckets or ()
    if any(equal(bucket, value) for bucket in buckets) or value < buckets[0]:
        return
    where, name = clean(f"{metric.where()} {metric.name}"), clean(metric.name, 100)
    fix = say("repolint.fix_buckets", value=f"{value:g}")
    if value > buckets[-1]:
        message = say("repolint.objective_beyond", name=name, value=f"{value:g}", bound=f"{buckets[-1]:g}")
        yield Finding(file, line, "quantile-bound", message, "likely", where, fix)
        return
    below, above = _around(value, buckets)
    message = say(
        "repolint.objective_between", name=name, value=f"{value:g}", below=f"{below:g}", above=f"{above:g}"
    )
    yield Finding(file, line, "quantile-bound", message, "hint", where, fix)


def _around(value: float, buckets: Sequence[float]) -> tuple[float, float]:
    return max(b for b in buckets if b < value), min(b for b in buckets if b > value)


_EXPORTER = """from prometheus_client import Histogram

BREW = Histogram("kettle_brew_seconds", "Brewing", buckets=(1, 5, 10))
BREW.observe(3)
"""

RULE = Rule(
    id="quantile-bound",
    check=check,
    confidence=("likely", "hint"),
    bad={MANUAL: "`kettle_brew_seconds`: P95 < 7 s.\n", "kettle/app.py": _EXPORTER},
    good={MANUAL: "`kettle_brew_seconds`: P95 < 5 s.\n", "kettle/app.py": _EXPORTER},
)
