"""A severity that an Alertmanager route matches and that no alert rule sets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.message import say
from core.text import clean
from repolint.facts.prometheus.alertmanager import routings
from repolint.facts.rule_files import rules
from repolint.registry import MANUAL, Rule
from runbooks.lint.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from repolint.project import Project


def check(project: Project) -> Iterator[Finding]:
    """Only where the repository's rules set severities at all."""
    known = {rule.labels.get("severity", "") for rule in project.fact(rules) if rule.kind == "alert"} - {""}
    for routing in project.fact(routings) if known else ():
        for route in routing.routes:
            for severity, line in route.severities:
                if severity not in known:
                    shown = ", ".join(sorted(known))
                    yield Finding(
                        routing.file,
                        line,
                        "severity-unknown",
                        say("repolint.severity_unknown", severity=clean(severity, 60), known=clean(shown)),
                        "hint",
                        fix=say("repolint.fix_severity"),
                    )


_RULES = "- alert: KettleCold\n  expr: kettle_heat_celsius < 60\n  labels: {severity: page}\n"
_ALERTMANAGER = (
    "route:\n  receiver: oncall\n  routes:\n  - receiver: oncall\n    matchers: ['severity=\"@\"']\n"
    "receivers:\n- name: oncall\n  webhook_configs: [{url: 'http://pager/'}]\n"
)

RULE = Rule(
    id="severity-unknown",
    check=check,
    confidence=("hint",),
    bad={
        MANUAL: "# Manual\n",
        "rules.yml": _RULES,
        "alertmanager.yml": _ALERTMANAGER.replace("@", "critical"),
    },
    good={MANUAL: "# Manual\n", "rules.yml": _RULES, "alertmanager.yml": _ALERTMANAGER.replace("@", "page")},
)
