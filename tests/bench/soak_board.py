"""The real program, whose panels and direct scrape rest a thirtieth of their interval. Not a bench: `soak` runs it.

Everything else lives by the real clock: only the rests, which both multiply by a random jitter, are shorter.
"""

from __future__ import annotations

import random
import sys

from panels import poll
from signals.metrics import scrape
from tui.cli.main import main

SPEED = 30


class _Jitter:
    """Stands in the place of `random` of the modules that rest."""

    @staticmethod
    def uniform(low: float, high: float) -> float:
        return random.uniform(low, high) / SPEED


for module in (poll, scrape):  # what is measured is the program at another speed
    vars(module)["random"] = _Jitter

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
