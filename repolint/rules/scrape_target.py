"""A scrape target that Prometheus can't reach from its container, or that serves no metrics."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING

from core.message import say
from core.text import clean
from repolint.facts.compose import joins_foreign_network, mounting, reachable_names, services
from repolint.facts.prometheus.scrape_jobs import jobs
from repolint.registry import MANUAL, Rule
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


def check(project: Project) -> Iterable[Finding]:
    """`localhost` inside a container, hosts that no service has, ports that speak no HTTP or that a service does not open."""
    for job in project.fact(jobs):
        inside = [
            service
            for service in mounting(project, job.file)
            if _PROMETHEUS.search(f"{service.image} {service.name}")
        ]
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
    contained = bool(inside) and not any(service.host_network for service in inside)
    if host in _LOCAL:
        if contained and port not in _listening(inside):
            where = f"{inside[0].file} {inside[0].name}"
            yield finding("target_localhost", "certain", "fix_target_localhost", where)
        return
    if job.path.startswith("/probe"):
        return
    service = next((service for service in services(project) if host in service.names), None)
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
    called = f"{service.image} {service.name}"
    if server and re.search(_SPEAKS[server], called) and "export" not in called:
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
    opened = {
        int(port) for service in inside for port in re.findall(r"listen-address=\S*?:(\d+)", service.text)
    }
    return opened.union({9090}, *(service.ports for service in inside))


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


_COMPOSE = """services:
  prometheus:
    image: prom/prometheus
    volumes: ['./prometheus.yml:/etc/prometheus/prometheus.yml']
  kettle:
    build: .
    ports: ['8000:8000']
"""
_CONFIG = "scrape_configs:\n- job_name: kettle\n  static_configs: [{targets: ['@:8000']}]\n"
_APP = 'from prometheus_client import start_http_server\n\nstart_http_server(8000)  # serves "/metrics"\n'

RULE = Rule(
    id="scrape-target",
    check=check,
    confidence=("certain", "likely"),
    bad={
        MANUAL: "# Manual\n",
        "compose.yaml": _COMPOSE,
        "prometheus.yml": _CONFIG.replace("@", "localhost"),
        "app.py": _APP,
    },
    good={
        MANUAL: "# Manual\n",
        "compose.yaml": _COMPOSE,
        "prometheus.yml": _CONFIG.replace("@", "kettle"),
        "app.py": _APP,
    },
)
