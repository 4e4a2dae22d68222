"""What the cost desk knows at one moment: figures and the words of others, before anybody draws them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.message import Message
    from panels.costs.levers import LeverOutcome
    from panels.costs.month import MonthSeen
    from panels.costs.projection import Projection
    from panels.costs.traffic import CacheUse, Traffic
    from signals.reading import Verdict

RuleState = Literal["firing", "pending", "inactive", "unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleWord:
    """What the alert rule says of the month: its own number (USD) against its own limit, and who evaluates it.

    `since` is when its state began (Unix seconds). `problem` says why nothing else is known.
    """

    name: str
    state: RuleState = "unknown"
    value_usd: float | None = None
    limit_usd: float | None = None
    source: str = ""
    expr: str = ""
    since: float | None = None
    problem: Message | None = None

    @property
    def exceeds(self) -> bool | None:
        """Whether it sees the budget exceeded; None where it says nothing."""
        if self.value_usd is not None and self.limit_usd is not None:
            return self.value_usd > self.limit_usd
        return None if self.state == "unknown" else self.state != "inactive"


@dataclass(frozen=True, slots=True, kw_only=True)
class CostReport:
    """All of it. `by_model` and `by_mode` are the month's money, the most first; `per_analysis` goes by window.

    `listed_usd` is what the month's tokens cost by the configured prices, where the service counts money of its own.
    """

    seen: MonthSeen
    projection: Projection | None
    source: str
    time_zone: str
    budget_usd: float | None
    verdict: Verdict
    reason: Message
    rates_usd_per_day: Mapping[str, float]
    rule: RuleWord | None
    apart: tuple[Message, ...]
    by_model: Mapping[str, float]
    by_mode: Mapping[str, float]
    per_analysis: Mapping[str, float]
    cache: CacheUse | None
    listed_usd: float | None
    traffic: Traffic
    levers: tuple[LeverOutcome, ...]
    prices_as_of: str
    warnings: tuple[Message, ...]
