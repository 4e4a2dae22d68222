"""Rules about numbers: a manual, an objective or an annotation that states another limit or duration than the alert rule."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runbooks.finding import Finding
from runbooks.manual.manual_lines import documents, lines
from runbooks.manual.promql_parts import comparisons, named, tree
from runbooks.manual.rule_files import rules
from runbooks.manual.text_numbers import Kind, limits, waits
from signals.clean import clean
from signals.message import say

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from runbooks.finding import Confidence
    from runbooks.manual.project import Project
    from runbooks.manual.rule_files import RuleAt
    from runbooks.manual.text_numbers import Limit

_SERIES = re.compile(r"_(bucket|sum|count)$")


@dataclass(frozen=True, slots=True)
class Bound:
    """The one comparison of an alert rule, in base units; `metric` when just one is compared."""

    rule: RuleAt
    value: float
    kind: Kind
    more: bool
    metric: str
    windows: tuple[float, ...]


def bounds_of_rules(project: Project) -> tuple[Bound, ...]:
    """Alert rules that compare exactly one thing with exactly one number."""
    found = []
    for rule in project.fact(rules):
        node = tree(rule.expr) if rule.kind == "alert" else None
        compared = comparisons(node) if node is not None else []
        if len(compared) != 1 or compared[0].operator in ("==", "!="):
            continue
        one = compared[0]
        names = {each.name for each in named(one.node)}
        kind, factor = _unit(names, str(one.node), one.value)
        windows = tuple(_seconds(text) for text in re.findall(r"\[(\w+)", rule.expr))
        metric = _SERIES.sub("", names.pop()) if len(names) == 1 and "/" not in str(one.node) else ""
        found.append(Bound(rule, one.value * factor, kind, one.operator in (">", ">="), metric, windows))
    return tuple(found)


def numbers_beside_an_alert(project: Project) -> Iterable[Finding]:
    """A line of a manual that names an alert and states a limit or a duration which the rule does not have."""
    by_name: dict[str, list[Bound]] = {}
    for bound in project.fact(bounds_of_rules):
        by_name.setdefault(bound.rule.name, []).append(bound)
    names = {rule.name for rule in project.fact(rules) if rule.kind == "alert"}
    for document in project.fact(documents):
        for prose in lines(document):
            here = [name for name in re.findall(r"[A-Za-z_]\w{3,}", prose.text) if name in names]
            if len(set(here)) == 1 and here[0] in by_name:
                yield from _beside(document.file, prose.line, prose.text, by_name[here[0]], "certain")


def _beside(
    file: str, line: int, text: str, rules_of_it: Sequence[Bound], confidence: Confidence
) -> Iterator[Finding]:
    text = re.sub(r"\b" + re.escape(rules_of_it[0].rule.name) + r"\b", "", text).replace("`", "")
    stated = [(one, bound) for one in limits(text) for bound in rules_of_it if _comparable(one, bound)]
    fitting = {id(one) for one, bound in stated if _equal(one.value, bound.value)}
    different = list(dict.fromkeys(one for one, _ in stated if id(one) not in fitting))
    bound = rules_of_it[0]
    if different and not fitting and len(different) == 1:
        one = different[0]
        alone = len(rules_of_it) == 1 and one.kind != "plain" and one.more is not None
        known = (
            confidence
            if alone or (one.kind == "plain" and bound.metric and bound.metric in text)
            else "likely"
        )
        yield _differs(file, line, one.text, bound, known)
    followed = [one.wait_s for one, _ in stated if one.wait_s is not None]
    for seconds in dict.fromkeys(waits(text)):
        accepted = [bound.rule.for_s for bound in rules_of_it] + [
            w for bound in rules_of_it for w in bound.windows
        ]
        if any(one is None or _equal(one, seconds) for one in accepted):
            continue
        sure: Confidence = confidence if seconds in followed and len(rules_of_it) == 1 else "hint"
        message = say(
            "manual_metrics.duration_differs",
            alert=clean(bound.rule.name, 100),
            text=_minutes(seconds),
            rule=_minutes(bound.rule.for_s or 0.0),
        )
        where = f"{bound.rule.file}:{bound.rule.for_line if bound.rule.for_s else bound.rule.line}"
        yield Finding(
            file, line, "duration-differs", message, sure, clean(where), say("manual_metrics.fix_differs")
        )


def numbers_beside_a_metric(project: Project) -> Iterable[Finding]:
    """A line that names no alert but one metric and one limit, where rules compare that metric with other numbers."""
    by_metric: dict[str, list[Bound]] = {}
    for bound in project.fact(bounds_of_rules):
        if bound.metric:
            by_metric.setdefault(bound.metric, []).append(bound)
    names = {rule.name for rule in project.fact(rules)}
    for document in project.fact(documents):
        for prose in lines(document):
            if any(name in names for name in re.findall(r"\w+", prose.text)):
                continue
            metrics = {
                _SERIES.sub("", word)
                for word in re.findall(r"[a-zA-Z_:][\w:]+", prose.text)
                if _SERIES.sub("", word) in by_metric
            }
            if len(metrics) != 1:
                continue
            yield from _beside_metric(document.file, prose.line, prose.text, by_metric[metrics.pop()])


def _beside_metric(file: str, line: int, text: str, bounds: Sequence[Bound]) -> Iterator[Finding]:
    code = " ".join(re.findall(r"`([^`]*)`", text))
    stated = [one for one in limits(re.sub(r"`[^`]*`", " ", text)) + limits(code) if one.more is not None]
    fitting = [(one, bound) for one in stated for bound in bounds if _same_kind(one, bound)]
    if len({one.value for one, _ in fitting}) != 1:
        return
    if any(_equal(one.value, bound.value) for one, bound in fitting):
        return
    one, bound = fitting[0]
    yield _differs(file, line, one.text, bound, "likely")


def numbers_in_annotations(project: Project) -> Iterable[Finding]:
    """A rule whose own summary or description states another limit than its expression."""
    for bound in project.fact(bounds_of_rules):
        for key in ("summary", "description", "message", "title"):
            text, line = bound.rule.annotations.get(key, ("", 0))
            plain = re.sub(r"\{\{.*?\}\}", " ", text)
            stated = [one for one in limits(plain) if _comparable(one, bound)]
            values = {one.value for one in stated}
            if len(values) == 1 and not any(_equal(one.value, bound.value) for one in stated):
                at = line + _line_in(text, stated[0].text)
                yield _differs(bound.rule.file, at, stated[0].text, bound, "likely")


def _line_in(text: str, piece: str) -> int:
    return text[: max(text.find(piece), 0)].count("\n")


def _differs(file: str, line: int, text: str, bound: Bound, confidence: Confidence) -> Finding:
    message = say(
        "manual_metrics.threshold_differs",
        alert=clean(bound.rule.name, 100),
        text=clean(text, 60),
        rule=_shown(bound),
    )
    where = f"{bound.rule.file}:{bound.rule.expr_line}"
    return Finding(
        file, line, "threshold-differs", message, confidence, clean(where), say("manual_metrics.fix_differs")
    )


def _unit(names: set[str], expr: str, value: float) -> tuple[Kind, float]:  # noqa: PLR0911  # the first sign decides
    """What is compared, and what its number has to be multiplied by."""
    text, expr = " ".join(names), re.sub(r'"[^"]*"', "", expr)
    if re.search(r"/(?!\s*\d)", expr):
        if re.search(r"_seconds_sum\b", text) and re.search(r"_seconds_count\b", text):
            return "time", 1.0
        if re.search(r"\*\s*100\b|\b100\s*\*", expr):
            return "share", 0.01
        return ("share", 1.0) if value <= 1 else ("plain", 1.0)
    if re.search(r"_(usd|cost|dollars)", text):
        return "money", 1.0
    counted = "histogram_quantile" not in expr and re.search(r"\b(rate|irate|increase|count)\b", expr)
    if counted:
        return "plain", 1.0
    for ending, kind, factor in _UNITS:
        if re.search(ending, text):
            return kind, factor
    return "plain", 1.0


_UNITS: tuple[tuple[str, Kind, float], ...] = (
    (r"_(milliseconds|ms)(_bucket)?\b", "time", 0.001),
    (r"_seconds(_bucket)?\b", "time", 1.0),
    (r"_(ratio|share)\b", "share", 1.0),
    (r"_percent(age)?\b", "share", 0.01),
)


def _comparable(one: Limit, bound: Bound) -> bool:
    return (
        _same_kind(one, bound)
        and one.more in (None, bound.more)
        and (one.more is not None or one.kind == "money")
    )


def _same_kind(one: Limit, bound: Bound) -> bool:
    return one.kind == bound.kind or ({one.kind, bound.kind} == {"money", "plain"} and bound.kind == "money")


def _equal(left: float | None, right: float) -> bool:
    return left is not None and math.isclose(left, right, rel_tol=1e-6, abs_tol=1e-12)


def _shown(bound: Bound) -> str:
    unit = {"time": " s", "share": "", "money": " USD", "plain": ""}[bound.kind]
    return f"{'>' if bound.more else '<'} {bound.value:g}{unit}"


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:g} min" if seconds >= 60 else f"{seconds:g} s"


def _seconds(text: str) -> float:
    from signals.times import parse_duration

    try:
        return parse_duration(text)
    except ValueError:
        return math.nan
