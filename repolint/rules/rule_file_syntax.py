"""A file of Prometheus rules that is no YAML: Prometheus refuses it, and none of its alerts exists."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.message import say
from core.text import clean
from repolint.facts.rule_files import unreadable
from repolint.registry import MANUAL, Rule
from runbooks.lint.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from repolint.project import Project


def check(project: Project) -> Iterator[Finding]:
    """Templates are left out."""
    for file, line in project.fact(unreadable):
        message = say("repolint.yaml", file=clean(file, 120))
        yield Finding(file, line, "rule-file-syntax", message, "likely", fix=say("repolint.fix_syntax"))


RULE = Rule(
    id="rule-file-syntax",
    check=check,
    confidence=("likely",),
    bad={
        MANUAL: "# Manual\n",
        "rules.yml": "groups:\n- name: kettle\n  rules:\n  - alert: Cold\n    expr: [up == 0\n",
    },
    good={
        MANUAL: "# Manual\n",
        "rules.yml": "groups:\n- name: kettle\n  rules:\n  - alert: Cold\n    expr: up == 0\n",
    },
)
