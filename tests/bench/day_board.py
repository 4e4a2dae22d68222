"""The real program, whose direct scrape lives through 26 hours before it goes on live. Not a bench: `day` runs it.

Each scrape is stored by the program's own code under a simulated time; a page of the service is read once, its
counters then rise. `copies` labels the page so many times, for a service with more series.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from signals.exposition import parse_exposition
from signals.http import HttpSource
from signals.ring import Sample
from signals.scrape import ScrapeSource
from tui.cli import main

if TYPE_CHECKING:
    from signals.settings import ScrapeTarget

HOURS, STEP_S = 26, 15


async def run_after_a_day(self: ScrapeSource) -> None:
    """Instead of `ScrapeSource.run`."""
    out, copies = Path(sys.argv[1]), int(sys.argv[2])
    target = self._settings.targets[0]
    source = HttpSource("page", target)
    page = await source.get("")
    await source.close()
    found = parse_exposition(page.body, page.content_type).samples
    await asyncio.to_thread(live_through, self, target, found, copies)
    ring = await self._filled()
    with ring._lock:
        oldest = min(int(line.times[0]) for line in ring._lines.values()) / 1000
    told = {"series": ring.series_count, "samples": ring.sample_count, "hours": (time.time() - oldest) / 3600}
    await asyncio.to_thread(out.write_text, json.dumps(told))
    await real_run(self)


def live_through(scrape: ScrapeSource, target: ScrapeTarget, page: list[Sample], copies: int) -> None:
    """Scrapes every quarter of a minute until now."""
    labelled = [
        sample._replace(
            labels=tuple(sorted((*sample.labels, ("copy", str(copy))))) if copy else sample.labels
        )
        for copy in range(copies)
        for sample in page
    ]
    count = HOURS * 3600 // STEP_S
    start = time.time() - count * STEP_S
    for index in range(count):
        risen = [sample._replace(value=sample.value + index) for sample in labelled]
        scrape._store(target, start + index * STEP_S, risen, 1.0)
        if index % 20 == 0:
            time.sleep(0.001)  # the screen lives, too


real_run = ScrapeSource.run
ScrapeSource.run = run_after_a_day  # type: ignore[method-assign]  # what is measured is the program with a day behind it

if __name__ == "__main__":
    sys.exit(main(sys.argv[3:]))
