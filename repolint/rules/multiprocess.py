"""A folder for metrics of several processes that is set, and that no code collects from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.message import say
from repolint.facts.metrics.exports import collects_processes, exports, multiprocess_folder
from repolint.registry import MANUAL, Rule
from runbooks.lint.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from repolint.project import Project


def check(project: Project) -> Iterator[Finding]:
    """Said once, where `PROMETHEUS_MULTIPROC_DIR` is set first."""
    python = any(metric.file.endswith(".py") for metric in project.fact(exports).metrics)
    if not python or project.fact(collects_processes):
        return
    place = project.fact(multiprocess_folder)
    if place is not None:
        message, fix = say("repolint.multiprocess"), say("repolint.fix_multiprocess")
        yield Finding(*place, "multiprocess", message, "likely", fix=fix)


_APP = "from prometheus_client import Counter\n\nORDERS = Counter('kettle_orders_total', 'Orders')\n"
_DOCKERFILE = "FROM python\nENV PROMETHEUS_MULTIPROC_DIR=/tmp/metrics\n"

RULE = Rule(
    id="multiprocess",
    check=check,
    confidence=("likely",),
    bad={MANUAL: "# Manual\n", "Dockerfile": _DOCKERFILE, "app.py": _APP},
    good={
        MANUAL: "# Manual\n",
        "Dockerfile": _DOCKERFILE,
        "app.py": _APP,
        "metrics.py": "from prometheus_client.multiprocess import MultiProcessCollector\n",
    },
)
