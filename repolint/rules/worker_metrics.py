"""Celery tasks that change metrics which no worker serves or pushes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from core.message import say
from repolint.facts.metrics.exports import collects_processes, exports, multiprocess_folder
from repolint.registry import MANUAL, Rule
from runbooks.lint.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from repolint.project import Project

_SERVES = ("start_http_server", "push_to_gateway", "pushadd_to_gateway")


def check(project: Project) -> Iterator[Finding]:
    """Said once, at the first task of a module that imports one with metrics."""
    modules = {
        metric.file.rsplit("/", 1)[-1].removesuffix(".py")
        for metric in project.fact(exports).metrics
        if metric.file.endswith(".py")
    }
    words = "|".join(map(re.escape, sorted(modules - {"__init__"})))
    shared = project.fact(collects_processes) or project.fact(multiprocess_folder)
    if not words or shared or _is_served(project):
        return
    imported = re.compile(
        rf"^\s*(?:from\s+\S*\b(?:{words})\s+import|from\s+\S+\s+import\s+.*\b(?:{words})\b|import\s+\S*\b(?:{words})\b)",
        re.MULTILINE,
    )
    for file in project.matching(".py"):
        text = project.text(file)
        task = re.search(r"^\s*@(?:\w+\.)*(?:task|shared_task)\b", text, re.MULTILINE)
        is_celery = "celery" in text.lower() and not re.search(r"(^|/)tests?/", file)
        if task and is_celery and imported.search(text):
            line = text.count("\n", 0, task.start() + 1) + 1
            message, fix = say("repolint.worker_metrics"), say("repolint.fix_worker")
            yield Finding(file, line, "worker-metrics", message, "hint", fix=fix)
            return


def _is_served(project: Project) -> bool:
    return any(word in project.text(file) for file in project.matching(".py") for word in _SERVES)


_METRICS = "from prometheus_client import Counter\n\nORDERS = Counter('kettle_orders_total', 'Orders')\n"
_TASKS = """from celery import shared_task

from kettle.metrics import ORDERS


@shared_task
def order():
    ORDERS.inc()
"""

RULE = Rule(
    id="worker-metrics",
    check=check,
    confidence=("hint",),
    bad={MANUAL: "# Manual\n", "kettle/metrics.py": _METRICS, "kettle/tasks.py": _TASKS},
    good={
        MANUAL: "# Manual\n",
        "kettle/metrics.py": _METRICS,
        "kettle/tasks.py": _TASKS,
        "kettle/worker.py": "from prometheus_client import start_http_server\n\nstart_http_server(9000)\n",
    },
)
