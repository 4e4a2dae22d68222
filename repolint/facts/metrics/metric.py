"""What a repository exports to Prometheus, as data: families, their series, labels and buckets.

Naming is the Python client's (prometheus_client, `metrics.py`): a counter loses a `_total` at its end and gets one back,
so `x_total_by_mode` comes out as `x_total_by_mode_total`.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from repolint.facts.python.formats import ANY

if TYPE_CHECKING:
    from collections.abc import Mapping

Kind = Literal["counter", "gauge", "histogram", "summary", "info", "enum", "unknown"]
DEFAULT_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
"""The Python client's, when a histogram names none."""
_SUFFIXES: Mapping[Kind, tuple[str, ...]] = {
    "counter": ("_total", "_created"),
    "gauge": ("",),
    "histogram": ("_bucket", "_sum", "_count", "_created"),
    "summary": ("", "_sum", "_count", "_created"),
    "info": ("_info",),
    "enum": ("",),
    "unknown": ("", "_total", "_created", "_bucket", "_sum", "_count", "_info"),
}
_SUFFIX = re.compile(r"_(total|created|bucket|sum|count|info)$")


@dataclass(frozen=True, slots=True)
class Metric:
    """One family. `labels` and `buckets` (finite upper bounds) are None where they could not be read.

    `name` is as the code gives it. `values` has the labels whose every value is known. `plain`: the library appends
    nothing to a counter's name.
    """

    name: str
    kind: Kind
    labels: frozenset[str] | None
    file: str
    line: int
    buckets: tuple[float, ...] | None = None
    values: Mapping[str, frozenset[str]] = field(default_factory=dict, compare=False)
    plain: bool = False

    def series(self) -> tuple[str, ...]:
        """The names that Prometheus has afterwards."""
        if self.plain and self.kind in ("counter", "unknown"):
            return (self.name,)
        base = self.name.removesuffix("_total") if self.kind in ("counter", "unknown") else self.name
        return tuple(dict.fromkeys(base + suffix for suffix in _SUFFIXES[self.kind]))

    def main(self) -> str:
        """The series that people mean."""
        return self.series()[0]

    def where(self) -> str:
        """File and line of its definition."""
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, eq=False)
class Exports:
    """All families of the repository.

    `recorded`: the names that recording rules make. `mentioned`: names that stand in code or configuration without being
    read as a definition. `unread`: files that export something whose names could not be read; with any of them nothing
    is certain. `instrumented`: a library counts requests under names of its own.
    """

    metrics: tuple[Metric, ...]
    recorded: frozenset[str]
    mentioned: Mapping[str, str]
    unread: tuple[str, ...]
    instrumented: bool = False

    def find(self, series: str) -> list[Metric]:
        """The families that have this series, patterns included."""
        exact = self._by_series.get(series, [])
        return exact or [metric for pattern, metric in self._patterns if pattern.fullmatch(series)]

    def has_prefix(self, series: str) -> bool:
        """Whether its first word is this repository's own: two families share it and it is nobody else's."""
        return series.partition("_")[0] in self.prefixes

    @cached_property
    def prefixes(self) -> frozenset[str]:
        """First words of names that no well-known exporter uses; only what was read from syntax trees counts."""
        counts: dict[str, int] = {}
        for metric in self.metrics:
            first, separator, _ = metric.name.partition("_")
            if separator and ANY not in first and metric.kind != "unknown":
                counts[first] = counts.get(first, 0) + 1
        return frozenset(word for word, count in counts.items() if count >= 2 and word not in COMMON_WORDS)

    def nearest(self, series: str) -> Metric | None:
        """The exported family whose series is written most alike, if any is."""
        if series not in self._near:
            self._near[series] = _nearest(series, self)
        return self._near[series]

    def own(self) -> bool:
        """Whether the repository exports anything at all that we can read."""
        return bool(self._by_series)

    @cached_property
    def _near(self) -> dict[str, Metric | None]:
        return {}

    @cached_property
    def _by_series(self) -> dict[str, list[Metric]]:
        metrics: dict[str, list[Metric]] = {}
        for metric in self.metrics:
            for name in metric.series():
                if ANY not in name:
                    metrics.setdefault(name, []).append(metric)
        return metrics

    @cached_property
    def _patterns(self) -> list[tuple[re.Pattern[str], Metric]]:
        return [
            (re.compile(re.escape(name).replace(r"\*", "[a-zA-Z0-9_:]*")), metric)
            for metric in self.metrics
            for name in metric.series()
            if ANY in name
        ]


COMMON_WORDS = frozenset(
    [
        "http",
        "https",
        "api",
        "app",
        "application",
        "web",
        "db",
        "database",
        "cache",
        "server",
        "service",
        "client",
        "request",
        "requests",
        "system",
        "process",
        "python",
        "go",
        "celery",
        "redis",
        "node",
        "user",
        "users",
        "email",
        "emails",
        "task",
        "tasks",
        "queue",
        "job",
        "jobs",
        "worker",
        "workers",
    ]
)
"""First words of metric names that several authors use: sharing one says nothing about who exports a name."""

_THIRD_PARTY = re.compile(
    r"(up|ALERTS|ALERTS_FOR_STATE|scrape_\w+)$|(node|process|python|go|redis|pg|postgres|postgresql|mysql|mongodb|kube"
    r"|kubelet|container|machine|apiserver|cadvisor|rabbitmq|erlang|nginx|haproxy|traefik|envoy|istio|coredns|etcd|vault"
    r"|minio|qdrant|otelcol|otel|prometheus|alertmanager|grafana|loki|promtail|tempo|jaeger|blackbox|probe|jvm|jmx|tomcat"
    r"|hikaricp|kafka|zookeeper|elasticsearch|opensearch|memcached|windows|wmi|promhttp|net|rest_client|workqueue|aws|gcp"
    r"|cloudwatch|stackdriver|azure|certmanager|argocd|flux|gotk|velero|thanos|cortex|mimir|snmp|ssl|systemd|cgroup"
    r"|flower|celery|DCGM|nvidia|triton|nv|vllm|fastapi|starlette|flask|django|gunicorn|uvicorn|uwsgi|php|pushgateway"
    r"|statsd|consul|nomad|rclone|wireguard|caddy|kong|ingress|cert|logstash|fluentd|fluentbit|keycloak|clickhouse"
    r"|cassandra|couchdb|solr|airflow|dagster|minecraft|docker|engine|swarm|speedtest|smartctl|ipmi|openmetrics|target"
    r"|namedprocess|nodejs|external_secrets|karpenter|keda|cilium|hubble|calico|felix|linkerd|response|request)_"
)


def third_party(series: str, exports: Exports) -> bool:
    """Whether a name may belong to a well-known exporter: its first word is one's, and not the repository's alone."""
    if exports.instrumented and series.startswith("http_"):
        return True
    return _THIRD_PARTY.match(series) is not None and not exports.has_prefix(series)


def _nearest(series: str, exports: Exports) -> Metric | None:
    by_base: dict[str, Metric] = {}
    for metric in exports.metrics:
        if ANY not in metric.name:
            for name in metric.series():
                by_base.setdefault(_SUFFIX.sub("", name), metric)
            by_base.setdefault(metric.name, metric)
    if series in by_base:  # asked for as the code writes it, exported under a longer name
        return by_base[series]
    base = _SUFFIX.sub("", series)
    if base in by_base:
        return by_base[base]
    best, score = "", 0.0
    words = set(base.split("_")) - _UNITS
    for name in by_base:
        others = set(name.split("_")) - _UNITS
        if not words & others:
            continue
        ratio = difflib.SequenceMatcher(None, base, name, autojunk=False).ratio()
        shared = len(words & others) / len(words | others)
        total = max(ratio, (ratio + shared) / 2 + 0.1 * (shared > 0.5))
        if total > score:
            best, score = name, total
    return by_base[best] if score >= 0.72 else None


_UNITS = frozenset(
    [
        "total",
        "seconds",
        "milliseconds",
        "ms",
        "bytes",
        "count",
        "sum",
        "bucket",
        "ratio",
        "duration",
        "requests",
        "errors",
        "info",
        "created",
    ]
)
"""Words of a name that say nothing about what is measured."""
