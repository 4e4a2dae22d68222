"""What if: the four levers of the manual, each as the share of the money still to be spent that it would save.

All start from what was measured: with the money w of each model (counted, else tokens times prices; shares of the whole),
its tokens at their prices c = in + out, and lookups that hit with the share h,

    prompts   cut x in / c                        summed over the models with w
    model     share x (1 - c at the new price / c)  likewise
    cache     (h' - h) / (1 - h)                   for each miss pays, and no hit does
    rules     share + (1 - share) x (1 - context) x in / c

This is arithmetic on today's mix, not a forecast of how people change; each outcome states what it takes for granted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from pydantic import ValidationError

from core.errors import ConfigError
from core.message import say
from core.text import clean
from core.units import quantity, threshold
from panels.costs.expressions import TOKENS_PER_PRICE, price_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from core.message import Message
    from panels.costs.projection import Projection
    from panels.costs.settings import Lever, Levers, Price
    from panels.costs.traffic import Traffic

LeverId = Literal["prompts", "cache", "model", "rules"]
LEVERS: tuple[LeverId, ...] = get_args(LeverId)


@dataclass(frozen=True, slots=True)
class Knob:
    """An assumption that can be turned: its name in `[costs.levers.…]` and its value, a share or a name."""

    name: str
    value: float | str


@dataclass(frozen=True, slots=True, kw_only=True)
class LeverOutcome:
    """A lever and what it is worth. `saved` is the share of what is still to be spent; `low` and `high` are the month then.

    None is not known, and `unknown` says why. `action` with its `parameters` pulls it; empty where nothing does.
    """

    id: LeverId
    knobs: tuple[Knob, ...]
    saved: float | None = None
    low: float | None = None
    high: float | None = None
    unknown: Message | None = None
    assumptions: tuple[Message, ...] = ()
    action: str = ""
    parameters: Mapping[str, str]


def what_if(levers: Levers, traffic: Traffic, projection: Projection | None) -> tuple[LeverOutcome, ...]:
    """Each of the levers for itself."""
    return tuple(_outcome(name, levers, traffic, projection) for name in LEVERS)


def together(outcomes: Iterable[LeverOutcome]) -> float | None:
    """The share that several save, one after the other on what is left; None where one of them is not known."""
    left = 1.0
    for outcome in outcomes:
        if outcome.saved is None:
            return None
        left *= 1 - outcome.saved
    return 1 - left


def turned(levers: Levers, knobs: Mapping[str, str]) -> Levers:
    """The levers with other assumptions, such as `prompts.cut` of `30%`; raises `ConfigError` for what none of them has."""
    changes: dict[str, dict[str, object]] = {}
    for name, text in knobs.items():
        lever, _, knob = name.partition(".")
        known = [
            f"{each}.{each_knob.name}" for each in LEVERS for each_knob in knobs_of(getattr(levers, each))
        ]
        if name not in known:
            raise ConfigError(say("costs.no_knob", name=clean(name, 80), known=", ".join(known)))
        changes.setdefault(lever, {})[knob] = _number(text)
    try:
        turned_ = {
            lever: type(old).model_validate({**old.model_dump(exclude_unset=True), **change})
            for lever, change in changes.items()
            for old in (getattr(levers, lever),)
        }
    except ValidationError as error:
        (first, *_) = error.errors()
        where = ".".join(str(part) for part in first["loc"])
        raise ConfigError(say("costs.bad_knob", name=where)) from error
    return levers.model_copy(update=turned_)


def knobs_of(lever: Lever) -> tuple[Knob, ...]:
    """Its assumptions; what pulls it is none."""
    names = [name for name in type(lever).model_fields if name not in ("action", "parameters")]
    return tuple(Knob(name, getattr(lever, name)) for name in names)


def listed_cost(tokens_in: float, tokens_out: float, price: Price) -> float:
    """What these tokens cost (USD)."""
    return (tokens_in * price.input + tokens_out * price.output) / TOKENS_PER_PRICE


def share_text(share: float) -> Message:
    """To a tenth of a percent: the rest is noise."""
    return threshold(round(share, 3), "ratio")


def _number(text: str) -> object:
    """Percent are hundredths; what is no number is a name."""
    try:
        return float(text[:-1]) / 100 if text.endswith("%") else float(text)
    except ValueError:
        return clean(text, 200)


def _outcome(name: LeverId, levers: Levers, traffic: Traffic, projection: Projection | None) -> LeverOutcome:
    lever: Lever = getattr(levers, name)
    saved, remarks = _SAVED[name](levers, traffic)
    unknown = saved if not isinstance(saved, float) else None
    share = saved if isinstance(saved, float) else None
    low = high = None
    if projection is not None and share is not None:
        low = projection.low - share * projection.ahead_low
        high = projection.high - share * projection.ahead_high
    since = say("costs.assume_traffic", window=traffic.window)
    if traffic.seen_s is not None:
        since = say("costs.assume_traffic_short", span=quantity(traffic.seen_s, "s"))
    return LeverOutcome(
        id=name,
        knobs=knobs_of(lever),
        saved=share,
        low=low,
        high=high,
        unknown=unknown,
        assumptions=(since, *remarks),
        action=lever.action,
        parameters=lever.parameters,
    )


Saved = tuple["float | Message", "tuple[Message, ...]"]


@dataclass(frozen=True, slots=True)
class _Priced:
    """A model's share of the money, its tokens and their price."""

    model: str
    weight: float
    input: float
    output: float
    price: Price

    @property
    def cost(self) -> float:
        return listed_cost(self.input, self.output, self.price)

    @property
    def input_share(self) -> float:
        return listed_cost(self.input, 0, self.price) / self.cost


def _priced(traffic: Traffic) -> tuple[list[_Priced], tuple[Message, ...]]:
    """The models whose tokens cost something by the prices; and which do not."""
    known = []
    for model in traffic.models:
        price = price_of(model, traffic.prices)
        tokens_in, tokens_out = traffic.input.get(model, 0.0), traffic.output.get(model, 0.0)
        if price is not None and listed_cost(tokens_in, tokens_out, price) > 0:
            known.append((model, tokens_in, tokens_out, price))
    money = traffic.usd
    whole = sum(money.values())
    if not whole > 0:
        money = {model: listed_cost(i, o, price) for model, i, o, price in known}
        whole = sum(money.values())
    priced = [_Priced(model, money.get(model, 0.0) / whole, i, o, price) for model, i, o, price in known]
    rest = 1 - sum(each.weight for each in priced)
    remarks = [say("costs.assume_prices")]
    if priced and rest > 0.005:
        remarks.append(say("costs.assume_unpriced", share=share_text(rest)))
    return priced, tuple(remarks)


def _by_prompts(levers: Levers, traffic: Traffic) -> Saved:
    priced, remarks = _priced(traffic)
    if not priced:
        return _no_tokens(traffic), ()
    input_share = sum(each.weight * each.input_share for each in priced)
    shares = {"cut": share_text(levers.prompts.cut), "share": share_text(input_share)}
    return levers.prompts.cut * input_share, (say("costs.assume_prompts", **shares), *remarks)


def _by_cache(levers: Levers, traffic: Traffic) -> Saved:
    cache = traffic.cache
    if cache is None:
        return say("costs.no_lookups"), ()
    if not cache.misses > 0:
        return say("costs.no_misses"), ()
    saved = (levers.cache.hits - cache.ratio) / (1 - cache.ratio)
    shares = {"now": share_text(cache.ratio), "then": share_text(levers.cache.hits)}
    return saved, (say("costs.assume_cache", **shares), say("costs.assume_cache_cost"))


def _by_model(levers: Levers, traffic: Traffic) -> Saved:
    priced, remarks = _priced(traffic)
    if not priced:
        return _no_tokens(traffic), ()
    to = levers.model.to or _cheapest(priced, traffic.prices)
    if not to:
        return say("costs.no_other_model"), ()
    price = price_of(to, traffic.prices)
    if price is None:
        return say("costs.no_price", model=clean(to, 80)), ()
    saved = sum(
        each.weight * (1 - listed_cost(each.input, each.output, price) / each.cost)
        for each in priced
        if each.model != to
    )
    share = share_text(levers.model.share)
    return levers.model.share * saved, (say("costs.assume_model", model=clean(to, 80), share=share), *remarks)


def _by_rules(levers: Levers, traffic: Traffic) -> Saved:
    rules = levers.rules
    share = {"share": share_text(rules.share), "context": share_text(rules.context)}
    if rules.context == 1:
        return rules.share, (say("costs.assume_rules", **share),)
    priced, remarks = _priced(traffic)
    if not priced:
        return _no_tokens(traffic), ()
    input_share = sum(each.weight * each.input_share for each in priced)
    saved = rules.share + (1 - rules.share) * (1 - rules.context) * input_share
    return saved, (say("costs.assume_rules_context", **share), *remarks)


def _no_tokens(traffic: Traffic) -> Message:
    """Why nothing can be said by tokens and prices."""
    if not traffic.models:
        return say("costs.no_tokens", window=traffic.window)
    return say("costs.no_prices", models=", ".join(clean(model, 40) or "-" for model in traffic.models[:3]))


def _cheapest(priced: list[_Priced], prices: Mapping[str, Price]) -> str:
    """The model that would cost least for these tokens, of those that have a name; empty where there is none."""
    named = [name for name in prices if "*" not in name]
    return min(
        named, key=lambda name: sum(listed_cost(e.input, e.output, prices[name]) for e in priced), default=""
    )


_SAVED = {"prompts": _by_prompts, "cache": _by_cache, "model": _by_model, "rules": _by_rules}
