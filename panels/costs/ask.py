"""Asks everything that the cost desk shows, all at once; what is not answered is missing there, never zero."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING

from core.message import say
from core.text import clean
from core.units import quantity
from panels.costs.expressions import amount, price_of, spend
from panels.costs.levers import listed_cost, what_if
from panels.costs.month import MAX_AGE_S, look_at_month, value_of
from panels.costs.projection import RATES, judge_month, rates_per_s
from panels.costs.report import CostReport
from panels.costs.rule import apart, ask_rule
from panels.costs.traffic import CacheUse, Traffic
from panels.query_cache import QueryCache, history_s
from signals.reading import Answer, Verdict, server_warnings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.errors import SourceError
    from core.message import Message
    from panels.costs.month import MonthSeen
    from panels.costs.projection import Projection
    from panels.costs.settings import CostsSettings, Counted
    from signals.sources import Sources

DAY_S = 86_400.0


async def ask_costs(costs: CostsSettings, sources: Sources, now: float) -> CostReport:
    """The desk of `now` (Unix seconds)."""
    cache = QueryCache(sources.metrics)
    try:
        return await _ask(costs, sources, cache, now)
    finally:
        await cache.close()


async def _ask(costs: CostsSettings, sources: Sources, cache: QueryCache, now: float) -> CostReport:
    history = await history_s(sources, now)
    total = spend(costs, "$window")
    seen = await look_at_month(cache, total, now, costs.zone, history)
    asking = _Asking(costs, cache)
    window, month = _base_window(seen), seen.month.window
    rule = ask_rule(costs.rule, sources, cache) if costs.rule else _nothing()
    (traffic, by_model, by_mode, listed), (per_analysis, lookups, word) = await asyncio.gather(
        asyncio.gather(
            asking.traffic(window, seen.covered_s),
            asking.by("model", spend(costs, month, "model")),
            asking.by("mode", spend(costs, month, "mode")),
            asking.listed(month),
        ),
        asyncio.gather(asking.per_analysis(seen), asking.lookups(month, value_of(seen.spent)), rule),
    )
    if seen.month.is_young:  # as its sum, its parts are not known yet
        by_model, by_mode, lookups, listed = {}, {}, None, None
    projection = seen.projection
    budget = costs.monthly_budget_usd
    unpriced = [] if costs.spend else [m for m in traffic.models if price_of(m, costs.prices) is None]
    verdict, reason = _judged(costs, seen, budget, unpriced)
    rates = rates_per_s({name: value_of(each) for name, each in seen.by_window.items()}, seen.covered_s)
    return CostReport(
        seen=seen,
        projection=projection,
        source=seen.spent.source if isinstance(seen.spent, Answer) else sources.metrics.active,
        time_zone=costs.time_zone,
        budget_usd=budget,
        verdict=verdict,
        reason=reason,
        rates_usd_per_day={name: rate * DAY_S for name, rate in rates.items()},
        rule=word,
        apart=() if word is None else apart(word, projection, budget, short=seen.is_short),
        by_model=by_model,
        by_mode=by_mode,
        per_analysis=per_analysis,
        cache=lookups,
        listed_usd=listed,
        traffic=traffic,
        levers=what_if(costs.levers, traffic, None if seen.is_short else projection),
        prices_as_of=clean(costs.prices_as_of, 200),
        warnings=(*_warnings(seen, unpriced, sources), *asking.warnings),
    )


class _Asking:
    """The questions beside the month, with what the sources say of their answers."""

    def __init__(self, costs: CostsSettings, cache: QueryCache) -> None:
        self._costs, self._cache = costs, cache
        self._answers: list[Answer | SourceError] = []

    @property
    def warnings(self) -> tuple[Message, ...]:
        """Of all answers so far."""
        return server_warnings(*self._answers)

    async def by(self, label: str, expr: str) -> dict[str, float]:
        """Values by a label, the largest first; nothing where nobody knows that label."""
        answer = await self._query(expr)
        if not isinstance(answer, Answer):
            return {}
        values = {dict(series.labels).get(label, ""): series.values[-1] for series in answer.series}
        known = {clean(name, 80): value for name, value in values.items() if not math.isnan(value)}
        return dict(sorted(known.items(), key=lambda item: -item[1]))

    async def count(self, counters: Sequence[Counted], window: str) -> float | None:
        """How often; None where nobody counts."""
        value = value_of(await self._query(amount(counters, window)))
        return None if math.isnan(value) else value

    async def traffic(self, window: str, covered_s: float | None) -> Traffic:
        """What was asked of the models in a window, of which no more than `covered_s` was seen."""
        costs = self._costs
        seen_s = covered_s if covered_s is not None and covered_s < RATES[window] else None
        tokens_in, tokens_out, usd, cache = await asyncio.gather(
            self._tokens(costs.input_tokens, window),
            self._tokens(costs.output_tokens, window),
            self.by("model", spend(costs, window, "model")),
            self.lookups(window, None),
        )
        return Traffic(
            window=window,
            seen_s=seen_s,
            input=tokens_in,
            output=tokens_out,
            usd=usd,
            prices=costs.prices,
            cache=cache,
        )

    async def lookups(self, window: str, usd: float | None) -> CacheUse | None:
        """Hits and misses, and what the hits would have cost; None where nobody counts, or nobody looked."""
        costs = self._costs
        hits, misses = await asyncio.gather(
            self.count(costs.cache_hits, window), self.count(costs.cache_misses, window)
        )
        if hits is None and misses is None:
            return None
        hits, misses = hits or 0.0, misses or 0.0
        if not hits + misses > 0:
            return None
        known = usd is not None and not math.isnan(usd) and misses > 0
        return CacheUse(hits, misses, hits * usd / misses if known and usd is not None else None)

    async def per_analysis(self, seen: MonthSeen) -> dict[str, float]:
        """What one costs, by window; a window without one is left out."""
        windows = {"1h": seen.by_window["1h"], "1d": seen.by_window["1d"], "month": seen.spent}
        counts = await asyncio.gather(
            *(
                self.count(self._costs.analyses, seen.month.window if window == "month" else window)
                for window in windows
            )
        )
        each = {
            window: value_of(money) / count
            for (window, money), count in zip(windows.items(), counts, strict=True)
            if count and not (window == "month" and seen.month.is_young)
        }
        return {window: usd for window, usd in each.items() if not math.isnan(usd)}

    async def listed(self, window: str) -> float | None:
        """The tokens at their prices, where the service counts money of its own; None where a price is missing."""
        costs = self._costs
        if not costs.spend or not costs.prices:
            return None
        tokens_in, tokens_out = await asyncio.gather(
            self._tokens(costs.input_tokens, window), self._tokens(costs.output_tokens, window)
        )
        whole = 0.0
        for model in {*tokens_in, *tokens_out}:
            price = price_of(model, costs.prices)
            if price is None:
                return None
            whole += listed_cost(tokens_in.get(model, 0.0), tokens_out.get(model, 0.0), price)
        return whole if tokens_in or tokens_out else None

    async def _tokens(self, counters: Sequence[Counted], window: str) -> dict[str, float]:
        """By model; where none is named, of all under no name."""
        if any(counter.model for counter in counters):
            return await self.by("model", amount(counters, window, "model"))
        whole = await self.count(counters, window)
        return {} if whole is None else {"": whole}

    async def _query(self, expr: str) -> Answer | SourceError | None:
        if not expr:
            return None
        answer = await self._cache.query(expr, MAX_AGE_S)
        self._answers.append(answer)
        return answer


async def _nothing() -> None:
    """No rule is named."""


def _base_window(seen: MonthSeen) -> str:
    """The longest window that was seen whole: what-ifs start from it."""
    covered_s = math.inf if seen.covered_s is None else seen.covered_s
    return next((name for name, span in reversed(RATES.items()) if span <= covered_s), "1h")


def _judged(
    costs: CostsSettings, seen: MonthSeen, budget: float | None, unpriced: list[str]
) -> tuple[Verdict, Message]:
    projection = seen.projection
    if not costs.is_known:
        return Verdict.UNKNOWN, say("costs.not_configured")
    if not isinstance(seen.spent, Answer):
        return Verdict.UNKNOWN, seen.spent.message
    if projection is None:
        return Verdict.UNKNOWN, say("costs.nothing_counted")
    return _judged_month(projection, seen, budget, unpriced)


def _judged_month(
    projection: Projection, seen: MonthSeen, budget: float | None, unpriced: list[str]
) -> tuple[Verdict, Message]:
    verdict, key = judge_month(projection, math.inf if budget is None else budget, short=seen.is_short)
    if verdict is Verdict.OK and seen.is_short:
        return Verdict.UNKNOWN, say("costs.too_short", span=quantity(seen.covered_s or 0.0, "s"))
    if verdict is Verdict.OK and unpriced:
        return Verdict.UNKNOWN, say("costs.unpriced", models=", ".join(unpriced[:3]))
    spent = say("panels.month_young") if projection.spent is None else quantity(projection.spent, "usd")
    low, high = quantity(projection.low, "usd"), quantity(projection.high, "usd")
    if budget is None:
        return verdict, say("costs.no_budget", low=low, high=high)
    values = {"spent": spent, "low": low, "high": high, "limit": quantity(budget, "usd")}
    return verdict, say(key, **values, seen="") if key else say("costs.within", **values)


def _warnings(seen: MonthSeen, unpriced: list[str], sources: Sources) -> tuple[Message, ...]:
    """What is to be known of the figures."""
    words: list[Message] = []
    metrics = sources.metrics
    if metrics.active != metrics.preferred:
        words.append(say("panels.fallback", source=metrics.active, preferred=metrics.preferred))
    if unpriced:
        words.append(say("costs.unpriced", models=", ".join(unpriced[:3])))
    if seen.covered_s is not None and seen.covered_s < seen.month.elapsed_s:
        spans = {"span": quantity(seen.covered_s, "s"), "month": quantity(seen.month.elapsed_s, "s")}
        words.append(say("costs.unseen", **spans))
    if seen.gaps_s:
        words.append(say("costs.gaps", span=quantity(seen.gaps_s, "s")))
    return (*words, *server_warnings(seen.spent, *seen.by_window.values()))
