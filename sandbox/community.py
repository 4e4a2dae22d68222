"""When a small community asks, over its day: a plan that follows from the seed alone."""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

DAY_S = 1200.0
"""A community's day, compressed to twenty minutes."""


MATCHES = 500
"""How many matches people talk about; what was said about one can be remembered."""


def match_of(own: float) -> int:
    """Which match somebody asks for, by his own number in [0, 1)."""
    return int(own * MATCHES)


BURSTS = (160.0, 430.0, 610.0, 830.0, 1090.0)
"""Moments of the day at which a tournament's match ends, and many ask at once."""
BURST_S, BURST_PER_S = 12.0, 1.0
PEAK_PER_S = 2.0
"""Above every rate, as thinning needs it."""


def asks_per_s(at_s: float) -> float:
    """How often the community asks at a moment of its day: quiet nights, an evening peak, five bursts."""
    moment = at_s % DAY_S
    phase = 2 * math.pi * moment / DAY_S
    calm = 0.45 + 0.35 * math.sin(phase) + 0.15 * math.sin(2 * phase)
    return calm + BURST_PER_S * any(start <= moment < start + BURST_S for start in BURSTS)


def arrivals(seed: int, until_s: float, load: float = 1.0) -> Iterator[tuple[float, float]]:
    """Moments (s) at which somebody asks, and a number in [0, 1) of his own: a Poisson process, thinned (Lewis 1979).

    `load` is how many such communities there are.
    """
    chance = random.Random(seed)  # noqa: S311  # reproducible traffic, no secret
    at = 0.0
    while (at := at + chance.expovariate(PEAK_PER_S * load)) < until_s:
        if chance.random() < asks_per_s(at) / PEAK_PER_S:
            yield at, chance.random()
