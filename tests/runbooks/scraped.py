"""A source of metrics with twenty minutes behind it."""

from __future__ import annotations

import time
from collections.abc import Callable

from signals.metrics.failover import MetricFailover
from signals.metrics.scrape import ScrapeSource
from signals.settings import ScrapeSettings, SignalsSettings
from signals.sources import Sources
from signals.store.ring import Ring


def scraped(**curves: Callable[[float], float]) -> Sources:
    """A source that has scraped each metric for twenty minutes; a curve is a function of the seconds until now."""
    source, now = ScrapeSource(ScrapeSettings()), float(int(time.time()))
    source._ring = ring = Ring(7200)
    for ago in range(1200, -1, -15):
        for name, curve in curves.items():
            metric, _, queue = name.partition("__")
            labels = (("__name__", metric), *((("queue", queue),) if queue else ()))
            ring.append(labels, now - ago, curve(-ago))
    return Sources(metrics=MetricFailover([source], SignalsSettings(), lambda _: None))
