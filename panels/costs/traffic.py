"""What was asked of the models and of the cache in a window: what the levers start from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from panels.costs.settings import Price


@dataclass(frozen=True, slots=True)
class CacheUse:
    """Lookups of a window. `saved_usd` takes each hit for the mean cost of a miss; None where no miss was paid."""

    hits: float
    misses: float
    saved_usd: float | None

    @property
    def ratio(self) -> float:
        """The share that hit."""
        return self.hits / (self.hits + self.misses)


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """What was asked of the models in `window`: tokens and money (USD) by model, lookups in the cache, prices.

    Where the service counts no money by model, `usd` is empty: prices then say how much of it is whose.
    """

    window: str
    seen_s: float | None = None
    """How much of the window was seen, where that is not all of it."""
    input: Mapping[str, float] = field(default_factory=dict)
    output: Mapping[str, float] = field(default_factory=dict)
    usd: Mapping[str, float] = field(default_factory=dict)
    prices: Mapping[str, Price] = field(default_factory=dict)
    cache: CacheUse | None = None

    @property
    def models(self) -> tuple[str, ...]:
        """Those of which tokens were counted."""
        return tuple(sorted({*self.input, *self.output}))
