"""PromQL for money, tokens and counts of the bill, made of the counters that `[costs]` names.

`increase` counts on over restarts of an exporter (a counter that falls is taken for one that began anew), and does
not see what a series brought along when it appeared (Prometheus documentation, "Query functions", increase).
"""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from itertools import zip_longest
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from panels.costs.settings import CostsSettings, Counted, Price

By = Literal["", "model", "mode"]
TOKENS_PER_PRICE = 1e6


def amount(counters: Sequence[Counted], window: str, by: By = "") -> str:
    """What was counted in `window`, by a label; of several counters the first with data. Empty where none has the label."""
    asked = [counter for counter in counters if not by or _label(counter, by)]
    return " or on () ".join(_sum(counter, window, by) for counter in asked)


def spend(costs: CostsSettings, window: str, by: By = "") -> str:
    """The money (USD) spent in `window`: counted by the service, else tokens times prices. Empty where nobody can say."""
    if costs.spend:
        return amount(costs.spend, window, by)
    pairs = zip_longest(costs.input_tokens, costs.output_tokens)
    priced = [_priced(pair, costs.prices, window, by) for pair in pairs]
    return " or on () ".join(filter(None, priced))


def ordered(prices: Mapping[str, Price]) -> list[tuple[str, Price]]:
    """The prices, the most particular name first: the first that matches is in force."""
    return sorted(prices.items(), key=lambda item: ("*" in item[0], -len(item[0]), item[0]))


def price_of(model: str, prices: Mapping[str, Price]) -> Price | None:
    """What tokens of this model cost; None where nobody says."""
    return next((price for name, price in ordered(prices) if fnmatchcase(model, _glob(name))), None)


def _sum(counter: Counted, window: str, by: By, matcher: str = "") -> str:
    matchers = ",".join(filter(None, (counter.where, matcher)))
    increase = f"increase({counter.metric}{{{matchers}}}[{window}])"
    if not by:
        return f"sum({increase})"
    label = _label(counter, by)
    if label != by:
        increase = f'label_replace({increase}, "{by}", "$1", "{label}", "(.*)")'
    return f"sum by ({by}) ({increase})"


def _priced(
    pair: tuple[Counted | None, Counted | None], prices: Mapping[str, Price], window: str, by: By
) -> str:
    """The sum over both kinds of tokens and all prices; each term has a label of its own, or `or` would drop it."""
    terms: list[str] = []
    for kind, counter in zip(("input", "output"), pair, strict=True):
        if counter is None or (by and not _label(counter, by)):
            continue
        for matcher, price in _matchers(counter, prices):
            usd: float = getattr(price, kind) / TOKENS_PER_PRICE
            tokens = _sum(counter, window, by, matcher)
            terms.append(f'label_replace({usd!r} * {tokens}, "term", "{len(terms)}", "", "")')
    if not terms:
        return ""
    return f"sum{f' by ({by})' if by else ''} ({' or '.join(terms)})"


def _matchers(counter: Counted, prices: Mapping[str, Price]) -> list[tuple[str, Price]]:
    """Which series cost what: each price but those of more particular names; without a label the price of any model."""
    matchers, before = [], ""
    for name, price in ordered(prices):
        if not counter.model:
            if set(name) == {"*"}:
                matchers.append(("", price))
            continue
        pattern = ".*".join(re.escape(part).replace("\\", "\\\\") for part in name.split("*"))
        others = f',{counter.model}!~"{before}"' if before else ""
        matchers.append((f'{counter.model}=~"{pattern}"{others}', price))
        before = f"{before}|{pattern}" if before else pattern
    return matchers


def _label(counter: Counted, by: By) -> str:
    return counter.model if by == "model" else counter.mode


def _glob(name: str) -> str:
    """Only `*` is special."""
    return "".join(f"[{char}]" if char in "?[" else char for char in name)
