"""How long the board's questions take in process, and what a remembered sample costs, beside plain numpy."""

from __future__ import annotations

import statistics
import time
import tracemalloc
from typing import TYPE_CHECKING

import numpy as np

from signals.metrics.promql import evaluate
from signals.store.ring import Matcher, Ring, Sample
from tests.bench.measure import Measure

if TYPE_CHECKING:
    from signals.reading import Labels

START, STEP_S, COUNT = 1_700_000_000, 15, 240
SERIES = 5000
QUERIES = 200
ROUNDS = 3
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


def filled_ring() -> Ring:
    """An hour of scrapes."""
    chance = np.random.default_rng(5)
    every = labels_of_a_service()
    ring = Ring(retention_s=7200)
    level = np.zeros(len(every))
    for index in range(COUNT):
        level += chance.poisson(2.0, len(every))
        page = [Sample(labels, value) for labels, value in zip(every, level.tolist(), strict=True)]
        ring.scrape("service", START + index * STEP_S, page)
    return ring


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
        ring = filled_ring()
        return tracemalloc.get_traced_memory()[0] / ring.sample_count
    finally:
        tracemalloc.stop()


def measure() -> list[Measure]:
    """Median of three rounds of 200 questions; the floor sums every sample once a question with numpy."""
    ring, asked = filled_ring(), questions()
    end = START + (COUNT - 1) * STEP_S + 2.5
    everything = ring.select([Matcher("__name__", "=~", ".+")], 0, round(end * 1000))
    table = np.array([stored.values for stored in everything])
    took, floor = [], []
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        for expr in asked:
            evaluate(expr, ring, end)
        middle = time.perf_counter()
        for _ in asked:
            table.sum(axis=1)
        took.append(middle - begin)
        floor.append(time.perf_counter() - middle)
    value, least = statistics.median(took), statistics.median(floor)
    per_sample = bytes_a_sample()
    return [
        Measure(
            f"evaluator: {QUERIES} queries, {SERIES} series × 1 h",
            f"{value:.2f} s",
            f"{least:.2f} s numpy sum of all",
            value / least,
            "≤ 2 s",
            value <= 2,
        ),
        Measure(
            "ring: bytes a sample", f"{per_sample:.1f} B", "16 B", per_sample / 16, "≤ 24 B", per_sample <= 24
        ),
    ]
