"""A text that states another duration beside an alert than the rule's `for` and its windows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.message import say
from core.text import clean
from repolint.facts.manual.limits import waits
from repolint.facts.prometheus.rule_bounds import equal
from repolint.facts.prometheus.stated import alert_lines
from repolint.registry import MANUAL, Rule
from runbooks.lint.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from repolint.project import Project
    from runbooks.lint.finding import Confidence


def check(project: Project) -> Iterator[Finding]:
    """Certain where the duration follows the alert's condition."""
    for line in project.fact(alert_lines):
        rule = line.bounds[0].rule
        accepted = [bound.rule.for_s for bound in line.bounds]
        accepted += [window for bound in line.bounds for window in bound.windows]
        of_condition = [limit.wait_s for limit, _ in line.stated() if line.defines(limit)]
        for seconds in dict.fromkeys(waits(line.text)):
            if any(wait is None or equal(wait, seconds) for wait in accepted):
                continue
            sure: Confidence = "certain" if seconds in of_condition and len(line.bounds) == 1 else "hint"
            yield Finding(
                line.file,
                line.prose.line,
                "duration-differs",
                say(
                    "repolint.duration_differs",
                    alert=clean(rule.name, 100),
                    text=_minutes(seconds),
                    rule=_minutes(rule.for_s or 0.0),
                ),
                sure,
                clean(f"{rule.file}:{rule.for_line if rule.for_s else rule.line}"),
                say("repolint.fix_differs"),
            )


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:g} min" if seconds >= 60 else f"{seconds:g} s"


_RULES = "groups:\n- name: kettle\n  rules:\n  - alert: KettleHot\n    expr: kettle_heat_celsius > 95\n    for: 5m\n"

RULE = Rule(
    id="duration-differs",
    check=check,
    confidence=("certain", "hint"),
    bad={MANUAL: "`KettleHot`: the heat is > 95 for 10 minutes.\n", "rules.yml": _RULES},
    good={MANUAL: "`KettleHot`: the heat is > 95 for 5 minutes.\n", "rules.yml": _RULES},
)
