"""What the alert rule on the month says, asked of the one who evaluates it, and why its word may be another than ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.errors import SourceError
from core.message import say
from core.text import clean
from core.units import quantity
from panels.costs.month import value_of
from panels.costs.report import RuleWord

if TYPE_CHECKING:
    from core.message import Message
    from panels.costs.projection import Projection
    from panels.costs.report import RuleState
    from panels.query_cache import QueryCache
    from signals.alerts.model import Alert, AlertRule
    from signals.sources import Sources


async def ask_rule(name: str, sources: Sources, cache: QueryCache) -> RuleWord:
    """Its state, its number and its limit. Where it does not fire, its own expression is asked for the number."""
    if sources.alerts is None:
        return RuleWord(name=name, problem=say("costs.rule_nobody"))
    try:
        source, rules = await sources.alerts.rules()
        rule = next((rule for rule in rules if rule.name == name), None)
        if rule is None:
            return RuleWord(name=name, source=source, problem=say("costs.rule_missing", source=source))
        alerts = await sources.alerts.alerts()
    except SourceError as error:
        return RuleWord(name=name, problem=error.message)
    active = next((alert for alert in alerts.alerts if alert.name == name), None)
    return await _word(rule, active, source, cache)


async def _word(rule: AlertRule, active: Alert | None, source: str, cache: QueryCache) -> RuleWord:
    from repolint.facts.prometheus.promql import comparisons, tree  # the grammar, which no board needs

    if rule.error:
        problem = say("costs.rule_broken", source=source, detail=clean(rule.error))
        return RuleWord(name=rule.name, source=source, expr=clean(rule.expr), problem=problem)
    if not rule.evaluated:
        problem = say("costs.rule_unevaluated", source=source)
        return RuleWord(name=rule.name, source=source, expr=clean(rule.expr), problem=problem)
    node = tree(rule.expr)
    compared = comparisons(node) if node is not None else []
    single = compared[0] if len(compared) == 1 and compared[0].operator in (">", ">=") else None
    value = active.value if active is not None else None
    if value is None and single is not None:
        number = value_of(await cache.query(str(single.node)))
        value = None if number != number else number  # noqa: PLR0124  # NaN: nothing was counted
    return RuleWord(
        name=rule.name,
        state=_state(active),
        value_usd=value,
        limit_usd=single.value if single is not None else None,
        source=source,
        expr=clean(rule.expr),
        since=active.since if active is not None else None,
    )


def _state(active: Alert | None) -> RuleState:
    """A silenced alert fires, too: nobody is told of it, that is all."""
    if active is None:
        return "inactive"
    return "firing" if active.state.fires else "pending"


def apart(
    rule: RuleWord, projection: Projection | None, budget_usd: float | None, *, short: bool
) -> tuple[Message, ...]:
    """In which way the rule's word is another than ours; empty where both say the same, or one says nothing."""
    if budget_usd is None:
        return ()
    words = []
    if rule.limit_usd is not None and abs(rule.limit_usd - budget_usd) > 0.005:
        limits = {"limit": quantity(rule.limit_usd, "usd"), "budget": quantity(budget_usd, "usd")}
        words.append(say("costs.apart_limit", **limits))
    if projection is None or short or rule.exceeds is None:
        return tuple(words)
    ours = projection.high > budget_usd
    if rule.exceeds and not ours:
        words.append(say("costs.apart_rule_over"))
    elif ours and not rule.exceeds:
        words.append(say("costs.apart_we_over"))
    return tuple(words)
