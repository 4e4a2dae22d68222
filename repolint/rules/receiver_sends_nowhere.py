"""A receiver that an Alertmanager route sends to and that sends nowhere itself."""

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

_MEANT = ("null", "blackhole", "none", "devnull", "silent", "drop")
"""How a receiver is called that drops alerts on purpose."""


def check(project: Project) -> Iterator[Finding]:
    """But for routes that go on to the next one."""
    for routing in project.fact(routings):
        for route in routing.routes:
            sends = routing.receivers.get(route.receiver, True)
            if route.receiver and not sends and not route.goes_on and route.receiver not in _MEANT:
                yield Finding(
                    routing.file,
                    route.line,
                    "receiver-sends-nowhere",
                    say("repolint.receiver_empty", receiver=clean(route.receiver, 100)),
                    "hint",
                    fix=say("repolint.fix_receiver"),
                )


RULE = Rule(
    id="receiver-sends-nowhere",
    check=check,
    confidence=("hint",),
    bad={
        MANUAL: "# Manual\n",
        "alertmanager.yml": "route:\n  receiver: oncall\nreceivers:\n- name: oncall\n",
    },
    good={
        MANUAL: "# Manual\n",
        "alertmanager.yml": (
            "route:\n  receiver: oncall\nreceivers:\n- name: oncall\n  webhook_configs: [{url: 'http://pager/'}]\n"
        ),
    },
)
