"""How long the board's questions take in process, beside a Prometheus on the same machine with the same samples."""

from __future__ import annotations

import json
import math
import tempfile
import time
import tracemalloc
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from signals.metrics.promql import evaluate, evaluate_range
from signals.prometheus.api import answer_to_json
from signals.store.ring import Ring, Sample
from tests.bench.measure import Measure
from tests.signals.metrics.promql import oracle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from signals.reading import Labels

START, STEP_S = 1_700_000_000, 15
SAMPLES = (270, 530)
"""Of a series: more than one block of the ring, and more than two; each has sealed blocks to open."""
SPAN_S, RANGE_STEP_S = 3600, 60
SERIES = 5000
QUERIES = 200
ROUNDS = 3
KINDS = ("instant", "range")
OK = 200
_BOUNDS = ("0.1", "0.25", "0.5", "1", "2.5", "5", "10", "15", "30", "+Inf")
_SERVICES, _INSTANCES, _OUTCOMES, _QUEUES = (
    range(10),
    range(25),
    ("ok", "error", "degraded", "late"),
    range(20),
)


def labels_of_a_service() -> list[Labels]:
    """5 000 series of the shapes that a service exports: histograms, counters by outcome, gauges."""
    found: list[dict[str, str]] = [
        {"__name__": "latency_seconds_bucket", "service": f"s{s}", "instance": f"i{i}", "le": le}
        for s in _SERVICES
        for i in _INSTANCES
        for le in _BOUNDS
    ]
    found += [
        {"__name__": "request_total", "service": f"s{s}", "instance": f"i{i}", "outcome": o}
        for s in _SERVICES
        for i in _INSTANCES
        for o in _OUTCOMES
    ]
    found += [
        {"__name__": "queue_length", "queue": f"q{q}", "instance": f"i{i}"}
        for q in _QUEUES
        for i in _INSTANCES
    ]
    found += [
        {"__name__": "discord_requests_total", "route": f"r{r}", "instance": f"i{i}", "status": s}
        for r in range(10)
        for i in _INSTANCES
        for s in ("200", "401", "403", "429")
    ]
    return [tuple(sorted(labels.items())) for labels in found[:SERIES]]


def pages(count: int) -> Iterator[tuple[int, list[float]]]:
    """So many scrapes: the time of each, and a value for each of the series."""
    chance = np.random.default_rng(5)
    level = np.zeros(SERIES)
    for index in range(count):
        level += chance.poisson(2.0, SERIES)
        yield START + index * STEP_S, level.tolist()


def filled_ring(count: int) -> Ring:
    """The ring after so many scrapes."""
    every, ring = labels_of_a_service(), Ring(retention_s=86_400)
    for at, values in pages(count):
        ring.scrape("service", at, [Sample(*pair) for pair in zip(every, values, strict=True)])
    return ring


def write_openmetrics(path: Path, count: int) -> Path:
    """The same samples, for promtool: series by series."""
    times, table = zip(*pages(count), strict=True)
    with path.open("w") as file:
        for labels, values in zip(labels_of_a_service(), zip(*table, strict=True), strict=True):
            (_, name), *rest = labels
            own = ",".join(f'{label}="{text}"' for label, text in rest)
            file.writelines(
                f"{name}{{{own}}} {value:.0f} {at}\n" for at, value in zip(times, values, strict=True)
            )
        file.write("# EOF\n")
    return path


def questions() -> list[str]:
    """What eight panels ask, over and over with other windows and services."""
    shapes = (
        'sum by (service) (rate(request_total{{outcome="ok"}}[{window}])) / sum by (service) (rate(request_total[{window}]))',
        "histogram_quantile(0.95, sum by (le, service) (rate(latency_seconds_bucket[{window}])))",
        'sum(increase(discord_requests_total{{status=~"401|403|429"}}[10m]))',
        "topk(3, sum by (route) (increase(discord_requests_total[{window}])))",
        "sum by (queue) (queue_length)",
        'max_over_time(queue_length{{queue="q{number}"}}[{window}])',
        'deriv(queue_length{{queue="q{number}"}}[{window}])',
        'histogram_quantile(0.99, sum by (le) (rate(latency_seconds_bucket{{service="s{service}"}}[{window}])))',
        'rate(request_total{{service="s{service}",outcome!="ok"}}[5m]) > 0.1',
        'avg_over_time(queue_length{{queue=~"q1.*"}}[{window}])',
    )
    windows = ("1m", "5m", "10m", "30m", "1h")
    return [
        shapes[index % len(shapes)].format(
            window=windows[index // len(shapes) % len(windows)], number=index % 20, service=index % 10
        )
        for index in range(QUERIES)
    ]


def bytes_a_sample() -> float:
    """All that the ring allocates while it is filled: arrays, index and Python's own objects."""
    tracemalloc.start()
    try:
        ring = filled_ring(SAMPLES[0])
        return tracemalloc.get_traced_memory()[0] / ring.sample_count
    finally:
        tracemalloc.stop()


def measure() -> list[Measure]:
    """Questions put to the ring and, over HTTP, to a Prometheus with the same samples; both answer with JSON."""
    per_sample = bytes_a_sample()
    rows = [row for count in SAMPLES for row in _beside_prometheus(count)]
    size = Measure(
        "ring: bytes a sample", f"{per_sample:.1f} B", "16 B", per_sample / 16, "≤ 24 B", per_sample <= 24
    )
    return [*rows, size]


def _beside_prometheus(count: int) -> list[Measure]:
    ring, end = filled_ring(count), START + (count - 1) * STEP_S + 2.5
    start = end - SPAN_S
    span = {"start": start, "end": end, "step": RANGE_STEP_S}

    def ours(expr: str, kind: str) -> None:
        answer = (
            evaluate(expr, ring, end)
            if kind == "instant"
            else evaluate_range(expr, ring, start, end, RANGE_STEP_S)
        )
        json.dumps(answer_to_json(answer))

    def theirs(expr: str, kind: str) -> None:
        path, params = ("query", {"time": end}) if kind == "instant" else ("query_range", span)
        assert client.get(f"/api/v1/{path}", params={"query": expr, **params}).status_code == OK

    if not oracle.installed():
        return [_row(kind, count, *_times(kind, ours)) for kind in KINDS]
    with tempfile.TemporaryDirectory(prefix="warroom-bench-") as folder:
        samples = write_openmetrics(Path(folder) / "samples.om", count)
        with oracle.prometheus(Path(folder), samples) as client:
            return [_row(kind, count, *_times(kind, ours, theirs)) for kind in KINDS]


def _times(kind: str, *asks: Callable[[str, str], None]) -> list[float]:
    """The quickest round of each, in turn: what else the machine does is no one's fault."""
    took = [math.inf] * len(asks)
    for _ in range(ROUNDS):
        for index, ask in enumerate(asks):
            begin = time.perf_counter()
            for expr in questions():
                ask(expr, kind)
            took[index] = min(took[index], time.perf_counter() - begin)
    return took


def _row(kind: str, count: int, value: float, least: float | None = None) -> Measure:
    name = f"{QUERIES} {kind} queries, {SERIES} series × {count} samples"
    if least is None:
        return Measure(name, f"{value:.2f} s", "no Prometheus here", None, "≤ 1.0 × Prometheus")
    ratio = value / least
    return Measure(
        name, f"{value:.2f} s", f"{least:.2f} s Prometheus", ratio, "≤ 1.0 × Prometheus", ratio <= 1
    )
