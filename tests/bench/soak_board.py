"""The real program, whose panels and direct scrape rest a sixtieth of their interval. Not a bench: `soak` runs it.

Everything else lives by the real clock: only the rests, which both multiply by a random jitter, are shorter. Its first
argument is a file, which says how large the ring is: the samples of a day are kept on purpose, up to their limit.
"""

from __future__ import annotations

import itertools
import random
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from panels import poll
from signals.metrics import scrape
from signals.metrics.scrape import ScrapeSource
from tui.cli.main import main

if TYPE_CHECKING:
    from signals.settings import ScrapeTarget
    from signals.store.ring import Sample

SPEED = 60
SCRAPES, REPORT_EVERY = itertools.count(), 50


class _Jitter:
    """Stands in the place of `random` of the modules that rest."""

    @staticmethod
    def uniform(low: float, high: float) -> float:
        return random.uniform(low, high) / SPEED


def store_and_report(
    self: ScrapeSource, target: ScrapeTarget, began: float, samples: list[Sample], up: float
) -> None:
    """Instead of `ScrapeSource._store`."""
    real_store(self, target, began, samples, up)
    if next(SCRAPES) % REPORT_EVERY == 0 and self._ring is not None:
        new = Path(f"{sys.argv[1]}.new")
        new.write_text(str(self._ring.nbytes), encoding="ascii")
        new.replace(sys.argv[1])


real_store = ScrapeSource._store
ScrapeSource._store = store_and_report  # type: ignore[method-assign]  # what is measured is the program that says more
for module in (poll, scrape):  # what is measured is the program at another speed
    vars(module)["random"] = _Jitter

if __name__ == "__main__":
    sys.exit(main(sys.argv[2:]))
