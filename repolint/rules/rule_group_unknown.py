"""A group of Prometheus rules that a manual names and that no rule file has."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

from core.message import say
from core.text import clean
from repolint.facts.manual.document import lines
from repolint.facts.rule_files import rules
from repolint.registry import MANUAL, Rule
from runbooks.lint.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from repolint.project import Project

_GROUP = re.compile(
    r"(?:rule groups?|alert groups?|规则组|告警组)\s*[:：]?\s*`([\w.-]+)`|`([\w.-]+)`\s*(?:rule group|规则组|告警组)",
    re.IGNORECASE,
)


def check(project: Project) -> Iterator[Finding]:
    """Names in code font beside the words "rule group"."""
    groups = {rule.group for rule in project.fact(rules) if rule.group}
    for document in project.documents if groups else ():
        for prose in lines(document):
            for match in _GROUP.finditer(prose.text):
                name = match[1] or match[2]
                if name in groups or name.endswith((".yml", ".yaml")):
                    continue
                near = difflib.get_close_matches(name, sorted(groups), 1, 0.5)
                shown = ", ".join(near or sorted(groups)[:5])
                yield Finding(
                    document.file,
                    prose.line,
                    "rule-group-unknown",
                    say("repolint.group_unknown", group=clean(name, 100)),
                    "likely" if near else "hint",
                    fix=say("repolint.fix_group", groups=clean(shown)),
                )


_RULES = "groups:\n- name: kettle\n  rules:\n  - alert: KettleCold\n    expr: kettle_heat_celsius < 60\n"

RULE = Rule(
    id="rule-group-unknown",
    check=check,
    confidence=("likely", "hint"),
    bad={MANUAL: "They stand in the rule group `kettles`.\n", "rules.yml": _RULES},
    good={MANUAL: "They stand in the rule group `kettle`.\n", "rules.yml": _RULES},
)
