"""A receiver that an Alertmanager route names and that is not defined: Alertmanager refuses the file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.message import say
from core.text import clean
from repolint.facts.prometheus.alertmanager import routings
from repolint.registry import MANUAL, Rule
from runbooks.lint.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from repolint.project import Project


def check(project: Project) -> Iterator[Finding]:
    """But for names that a template fills in."""
    for routing in project.fact(routings):
        for route in routing.routes:
            name = route.receiver
            templated = routing.templated or "$" in name or "{" in name
            if name and name not in routing.receivers and not templated:
                yield Finding(
                    routing.file,
                    route.line,
                    "receiver-missing",
                    say("repolint.receiver_missing", receiver=clean(name, 100)),
                    "certain",
                    fix=say("repolint.fix_receiver"),
                )


_ALERTMANAGER = "route:\n  receiver: {receiver}\nreceivers:\n- name: oncall\n  webhook_configs: [{{url: 'http://pager/'}}]\n"

RULE = Rule(
    id="receiver-missing",
    check=check,
    confidence=("certain",),
    bad={MANUAL: "# Manual\n", "alertmanager.yml": _ALERTMANAGER.format(receiver="on-call")},
    good={MANUAL: "# Manual\n", "alertmanager.yml": _ALERTMANAGER.format(receiver="oncall")},
)
