"""One evaluation of one panel: its queries and its enrichers are asked at once, judged, and folded into its state."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING

from core.errors import SourceError
from core.message import say
from core.units import quantity
from panels.enrich.registry import PanelContext, enrichers
from panels.fetch import fetch, with_histories
from panels.fold import Contribution, fold, unavailable
from panels.judge import judge, queries_to_draw
from panels.naming import coarse_age
from panels.projection import project
from panels.query_cache import history_s
from panels.state import BOARD_SPAN_S, Row
from signals.reading import Verdict

if TYPE_CHECKING:
    from actions.releases.scripts import ReleaseSchemas
    from core.message import Message
    from panels.enrich.registry import Enricher
    from panels.query_cache import QueryCache
    from panels.spec import PanelSpec
    from panels.state import PanelState
    from signals.metrics.failover import MetricFailover
    from signals.sources import Sources

LONGEST_SHORT_WINDOW_S = 600.0
"""The longest of the short windows: from then on only the hour-long windows are not yet whole."""


async def evaluate(
    spec: PanelSpec,
    sources: Sources,
    cache: QueryCache,
    span_s: float = BOARD_SPAN_S,
    schemas: ReleaseSchemas | None = None,
) -> PanelState:
    """Ask and judge one panel; whatever breaks in it becomes its state. `span_s` is how long a past is drawn."""
    now = time.time()
    history = asyncio.ensure_future(history_s(sources, now))
    context = PanelContext(spec=spec, sources=sources, cache=cache, now=now, history=history, schemas=schemas)
    try:
        judged, enriched = await asyncio.gather(_judged(context, span_s), _enriched(context))
    except Exception as error:  # one panel must not take the others down
        logging.getLogger("warroom.panels").exception("panel %s", spec.id)
        reason = say("panels.crashed", error=type(error).__name__)
        judged, enriched = [Contribution(verdict=Verdict.UNKNOWN, reason=reason)], []
    finally:
        history.cancel()
    return fold(spec, now, judged, enriched)


async def _judged(context: PanelContext, span_s: float) -> list[Contribution]:
    """What the panel's own queries say, and what their past says about the future."""
    spec = context.spec.asking()
    if not spec.queries:
        return []
    answers = await fetch(spec, context.cache, context.now)
    drawn = queries_to_draw(spec, answers)
    answers = await with_histories(answers, drawn, context.cache, context.now, span_s)
    projected = [project(query, answers, context.now, span_s) for query in drawn]
    young = Contribution(warnings=_young(await context.history))
    return [*judge(spec, answers), *projected, _stand_in(context.sources.metrics), young]


async def _enriched(context: PanelContext) -> list[Contribution]:
    """What every enricher says that the panel has, all asked at once."""
    applying = [enricher for enricher in enrichers() if enricher.applies(context.spec)]
    return await asyncio.gather(*(_contribution(enricher, context) for enricher in applying))


async def _contribution(enricher: Enricher, context: PanelContext) -> Contribution:
    """What one enricher says; one that breaks is an unknown row of its own."""
    try:
        return await enricher.enrich(context)
    except SourceError as error:
        return unavailable(error)
    except Exception as error:  # the rest of the panel goes on
        logging.getLogger("warroom.panels").exception("enricher %s of panel %s", enricher.id, context.spec.id)
        reason = say("panels.enricher_crashed", name=enricher.id, error=type(error).__name__)
        return Contribution(verdict=Verdict.UNKNOWN, reason=reason, rows=(Row((reason,), Verdict.UNKNOWN),))


def _stand_in(metrics: MetricFailover) -> Contribution:
    """Another source than the first answers: its history is another one, and that is said as long as it is so."""
    if metrics.active == metrics.preferred:
        return Contribution()
    warning = say("panels.fallback", source=metrics.active, preferred=metrics.preferred)
    return Contribution(warnings=(warning,), stand_in=metrics.active)


def _young(covered_s: float) -> tuple[Message, ...]:
    """A source that has just begun knows less than the windows ask for: rates are then too low."""
    if not 0 < covered_s < LONGEST_SHORT_WINDOW_S:
        return ()
    return (say("panels.young", span=quantity(coarse_age(covered_s), "s")),)
