"""Rules about numbers beside an alert's name: a manual that states another limit or duration than the alert's rule."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from core.message import say
from core.text import clean
from repolint.facts.manual.document import documents, lines
from repolint.facts.manual.limits import limits, waits
from repolint.facts.prometheus.rule_bounds import bounds_of_rules, comparable, differs, equal, same_quantile
from repolint.facts.prometheus.rule_files import rules
from runbooks.lint.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from repolint.facts.manual.limits import Limit
    from repolint.facts.prometheus.rule_bounds import Bound
    from repolint.project import Document, Project, Prose
    from runbooks.lint.finding import Confidence

_ABOUT_WORK = re.compile(
    r"(wait(s|ed|ing)?|sleep|restart\w*|retr(y|ies)|timeout|takes?|再|等待?|重启|重试|超时|耗时)\W*(for|of|at|up to|也|要)?\W*$",
    re.IGNORECASE,
)
"""What somebody does for so long, and not what the alert measures."""


def numbers_beside_an_alert(project: Project) -> Iterable[Finding]:
    """A line of a manual that names one alert and states a limit or a duration which the rule does not have."""
    by_name: dict[str, list[Bound]] = {}
    for bound in project.fact(bounds_of_rules):
        by_name.setdefault(bound.rule.name, []).append(bound)
    names = {rule.name for rule in project.fact(rules) if rule.kind == "alert"}
    for document in project.fact(documents):
        told = _lines_about(document, names)
        right = {name for name, prose in told if name in by_name and _states(prose.text, by_name[name])}
        for name, prose in told:
            if name in by_name:
                yield from _limits(document.file, prose, by_name[name], told_right=name in right)
                yield from _durations(document.file, prose, by_name[name])


def _lines_about(document: Document, names: set[str]) -> list[tuple[str, Prose]]:
    found = []
    for prose in lines(document):
        here = {name for name in re.findall(r"[A-Za-z_]\w{3,}", prose.text) if name in names}
        if len(here) == 1:
            found.append((here.pop(), prose))
    return found


def _stated(text: str, bounds: Sequence[Bound]) -> list[tuple[Limit, Bound]]:
    plain = _without(text, bounds)
    return [
        (one, bound)
        for one in limits(plain)
        if not _ABOUT_WORK.search(plain[: max(plain.find(one.text), 0)])
        for bound in bounds
        if comparable(one, bound) and same_quantile(plain, bound)
    ]


def _without(text: str, bounds: Sequence[Bound]) -> str:
    return re.sub(r"\b" + re.escape(bounds[0].rule.name) + r"\b", "", text).replace("`", "")


def _states(text: str, bounds: Sequence[Bound]) -> bool:
    """Whether a line states the limit that a rule has."""
    return any(equal(one.value, bound.value) for one, bound in _stated(text, bounds))


def _limits(file: str, prose: Prose, bounds: Sequence[Bound], *, told_right: bool) -> Iterator[Finding]:
    """`told_right`: another line says it as the rule does, so this one may be a second stage."""
    stated = {one.value: one for one, _ in _stated(prose.text, bounds)}
    if len(stated) != 1 or _states(prose.text, bounds):
        return
    (one,) = stated.values()
    bound = bounds[0]
    confidence: Confidence = "likely"
    unambiguous = (
        len(bounds) == 1
        and one.more is not None
        and (one.kind != "plain" or (bound.metric != "" and bound.metric in prose.text))
    )
    if unambiguous and _defines(prose.text, one, bound.rule.name):
        confidence = "certain"
    yield differs(file, prose.line, one.text, bound, "hint" if told_right else confidence)


def _defines(text: str, one: Limit, name: str) -> bool:
    """Whether the limit is the alert's condition: `… > 10 s (alert: Name)` or `Name: … > 10 s`, in one clause."""
    limit, called = re.escape(one.text), re.escape(name)
    before = rf"{limit}[^。;；.]*[(（][^()（）]*\b{called}\b[^()（）]*[)）]"
    after = rf"\b{called}\b[`*\"”]*\s*(?:[:：—–-]|\bmeans\b|\bfires (?:when|above|if)\b)[^。;；]*{limit}"
    return re.search(before, text.replace("`", "")) is not None or re.search(after, text) is not None


def _durations(file: str, prose: Prose, bounds: Sequence[Bound]) -> Iterator[Finding]:
    text = _without(prose.text, bounds)
    bound = bounds[0]
    accepted = [one.rule.for_s for one in bounds] + [window for one in bounds for window in one.windows]
    followed = [
        one.wait_s for one, _ in _stated(prose.text, bounds) if _defines(prose.text, one, bound.rule.name)
    ]
    for seconds in dict.fromkeys(waits(text)):
        if any(one is None or equal(one, seconds) for one in accepted):
            continue
        sure: Confidence = "certain" if seconds in followed and len(bounds) == 1 else "hint"
        message = say(
            "repolint.duration_differs",
            alert=clean(bound.rule.name, 100),
            text=_minutes(seconds),
            rule=_minutes(bound.rule.for_s or 0.0),
        )
        where = f"{bound.rule.file}:{bound.rule.for_line if bound.rule.for_s else bound.rule.line}"
        yield Finding(
            file,
            prose.line,
            "duration-differs",
            message,
            sure,
            clean(where),
            say("repolint.fix_differs"),
        )


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:g} min" if seconds >= 60 else f"{seconds:g} s"
