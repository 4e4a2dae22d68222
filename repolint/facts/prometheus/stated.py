"""What lines of the manuals state about an alert: limits and durations that can be held against the alert's rule."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from repolint.facts.manual.document import documents, lines
from repolint.facts.manual.limits import limits
from repolint.facts.prometheus.rule_bounds import bounds_of_rules, comparable, equal, same_quantile
from repolint.facts.rule_files import rules

if TYPE_CHECKING:
    from collections.abc import Sequence

    from repolint.facts.manual.limits import Limit
    from repolint.facts.prometheus.rule_bounds import Bound
    from repolint.project import Document, Project, Prose

_ABOUT_WORK = re.compile(
    r"(wait(s|ed|ing)?|sleep|restart\w*|retr(y|ies)|timeout|takes?|再|等待?|重启|重试|超时|耗时)\W*(for|of|at|up to|也|要)?\W*$",
    re.IGNORECASE,
)
"""What somebody does for so long, and not what the alert measures."""


@dataclass(frozen=True, slots=True)
class AlertLine:
    """A line that names one alert. `right_elsewhere`: a line of the same manual states the limit as the rule has it."""

    file: str
    prose: Prose
    bounds: tuple[Bound, ...]
    right_elsewhere: bool

    @property
    def text(self) -> str:
        """The line without the alert's name."""
        return _without_name(self.prose.text, self.bounds)

    def stated(self) -> list[tuple[Limit, Bound]]:
        """Each limit of the line with each rule that it can be held against."""
        return _stated(self.prose.text, self.bounds)

    def is_right(self) -> bool:
        """Whether the line states the limit that a rule has."""
        return _is_right(self.prose.text, self.bounds)

    def defines(self, limit: Limit) -> bool:
        """Whether the limit is the alert's condition: `… > 10 s (alert: Name)` or `Name: … > 10 s`, in one clause."""
        text, name = self.prose.text, re.escape(self.bounds[0].rule.name)
        stated = re.escape(limit.text)
        before = rf"{stated}[^。;；.]*[(（][^()（）]*\b{name}\b[^()（）]*[)）]"
        after = rf"\b{name}\b[`*\"”]*\s*(?:[:：—–-]|\bmeans\b|\bfires (?:when|above|if)\b)[^。;；]*{stated}"
        return re.search(before, text.replace("`", "")) is not None or re.search(after, text) is not None


def alert_lines(project: Project) -> tuple[AlertLine, ...]:
    """Every line that names exactly one alert whose rule has one comparison."""
    by_name: dict[str, list[Bound]] = {}
    for bound in project.fact(bounds_of_rules):
        by_name.setdefault(bound.rule.name, []).append(bound)
    names = {rule.name for rule in project.fact(rules) if rule.kind == "alert"}
    statements: list[AlertLine] = []
    for document in project.fact(documents):
        named = [(name, prose) for name, prose in _lines_with_one(document, names) if name in by_name]
        right = {name for name, prose in named if _is_right(prose.text, by_name[name])}
        statements += [
            AlertLine(document.file, prose, tuple(by_name[name]), name in right) for name, prose in named
        ]
    return tuple(statements)


def _lines_with_one(document: Document, names: set[str]) -> list[tuple[str, Prose]]:
    numbers = []
    for prose in lines(document):
        here = {name for name in re.findall(r"[A-Za-z_]\w{3,}", prose.text) if name in names}
        if len(here) == 1:
            numbers.append((here.pop(), prose))
    return numbers


def _stated(text: str, bounds: Sequence[Bound]) -> list[tuple[Limit, Bound]]:
    plain = _without_name(text, bounds)
    return [
        (limit, bound)
        for limit in limits(plain)
        if not _ABOUT_WORK.search(plain[: max(plain.find(limit.text), 0)])
        for bound in bounds
        if comparable(limit, bound) and same_quantile(plain, bound)
    ]


def _without_name(text: str, bounds: Sequence[Bound]) -> str:
    return re.sub(r"\b" + re.escape(bounds[0].rule.name) + r"\b", "", text).replace("`", "")


def _is_right(text: str, bounds: Sequence[Bound]) -> bool:
    return any(equal(limit.value, bound.value) for limit, bound in _stated(text, bounds))
