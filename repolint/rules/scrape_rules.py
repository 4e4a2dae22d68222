"""Rules about scraping: targets that a Prometheus in a container can't reach, or that serve no metrics."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING

from core.message import say
from core.text import clean
from repolint.facts.compose import joins_foreign_network, mounting, reachable_names, services
from repolint.facts.metrics.exports import exports
from repolint.facts.prometheus.scrape_jobs import jobs
from repolint.facts.python.source import is_test
from runbooks.lint.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from repolint.facts.compose import Service
    from repolint.facts.prometheus.scrape_jobs import Job, Target
    from repolint.project import Project
    from runbooks.lint.finding import Confidence

_LOCAL = ("localhost", "127.0.0.1", "0.0.0.0", "[::1]", "::1")  # noqa: S104  # read, never bound
_PROMETHEUS = re.compile(r"prometheus|vmagent|victoria")
_NO_HTTP = {
    5432: "PostgreSQL",
    6379: "Redis",
    3306: "MySQL",
    27017: "MongoDB",
    5672: "AMQP",
    9092: "Kafka",
    25: "SMTP",
}
_SPEAKS = {
    "PostgreSQL": "postgres|pg|timescale|db|database|sql",
    "Redis": "redis|valkey|cache|broker",
    "MySQL": "mysql|maria|db|database|sql",
    "MongoDB": "mongo|db|database",
    "AMQP": "rabbit|amqp|broker|queue|mq",
    "Kafka": "kafka|broker|redpanda",
    "SMTP": "smtp|mail|postfix",
}
"""A port alone says little: an application may serve its metrics on Kafka's. The host's name or image has to say it too."""
_CODE = (".py", ".go", ".js", ".ts", ".java", ".kt", ".rb", ".rs", ".cs", ".conf", ".properties")
_SERVED_BY_LIBRARY = re.compile(
    r"start_http_server|make_asgi_app|make_wsgi_app|PrometheusMetrics\(|Instrumentator\(|PrometheusMiddleware|django_prometheus"
    r"|start_wsgi_server|MetricsHandler|promhttp|prom-client|express-prom-bundle|generate_latest"
)


def targets_out_of_reach(project: Project) -> Iterable[Finding]:
    """`localhost` inside a container, hosts that no service has, ports that speak no HTTP or that a service does not open."""
    for job in project.fact(jobs):
        inside = [one for one in mounting(project, job.file) if _PROMETHEUS.search(f"{one.image} {one.name}")]
        for target in job.targets:
            if "$" in target.address or "{" in target.address or "_" in _scheme(target.address):
                continue
            yield from _target(job, target, inside, project)


def _scheme(address: str) -> str:
    return address.partition("://")[0] if "://" in address else ""


def _target(job: Job, target: Target, inside: list[Service], project: Project) -> Iterator[Finding]:  # noqa: C901  # the first fault is told
    def finding(key: str, confidence: Confidence, fix: str, evidence: str = "", **more: str) -> Finding:
        message = say(f"repolint.{key}", target=clean(target.address, 100), job=clean(job.name, 60), **more)
        return Finding(
            job.file,
            target.line,
            "scrape-target",
            message,
            confidence,
            clean(evidence),
            say(f"repolint.{fix}"),
        )

    if "/" in target.address.partition("://")[2] or "://" in target.address:
        if not any(word in target.address for word in ("blackbox", "probe")) and job.path == "/metrics":
            yield finding("target_is_url", "certain", "fix_target_url")
        return
    host, port = target.host, target.port
    contained = bool(inside) and not any(one.host_network for one in inside)
    if host in _LOCAL:
        if contained and port not in _listening(inside):
            where = f"{inside[0].file} {inside[0].name}"
            yield finding("target_localhost", "certain", "fix_target_localhost", where)
        return
    if job.path.startswith("/probe"):
        return
    service = next((one for one in services(project) if host in one.names), None)
    if service is None:
        if contained and _is_bare_name(host) and host not in reachable_names(project):
            elsewhere = "kubernetes_sd_configs" in project.text(job.file)  # the file serves a cluster, too
            foreign = elsewhere or joins_foreign_network(project) or _templates(project, host)
            sure: Confidence = "likely" if foreign else "certain"
            yield finding("target_unknown", sure, "fix_target_unknown", inside[0].file)
        elif (
            port in _NO_HTTP
            and _is_bare_name(host)
            and re.search(_SPEAKS[_NO_HTTP[port]], host)
            and not re.search(r"export|metric|agent|sidecar", host)
        ):
            yield finding("target_no_http", "likely", "fix_target_no_http", server=_NO_HTTP[port])
        return
    server = _NO_HTTP.get(port or 0, "")
    said = f"{service.image} {service.name}"
    if server and re.search(_SPEAKS[server], said) and "export" not in said:
        yield finding(
            "target_no_http",
            "certain" if service.context is None else "likely",
            "fix_target_no_http",
            f"{service.file} {service.name}",
            server=server,
        )
    elif port and _closed(service, port) and not _mentions_port(project, port):
        ports = ", ".join(map(str, sorted(service.ports)))
        where = f"{service.file} {service.name}"
        yield finding("target_port", "likely", "fix_target_port", where, ports=ports)


def _closed(service: Service, port: int) -> bool:
    """Whether the service is the repository's own, says which ports it opens, and never speaks of this one."""
    return (
        service.context is not None
        and bool(service.ports - {port})
        and port not in service.ports
        and str(port) not in service.text
    )


def _listening(inside: list[Service]) -> set[int]:
    """Ports on which Prometheus' own container may answer."""
    opened = {int(port) for one in inside for port in re.findall(r"listen-address=\S*?:(\d+)", one.text)}
    return opened.union({9090}, *(one.ports for one in inside))


def _is_bare_name(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return "." not in host and host != "host.docker.internal"
    return False


def _templates(project: Project, host: str) -> bool:
    """Whether another file that makes containers or hosts (Kubernetes, Ansible, Terraform, hosts) speaks of the name."""
    word = re.compile(rf"(?<![\w-]){re.escape(host)}(?![\w-])")
    scraped = {job.file for job in project.fact(jobs)}
    return any(
        word.search(project.text(file))
        for file in project.matching(
            ".yml", ".yaml", ".tf", ".hcl", ".sh", ".nomad", ".j2", "hosts", "Makefile"
        )
        if file not in scraped
    )


def _mentions_port(project: Project, port: int) -> bool:
    """Whether code, a Dockerfile or a script names the port: then something may well listen there."""
    word = re.compile(rf"(?<![\d.]){port}(?![\d.])")
    return any(
        word.search(project.text(file))
        for file in project.files
        if file.endswith(
            (".py", ".go", ".js", ".ts", ".sh", ".env", ".toml", ".ini", ".cfg", ".conf", ".example")
        )
        or "Dockerfile" in file
    )


def paths_that_nothing_serves(project: Project) -> Iterable[Finding]:
    """A `metrics_path` of one of the repository's own services that its code never names."""
    built = {name for one in services(project) if one.context is not None for name in one.names}
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


def forked_workers(project: Project) -> Iterable[Finding]:
    """Metrics of several processes: a shared folder that nobody reads, and workers whose numbers nobody serves."""
    read = project.fact(exports)
    python = [metric for metric in read.metrics if metric.file.endswith(".py")]
    if not python:
        return
    sources = {file: project.text(file) for file in project.matching(".py")}
    collected = any(
        "MultiProcessCollector" in text or ("multiprocess" in text and "values" in text)
        for text in sources.values()
    )
    for file in sorted(project.files):
        if file.endswith((".yml", ".yaml", ".sh", ".env", ".service", ".toml")) or "Dockerfile" in file:
            text = project.text(file)
            at = re.search(r"prometheus_multiproc_dir", text, re.IGNORECASE)
            if at and not collected:
                line = text.count("\n", 0, at.start()) + 1
                message = say("repolint.multiprocess")
                yield Finding(
                    file, line, "multiprocess", message, "likely", "", say("repolint.fix_multiprocess")
                )
                return
    yield from _workers(project, sources, collected=collected)


def _workers(project: Project, sources: dict[str, str], *, collected: bool) -> Iterator[Finding]:
    """Celery workers that change metrics while nothing carries them to a page."""
    if collected or any(
        "start_http_server" in text or "push_to_gateway" in text or "pushadd_to_gateway" in text
        for text in sources.values()
    ):
        return
    modules = {
        metric.file.rsplit("/", 1)[-1].removesuffix(".py")
        for metric in project.fact(exports).metrics
        if metric.file.endswith(".py")
    }
    words = "|".join(map(re.escape, sorted(modules - {"__init__"})))
    if not words:
        return
    imported = re.compile(
        rf"^\s*(?:from\s+\S*\b(?:{words})\s+import|from\s+\S+\s+import\s+.*\b(?:{words})\b|import\s+\S*\b(?:{words})\b)",
        re.MULTILINE,
    )
    for file, text in sorted(sources.items()):
        task = re.search(r"^\s*@(?:\w+\.)*(?:task|shared_task)\b", text, re.MULTILINE)
        if (
            task
            and ("celery" in text.lower())
            and imported.search(text)
            and not re.search(r"(^|/)tests?/", file)
        ):
            line = text.count("\n", 0, task.start() + 1) + 1
            yield Finding(
                file,
                line,
                "worker-metrics",
                say("repolint.worker_metrics"),
                "hint",
                "",
                say("repolint.fix_worker"),
            )
            return
