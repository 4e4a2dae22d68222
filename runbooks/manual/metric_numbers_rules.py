"""Rules about numbers without an alert's name: beside a metric in a manual or an objective, and in a rule's own annotations."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from runbooks.manual.manual_lines import documents, lines
from runbooks.manual.rule_bounds import SERIES_ENDING, bounds_of_rules, comparable, differs, equal, same_kind
from runbooks.manual.rule_files import rules
from runbooks.manual.text_numbers import limits

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from runbooks.finding import Finding
    from runbooks.manual.project import Project
    from runbooks.manual.rule_bounds import Bound


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
                SERIES_ENDING.sub("", word)
                for word in re.findall(r"[a-zA-Z_:][\w:]+", prose.text)
                if SERIES_ENDING.sub("", word) in by_metric
            }
            if len(metrics) != 1:
                continue
            yield from _beside_metric(document.file, prose.line, prose.text, by_metric[metrics.pop()])


def _beside_metric(file: str, line: int, text: str, bounds: Sequence[Bound]) -> Iterator[Finding]:
    code = " ".join(re.findall(r"`([^`]*)`", text))
    stated = [one for one in limits(re.sub(r"`[^`]*`", " ", text)) + limits(code) if one.more is not None]
    fitting = [(one, bound) for one in stated for bound in bounds if same_kind(one, bound)]
    if len({one.value for one, _ in fitting}) != 1:
        return
    if any(equal(one.value, bound.value) for one, bound in fitting):
        return
    one, bound = fitting[0]
    yield differs(file, line, one.text, bound, "likely")


def numbers_in_annotations(project: Project) -> Iterable[Finding]:
    """A rule whose own summary or description states another limit than its expression."""
    for bound in project.fact(bounds_of_rules):
        for key in ("summary", "description", "message", "title"):
            text, line = bound.rule.annotations.get(key, ("", 0))
            plain = re.sub(r"\{\{.*?\}\}", " ", text)
            stated = [one for one in limits(plain) if comparable(one, bound)]
            values = {one.value for one in stated}
            if len(values) == 1 and not any(equal(one.value, bound.value) for one in stated):
                at = line + _line_in(text, stated[0].text)
                yield differs(bound.rule.file, at, stated[0].text, bound, "likely")


def _line_in(text: str, piece: str) -> int:
    return text[: max(text.find(piece), 0)].count("\n")
