"""An alert that a manual names and that no rule file defines."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

from core.message import say
from core.text import clean
from repolint.facts.manual.document import lines
from repolint.facts.prometheus.asked import document_blocks
from repolint.facts.rule_files import in_text, rules
from repolint.registry import MANUAL, Rule
from runbooks.lint.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from repolint.facts.rule_files import RuleAt
    from repolint.project import Document, Project, Prose
    from runbooks.lint.finding import Confidence

_CAMEL = r"[A-Z][a-zA-Z]*[a-z0-9](?:[A-Z][a-zA-Z0-9]*)+"
_ALERT = (
    r"(?i:\balerts?(?: rules?| name)?|告警(?:规则|名称)?|警报(?:规则)?|报警(?:规则)?|规则|\brules?|alertname)"
)
_CALLED = re.compile(rf"{_ALERT}\s*[:：=]?\s*[`\"“「*]{{0,3}}({_CAMEL})(?![\w(.])")
_CALLED_AFTER = re.compile(rf"[`\"“「*]({_CAMEL})[`\"”」*]{{1,3}}\s*(?:alert\b|rule\b|告警|警报|报警|规则)")
_ABOUT_ALERTS = re.compile(r"\balert|告警|警报|报警|\bfir(?:es|ing)\b", re.IGNORECASE)
_NO_CODE = (".md", ".rst", ".txt", ".html", ".ipynb", ".lock", ".json", ".svg", ".min.js", ".map")


def check(project: Project) -> Iterator[Finding]:
    """CamelCase names that the text calls an alert, or that stand in code font on a line about alerts."""
    defined = [rule for rule in project.fact(rules) if rule.kind == "alert"]
    if not defined:
        return
    known = {rule.name for rule in defined}
    for document in project.documents:
        own = {rule.name for rule in _rules_of(document)}
        reported: set[tuple[str, int]] = set()
        for prose in lines(document):
            for name, surely in _alert_names(prose):
                if name in known or name in own or (name, prose.line) in reported:
                    continue
                reported.add((name, prose.line))
                near = difflib.get_close_matches(name, sorted(known), 1, 0.6)
                if name not in project.fact(_other_names) and (surely or near):
                    yield _finding(document.file, prose.line, name, near, defined, surely=surely)


def _finding(
    file: str, line: int, name: str, near: list[str], defined: list[RuleAt], *, surely: bool
) -> Finding:
    confidence: Confidence = "certain" if surely and near else "likely" if surely else "hint"
    place = next((f"{rule.file}:{rule.line}" for rule in defined if near and rule.name == near[0]), "")
    fix = say("repolint.fix_alert_near", near=near[0]) if near else say("repolint.fix_alert")
    message = say("repolint.alert_unknown", alert=clean(name, 100))
    return Finding(file, line, "alert-unknown", message, confidence, clean(place or defined[0].file), fix)


def _alert_names(prose: Prose) -> Iterator[tuple[str, bool]]:
    """Each name, and whether the text calls it an alert beyond doubt."""
    called = {match[1] for pattern in (_CALLED, _CALLED_AFTER) for match in pattern.finditer(prose.text)}
    yield from ((name, True) for name in sorted(called))
    if _ABOUT_ALERTS.search(prose.text) or _ABOUT_ALERTS.search(prose.heading):
        yield from ((name, False) for name in re.findall(rf"`({_CAMEL})`", prose.text) if name not in called)


def _rules_of(document: Document) -> Iterator[RuleAt]:
    for _, first, codes in document_blocks(document):
        yield from in_text("\n".join(code.text for code in codes), document.file, first - 1)


def _other_names(project: Project) -> frozenset[str]:
    """CamelCase words of code and configuration: what they name is no alert, or an alert of another system."""
    names: set[str] = set()
    for file in project.files:
        if not file.endswith(_NO_CODE):
            names.update(re.findall(rf"\b{_CAMEL}\b", project.text(file)))
    return frozenset(names)


_RULES = "groups:\n- name: kettle\n  rules:\n  - alert: KettleCold\n    expr: kettle_heat_celsius < 60\n"

RULE = Rule(
    id="alert-unknown",
    check=check,
    confidence=("certain", "likely", "hint"),
    bad={MANUAL: "The alert `KettleCool` fires.\n", "rules.yml": _RULES},
    good={MANUAL: "The alert `KettleCold` fires.\n", "rules.yml": _RULES},
)
