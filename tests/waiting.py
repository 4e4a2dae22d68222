"""How long tests wait for what surely comes.

A wait that ends costs nothing, and a machine that others use, too, is several times slower than the one on which a limit was
found: what has a limit is a test of whether something ends, not of how fast it is (`make bench` measures that).
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

SLOW = 4
"""So many times slower than usual a machine may be before a test says that something does not come."""


def deadline(seconds: float) -> float:
    """On the monotonic clock: when a wait of usually at most `seconds` is given up."""
    return time.monotonic() + SLOW * seconds


def until(
    condition: Callable[[], object], what: str = "it did not happen in time", seconds: float = 60
) -> None:
    """Wait for what other processes and threads bring about; `what` is said where it does not come."""
    end = deadline(seconds)
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.02)
