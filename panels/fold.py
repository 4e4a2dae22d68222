"""What each part of an evaluation contributes to a panel, and the one pure fold that makes the panel of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING

from core.message import say
from panels.limits import worst
from panels.naming import panel_title
from panels.state import PanelState
from signals.reading import Freshness, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from core.errors import SourceError
    from core.message import Message
    from panels.spec import PanelSpec
    from panels.state import Chart, Part, Row, Standing
    from signals.alerts.model import Alerts
    from signals.reading import Reading, Series


@dataclass(frozen=True, slots=True, kw_only=True)
class Contribution:
    """What the judgement of one query, the projection of a chart, or one enricher says of a panel.

    `verdict` is a candidate with its `reason`; None leaves the verdict to the others. `query` names the query that is
    judged here.
    """

    verdict: Verdict | None = None
    reason: Message | None = None
    parts: tuple[Part, ...] = ()
    rows: tuple[Row, ...] = ()
    readings: tuple[Reading, ...] = ()
    charts: tuple[Chart, ...] = ()
    trend: Series | None = None
    standing: tuple[Standing, ...] = ()
    warnings: tuple[Message, ...] = ()
    alerts: Alerts | None = None
    stand_in: str = ""
    """The source of metrics that answers in place of the first one."""
    query: str = ""
    rows_first: bool = False
    """These rows stand before those of the queries."""
    replaces_rows_of: frozenset[str] = frozenset()
    """Queries of which these rows say more than the judgement's own."""
    replaces_parts_of: frozenset[str] = frozenset()
    """The same for the pieces of the panel's line."""
    replaces_all_of: frozenset[str] = frozenset()
    """Queries whose value is measured here, too, and more freshly: all but their readings is left out."""
    instead_of_metrics: Callable[[Message], Message] | None = None
    """Set where this alone is judged, because the metrics have no answer: says so of the reason for their silence."""


def unavailable(error: SourceError) -> Contribution:
    """A source that does not answer: the panel is no better than unknown, and says so once."""
    return Contribution(verdict=Verdict.UNKNOWN, reason=error.message, warnings=(error.message,))


def merge(contributions: Sequence[Contribution]) -> Contribution:
    """All in one, in their order. The first of those with the worst verdict gives its reason."""
    verdicts = [piece.verdict for piece in contributions if piece.verdict is not None]
    verdict = worst(verdicts) if verdicts else None
    return Contribution(
        verdict=verdict,
        reason=next((piece.reason for piece in contributions if piece.verdict is verdict), None),
        parts=tuple(chain.from_iterable(piece.parts for piece in contributions)),
        rows=tuple(chain.from_iterable(piece.rows for piece in contributions)),
        readings=tuple(chain.from_iterable(piece.readings for piece in contributions)),
        charts=tuple(chain.from_iterable(piece.charts for piece in contributions)),
        trend=next((piece.trend for piece in contributions if piece.trend is not None), None),
        standing=tuple(chain.from_iterable(piece.standing for piece in contributions)),
        warnings=tuple(chain.from_iterable(piece.warnings for piece in contributions)),
        alerts=next((piece.alerts for piece in contributions if piece.alerts is not None), None),
        stand_in=next((piece.stand_in for piece in contributions if piece.stand_in), ""),
    )


def fold(
    spec: PanelSpec, at: float, judged: Sequence[Contribution], enriched: Sequence[Contribution] = ()
) -> PanelState:
    """The panel: what its queries say (`judged`), then what the enrichers say, in the order of their ids.

    The worst verdict wins with its reason; of equal ones the first. Parts keep their ranks, by which the line is drawn.
    """
    judged = _without_replaced(judged, enriched)
    first = [piece for piece in enriched if piece.rows_first]
    whole = merge([*judged, *enriched])
    verdict = Verdict.UNKNOWN if whole.verdict is None else whole.verdict
    calm = say("panels.nothing_asked" if whole.verdict is None else "panels.within_limits")
    reason = calm if whole.reason is None else whole.reason
    asked = merge(judged).readings or whole.readings
    return PanelState(
        id=spec.id,
        title=panel_title(spec),
        verdict=verdict,
        reason=reason,
        parts=whole.parts,
        rows=merge([*first, *judged, *(piece for piece in enriched if not piece.rows_first)]).rows,
        charts=whole.charts,
        readings=whole.readings,
        trend=whole.trend,
        at=at,
        interval_s=spec.interval_s,
        freshness=Freshness.LIVE if any(reading.value is not None for reading in asked) else Freshness.NONE,
        shape="list" if spec.kind == "alerts" else "metric",
        runbook=spec.runbook,
        links=tuple(spec.links.items()),
        warnings=_once(warning for warning in whole.warnings if warning != reason),
        standing=whole.standing,
        alerts=whole.alerts,
        stand_in=whole.stand_in,
    )


def _once(messages: Iterable[Message]) -> tuple[Message, ...]:
    unique: list[Message] = []
    for message in messages:
        if message not in unique:
            unique.append(message)
    return tuple(unique)


def _without_replaced(judged: Sequence[Contribution], enriched: Iterable[Contribution]) -> list[Contribution]:
    """What the queries say, as far as no enricher says more of it."""
    for piece in enriched:
        if piece.instead_of_metrics is not None:
            silence = merge(judged)
            why = (piece.instead_of_metrics(silence.reason),) if silence.reason is not None else ()
            return [Contribution(warnings=(*silence.warnings, *why), stand_in=silence.stand_in)]
        judged = [
            Contribution(query=judgement.query, readings=judgement.readings, warnings=judgement.warnings)
            if judgement.query and judgement.query in piece.replaces_all_of
            else replace(
                judgement,
                rows=() if judgement.query in piece.replaces_rows_of else judgement.rows,
                parts=() if judgement.query in piece.replaces_parts_of else judgement.parts,
            )
            for judgement in judged
        ]
    return list(judged)
