"""The real program, whose direct scrape lives through 26 hours before it goes on live. Not a bench: `day` runs it.

A page of the service is read once and stored by the program's own code; each scrape after it goes into the ring under
a simulated time, with counters that rise and gauges that move. `copies` labels the page so many times, for a service
with more series.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from signals.connections.http import HttpClient
from signals.metrics.exposition import parse_exposition
from signals.metrics.scrape import ScrapeSource, _key
from signals.store.ring import Matcher, Sample
from tui.cli.main import main

if TYPE_CHECKING:
    from collections.abc import Callable

    from signals.settings import ScrapeTarget

    Move = Callable[[float, random.Random], float]

HOURS, STEP_S, SHARE, STEADY_S = 26, 5, 0.2, 10.0


async def run_after_a_day(self: ScrapeSource) -> None:
    """Instead of `ScrapeSource._run`."""
    out, values = Path(sys.argv[1]), sys.argv[3]
    target = self._settings.targets[0]
    source = HttpClient("page", target)
    found = await _page_at_work(source)
    await source.close()
    await asyncio.to_thread(live_through, self, target, found, values)
    ring = await self._scraped_ring()
    with ring._lock:
        oldest = ring._oldest_ms() / 1000
    told = {
        "series": ring.series_count,
        "samples": ring.sample_count,
        "bytes": ring.nbytes,
        "hours": (time.time() - oldest) / 3600,
    }
    await asyncio.to_thread(out.write_text, json.dumps(told))
    await real_run(self)


async def _page_at_work(source: HttpClient) -> list[Sample]:
    """The page once no series were added for a while: a service that has just started has few."""
    samples: list[Sample] = []
    grown_at = time.monotonic()
    while time.monotonic() - grown_at < STEADY_S:
        page = await source.get("")
        before, samples = len(samples), parse_exposition(page.body, page.content_type).samples
        if len(samples) > before:
            grown_at = time.monotonic()
        await asyncio.sleep(1)
    return samples


def store_copies(
    self: ScrapeSource, target: ScrapeTarget, began: float, samples: list[Sample], up: float
) -> None:
    """Instead of `ScrapeSource._store`."""
    more = [
        sample._replace(labels=tuple(sorted((*sample.labels, ("copy", str(copy))))))
        for copy in range(1, int(sys.argv[2]))
        for sample in samples
    ]
    real_store(self, target, began, [*samples, *more], up)


def live_through(scrape: ScrapeSource, target: ScrapeTarget, page: list[Sample], values: str) -> None:
    """Scrapes at the usual interval, each at its own lateness, until now."""
    chance = random.Random(7)  # no secret; numpy's would load libraries that the program does without
    count = HOURS * 3600 // STEP_S
    start = time.time() - count * STEP_S
    scrape._store(target, start, page, 1.0)
    ring = scrape._ring
    assert ring is not None
    series = ring.select([Matcher("__name__", "=~", ".+")], 0, 2**62)
    now = [Sample(one.labels, float(one.values[-1])) for one in series]
    moves = [_noise if values == "noise" else _lifelike(dict(one.labels)["__name__"]) for one in series]
    for index in range(1, count):
        now = [Sample(one.labels, move(one.value, chance)) for one, move in zip(now, moves, strict=True)]
        ring.scrape(_key(target), start + (index + chance.random() / 50) * STEP_S, now)
        if index % 20 == 0:
            time.sleep(0.001)  # the screen lives, too


def _noise(_: float, chance: random.Random) -> float:
    return chance.random()


def _lifelike(name: str) -> Move:
    """Counters count an event in 25 s, sums and costs grow by fractions as often, gauges jump, the rest stays."""
    if "queue" in name or "duration" in name:
        return lambda _, chance: float(chance.randrange(20))
    if name.endswith("_sum") or "_usd_" in name:
        return lambda value, chance: value + chance.random() if chance.random() < SHARE else value
    if name.endswith(("_total", "_bucket", "_count")):
        return lambda value, chance: value + 1 if chance.random() < SHARE else value
    return lambda value, _: value


real_run, real_store = ScrapeSource._run, ScrapeSource._store
ScrapeSource._run = run_after_a_day  # type: ignore[method-assign]  # what is measured is the program with a day behind it
ScrapeSource._store = store_copies  # type: ignore[method-assign]  # and that of a larger service

if __name__ == "__main__":
    sys.exit(main(sys.argv[4:]))
