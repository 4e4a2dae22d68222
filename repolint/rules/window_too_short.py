"""A rate over a window that holds fewer than two scrapes: it is always empty."""

from __future__ import annotations

from typing import TYPE_CHECKING

import promql_parser as grammar

from core.message import say
from core.text import clean
from repolint.facts.prometheus.asked import blocks
from repolint.facts.prometheus.promql import calls, named, tree
from repolint.facts.prometheus.scrape_jobs import jobs
from repolint.registry import MANUAL, Rule
from runbooks.lint.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from repolint.project import Project
    from runbooks.lint.finding import Confidence

_NEEDS_TWO_SAMPLES = ("rate", "irate", "increase", "delta", "idelta", "deriv", "predict_linear")


def check(project: Project) -> Iterator[Finding]:
    """In rules, against the shortest scrape interval of the repository's Prometheus configuration."""
    interval = min((job.interval_s for job in project.fact(jobs)), default=None)
    for block in project.fact(blocks) if interval is not None else ():
        node = tree(block.expr) if block.source == "rule" else None
        for call in calls(node, _NEEDS_TWO_SAMPLES) if node is not None else ():
            for window in (arg for arg in call.args if isinstance(arg, grammar.MatrixSelector)):
                seconds = window.range.total_seconds()
                if interval is None or seconds >= 2 * interval:
                    continue
                sure: Confidence = "certain" if seconds < interval else "likely"
                name = next((selector.name for selector in named(window)), "?")
                yield Finding(
                    block.file,
                    block.line_of(name),
                    "window-too-short",
                    say(
                        "repolint.window",
                        name=clean(name, 100),
                        window=f"{seconds:g}",
                        interval=f"{interval:g}",
                    ),
                    sure,
                    fix=say("repolint.fix_window"),
                )


_PROMETHEUS = "scrape_configs:\n- job_name: kettle\n  scrape_interval: 60s\n  static_configs: [{targets: ['kettle:80']}]\n"
_RULES = "groups:\n- name: kettle\n  rules:\n  - alert: Orders\n    expr: rate(kettle_orders_total[{window}]) > 9\n"

RULE = Rule(
    id="window-too-short",
    check=check,
    confidence=("certain", "likely"),
    bad={MANUAL: "# Manual\n", "prometheus.yml": _PROMETHEUS, "rules.yml": _RULES.format(window="1m")},
    good={MANUAL: "# Manual\n", "prometheus.yml": _PROMETHEUS, "rules.yml": _RULES.format(window="5m")},
)
