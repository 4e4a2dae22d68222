"""Why an expression answers nothing, where that is no good news: what it asks for is gone, or nobody ever exported it."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from core.errors import SourceError
from core.message import say
from core.units import quantity
from signals.reading import server_warnings, with_warnings

if TYPE_CHECKING:
    from core.message import Message
    from signals.metrics.promql.names import Selector
    from signals.reading import Answer
    from signals.sources import Sources

ALERT_SERIES = frozenset({"ALERTS", "ALERTS_FOR_STATE"})
"""Prometheus' own series of active alerts: where there are none, nothing is wrong."""
TARGET_LABELS = ("job", "instance")


async def why_silent(answer: Answer, sources: Sources, now: float) -> Message | None:
    """The metric that is missing and since when, or the target that is not scraped. None: nothing speaks against it."""
    expr = answer.expr
    from signals.metrics.promql.names import metric_names, needs
    from signals.metrics.scrape import SCRAPE_METRICS

    try:
        queried = metric_names(expr) - ALERT_SERIES
        known = await sources.metrics.metric_names()
        if known <= set(SCRAPE_METRICS):  # no target answers: that says nothing of this metric
            return say("measure.no_metrics", source=sources.metrics.name)
        for metric in sorted(queried):
            if metric not in known and not await sources.metrics.has_had(metric):
                never = _never(metric, known, await sources.metrics.watched_s(now))
                warned = server_warnings(answer)  # which stand behind the result already
                return with_warnings(never, [text for text in server_warnings(known) if text not in warned])
            if (gone := await _gone(metric, sources, now, silent=metric not in known)) is not None:
                return gone
        for selector in needs(expr).selectors():
            if (untargeted := await _not_scraped(selector, sources)) is not None:
                return untargeted
    except SourceError as error:
        return error.message
    return None


def _never(metric: str, known: frozenset[str], watched_s: float | None) -> Message:
    """What a source has not had that knows an hour may well have been there the day before, or come in a moment."""
    from signals.metrics.model import NEVER_S

    near = get_close_matches(metric, known, n=1)
    if watched_s is not None and watched_s < NEVER_S:
        key = "measure.not_exported_near" if near else "measure.not_exported"
        return say(key, metric=metric, span=quantity(watched_s, "s"), near="".join(near))
    if near:
        return say("measure.no_metric_near", metric=metric, near=near[0])
    return say("measure.no_metric", metric=metric)


async def _gone(metric: str, sources: Sources, now: float, *, silent: bool) -> Message | None:
    """Since when it is gone. One that comes with its first event is not, while its exporter answers: it was started anew."""
    from signals.metrics.last_seen import last_seen

    if not silent and (await sources.metrics.query(f"count({metric})")).series:
        return None
    last = await last_seen(metric, sources.metrics.query_range, now)
    if last.at is None:
        return say("measure.gone_sometime", metric=metric)
    if not silent:
        for exporter in (await sources.metrics.query("up == 1")).series:
            labels = dict(exporter.labels)
            if (labels.get("job", ""), labels.get("instance", "")) == (last.job, last.instance):
                return None
    return say("measure.gone", metric=metric, ago=quantity(now - last.at, "s"))


async def _not_scraped(selector: Selector, sources: Sources) -> Message | None:
    """That nothing of a target is wrong says nothing where no such target is scraped."""
    from signals.metrics.promql.names import Selector

    wanted = tuple(matcher for matcher in selector.matchers if matcher[0] in TARGET_LABELS)
    if not wanted:
        return None
    for name, matchers in ((selector.name, wanted), ("up", wanted)):
        asked = Selector(name, matchers, ranged=False)
        if (await sources.metrics.query(f"count({asked.text()})")).series:
            return None
    if not (await sources.metrics.query("count(up)")).series:  # it came in on another way
        return None
    target = Selector("up", wanted, ranged=False).text().removeprefix("up")
    return say("measure.no_target", target=target)
