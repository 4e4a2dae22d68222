"""Whether a rule can be judged by what is scraped here: silence about what nobody scrapes is no good news.

A Prometheus scrapes a whole system, Warroom in its place only some targets of it: there `absent(up{job="…"})` holds for
all others, and `up{job="…"} == 0` for none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import promql_parser as grammar

from core.message import say
from signals.metrics.promql.names import Selector, needs
from signals.metrics.promql.parse import parse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from core.message import Message
    from signals.metrics.model import MetricSource

TARGET_LABELS = ("job", "instance")
_ABSENT = ("absent", "absent_over_time")
_CHILDREN = ("expr", "lhs", "rhs", "param", "vector_selector")


async def out_of_sight(expr: str, source: MetricSource, now: float) -> Message | None:
    """What the rule asks about that is not scraped here; None where it can be judged. Raises a `SourceError`."""
    wanted_absent = tuple(_wanted_absent(parse(expr)))
    for selector in (*needs(expr).selectors(), *wanted_absent):
        matchers = tuple(matcher for matcher in selector.matchers if matcher[0] in TARGET_LABELS)
        if matchers and not await _is_scraped(matchers, source, now):
            target = Selector("", matchers, ranged=False).text()
            return say("rules.not_scraped", target=target)
    if wanted_absent:
        known = await source.metric_names()
        for selector in wanted_absent:
            if selector.name not in known:
                return say("rules.never_scraped", metric=selector.name)
    return None


async def _is_scraped(matchers: tuple[tuple[str, str, str], ...], source: MetricSource, now: float) -> bool:
    """By a target's own `up`, or by what a page says of others, as one of a federation does."""
    for name in ("up", ""):
        answer = await source.query(f"count({Selector(name, matchers, ranged=False).text()})", now)
        if answer.series:
            return True
    return False


def _wanted_absent(node: Any) -> Iterator[Selector]:
    """The selectors inside `absent`."""
    if isinstance(node, grammar.Call) and node.func.name in _ABSENT:
        for argument in node.args:
            yield from needs(str(argument)).selectors()
        return
    for child in (*(getattr(node, name, None) for name in _CHILDREN), *(getattr(node, "args", None) or ())):
        if child is not None and not isinstance(child, str | float):
            yield from _wanted_absent(child)
