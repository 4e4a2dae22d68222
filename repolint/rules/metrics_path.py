"""A scrape job's path of one of the repository's own services that its code does not serve."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from core.message import say
from core.text import clean
from repolint.facts.compose import services
from repolint.facts.prometheus.scrape_jobs import jobs
from repolint.facts.python.source import is_test
from repolint.registry import MANUAL, Rule
from runbooks.lint.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from repolint.project import Project

_CODE = (".py", ".go", ".js", ".ts", ".java", ".kt", ".rb", ".rs", ".cs", ".conf", ".properties")
_SERVED_BY_LIBRARY = re.compile(
    r"start_http_server|make_asgi_app|make_wsgi_app|PrometheusMetrics\(|Instrumentator\(|PrometheusMiddleware|django_prometheus"
    r"|start_wsgi_server|MetricsHandler|promhttp|prom-client|express-prom-bundle|generate_latest"
)


def check(project: Project) -> Iterator[Finding]:
    """A `metrics_path` of one of the repository's own services that its code never names."""
    built = {name for service in services(project) if service.context is not None for name in service.names}
    for job in project.fact(jobs):
        mine = [target for target in job.targets if target.host in built]
        if not mine or "$" in job.path or "{" in job.path:
            continue
        path = job.path.strip("/")
        served = re.compile(
            rf"[\"'`}}]/{re.escape(path)}/?[\"'`$?]|location\s+[=~^ ]*/{re.escape(path)}\b|path\(\s*r?[\"']\^?{re.escape(path)}/?[\"'$]"
        )
        code = [project.text(file) for file in project.matching(*_CODE) if not is_test(file)]
        if any(served.search(text) for text in code):
            continue
        if path == "metrics" and any(_SERVED_BY_LIBRARY.search(text) for text in code):
            continue
        message = say("repolint.path_unserved", path=clean(job.path, 100), job=clean(job.name, 60))
        line = job.path_line if path != "metrics" else job.line
        yield Finding(
            job.file,
            line,
            "metrics-path",
            message,
            "likely" if code else "hint",
            "",
            say("repolint.fix_path"),
        )


_COMPOSE = "services:\n  kettle:\n    build: .\n"
_PROMETHEUS = (
    "scrape_configs:\n- job_name: kettle\n  metrics_path: @\n  static_configs: [{targets: ['kettle:8000']}]\n"
)
_APP = 'ROUTES = {"/internal/metrics": "metrics"}\n'

RULE = Rule(
    id="metrics-path",
    check=check,
    confidence=("likely", "hint"),
    bad={
        MANUAL: "# Manual\n",
        "compose.yaml": _COMPOSE,
        "prometheus.yml": _PROMETHEUS.replace("@", "/stats"),
        "app.py": _APP,
    },
    good={
        MANUAL: "# Manual\n",
        "compose.yaml": _COMPOSE,
        "prometheus.yml": _PROMETHEUS.replace("@", "/internal/metrics"),
        "app.py": _APP,
    },
)
