"""What the repository's Prometheus configuration scrapes: jobs, targets, and the labels that scraping adds."""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from core.times import parse_duration
from repolint.facts.yaml_lines import read_yaml

if TYPE_CHECKING:
    from repolint.facts.yaml_lines import Yaml
    from repolint.project import Project

DEFAULT_INTERVAL_S = 60.0
"""Prometheus' `scrape_interval` when none is set."""
OWN_LABELS = frozenset({"job", "instance", "__name__", "le", "quantile", "alertname", "alertstate"})


_COLLECTS_LOGS = frozenset({"positions", "clients"})
"""Keys of Promtail, whose targets are files on its own machine."""


@dataclass(frozen=True, slots=True)
class Target:
    """A static address with its line."""

    address: str
    line: int

    @property
    def host(self) -> str:
        """Without the port."""
        return self.address.rpartition(":")[0] or self.address

    @property
    def port(self) -> int:
        """0 where there is none to read."""
        port = self.address.rpartition(":")[2]
        return int(port) if port.isdigit() else 0


@dataclass(frozen=True, slots=True)
class Job:
    """One scrape job. `dynamic`: service discovery or relabelling decides about targets or labels."""

    name: str
    file: str
    line: int
    path: str
    path_line: int
    interval_s: float
    targets: tuple[Target, ...]
    labels: frozenset[str]
    dynamic: bool


def jobs(project: Project) -> tuple[Job, ...]:
    """Every job of every Prometheus configuration; those of Promtail and of OpenTelemetry collectors are none."""
    configured: list[Job] = []
    for file in project.matching(".yml", ".yaml"):
        if "scrape_configs" not in project.text(file):
            continue
        for document in read_yaml(project, file):
            if not document.get("scrape_configs").each() or _COLLECTS_LOGS & set(document.fields()):
                continue
            common = document.get("global").get("scrape_interval").text()
            external = document.get("global").get("external_labels").fields()
            nodes = document.get("scrape_configs").each()
            configured += [_job(node, file, common, frozenset(external)) for node in nodes if node.fields()]
    return tuple(configured)


def added_labels(project: Project) -> tuple[frozenset[str], Literal["static", "dynamic", "unknown"]]:
    """The labels that scraping may add to any series; these are all when everything is `static`."""
    read = project.fact(jobs)
    names = OWN_LABELS.union(*(job.labels for job in read))
    if not read:
        return names, "unknown"
    return names, "dynamic" if project.fact(_operated) or any(job.dynamic for job in read) else "static"


def _operated(project: Project) -> bool:
    """Whether an operator in a cluster scrapes too, with labels that this repository does not name."""
    kinds = re.compile(r"kind:\s*(ServiceMonitor|PodMonitor|PrometheusRule)\b|prometheus\.io/scrape")
    return any(kinds.search(project.text(file)) for file in project.matching(".yml", ".yaml", ".tpl"))


def _job(node: Yaml, file: str, common: str, external: frozenset[str]) -> Job:
    labels = set(external)
    targets: list[Target] = []
    for group in node.get("static_configs").each():
        labels |= set(group.get("labels").fields())
        targets += [
            Target(target.text(), target.line) for target in group.get("targets").each() if target.text()
        ]
    relabel = (*node.get("relabel_configs").each(), *node.get("metric_relabel_configs").each())
    dynamic = any(key.endswith("_sd_configs") for key in node.fields())
    for rule in relabel:
        labels.add(rule.get("target_label").text())
        dynamic = (
            dynamic
            or rule.get("action").text() in ("labelmap", "labelkeep", "labeldrop")
            or "$" in rule.get("target_label").text()
        )
    interval = DEFAULT_INTERVAL_S
    with contextlib.suppress(ValueError):
        interval = parse_duration(node.get("scrape_interval").text() or common or "1m")
    path = node.get("metrics_path")
    return Job(
        name=node.get("job_name").text(),
        file=file,
        line=node.line,
        path=path.text() or "/metrics",
        path_line=path.line,
        interval_s=interval,
        targets=tuple(targets),
        labels=frozenset(labels - {""}),
        dynamic=dynamic,
    )
