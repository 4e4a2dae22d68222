"""From answers to a verdict: pure, so that every limit has a row in a table of tests."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from core.errors import SourceError
from core.message import say
from core.units import quantity, threshold
from panels.limits import (
    exceeded_bound,
    judge_share,
    judge_value,
    observation_count,
    share_interval,
    worst,
)
from panels.naming import display_name, panel_title, series_display_name, series_name
from panels.projection import badness, chart, trend_parts
from panels.state import PanelState, Part, Row, Standing
from signals.reading import Answer, Freshness, Reading, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.message import Message
    from panels.limits import Share
    from panels.spec import PanelSpec, QuerySpec
    from signals.reading import Series

OVER = (Verdict.WARN, Verdict.BURNING)
MAX_PARTS = 3
"""Series of one query that get a place on the panel's line."""


@dataclass(slots=True)
class _Found:
    """What the queries say, one after the other."""

    verdicts: list[Verdict] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    readings: list[Reading] = field(default_factory=list)
    reasons: list[tuple[Verdict, Message]] = field(default_factory=list)
    standing: list[Standing] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Beside:
    """What is known beside a query's own answer."""

    buckets: Answer | None
    trials: Mapping[tuple[tuple[str, str], ...], float] | None
    whole: float  # of which the series are parts; NaN without one


def judge_metric(
    spec: PanelSpec,
    answers: Mapping[str, Answer | SourceError],
    why: Mapping[str, Message],
    history: Answer | None,
    now: float,
    *,
    buckets: Mapping[str, Answer | SourceError] | None = None,
    trials: Mapping[str, Answer | SourceError] | None = None,
) -> PanelState:
    """A panel of queries. A query without an answer is unknown, and says why.

    All mappings go by the query's name: `why` tells of those that have no series (`panels.no_data.diagnosis`), `buckets` are
    those of quantiles, `trials` count what ratios are of. `history` is the charted query over time.
    """
    found = _Found()
    for query in spec.queries:
        answer = answers.get(query.name)
        if not isinstance(answer, Answer) or not answer.series:
            _missing(found, query, answer, why)
            continue
        own_buckets = (buckets or {}).get(query.name)
        whole = answers.get(query.share_of)
        beside = _Beside(
            own_buckets if isinstance(own_buckets, Answer) else None,
            _trials((trials or {}).get(query.name)) if query.trials else None,
            math.fsum(one.values[-1] for one in whole.series) if isinstance(whole, Answer) else math.nan,
        )
        _judge_query(found, query, answer, beside)
    charted = spec.charted
    past = history if history is not None and history.series else None
    for part in trend_parts(charted, past) if charted is not None and past is not None else ():
        found.parts.append(part)
        if part.verdict:
            found.verdicts.append(part.verdict)
            found.reasons.append((part.verdict, part.text))
    verdict = worst(found.verdicts)
    reason = next((why for judged, why in found.reasons if judged is verdict), say("panels.within_limits"))
    live = any(reading.value is not None for reading in found.readings)
    drawn = (chart(charted, past),) if charted is not None and past is not None else ()
    return PanelState(
        spec.id, panel_title(spec), verdict, reason, tuple(found.parts), tuple(found.rows), drawn, tuple(found.readings),
        drawn[0].curves[0] if drawn else None, now, spec.interval_s, Freshness.LIVE if live else Freshness.NONE,
        runbook=spec.runbook, standing=tuple(found.standing),
    )  # fmt: skip


def crashed(spec: PanelSpec, error: Exception, now: float) -> PanelState:
    """A panel that broke shows that in its own place."""
    reason = say("panels.crashed", error=type(error).__name__)
    return PanelState(
        spec.id,
        panel_title(spec),
        Verdict.UNKNOWN,
        reason,
        (),
        (),
        (),
        (),
        None,
        now,
        spec.interval_s,
        Freshness.NONE,
    )


def _missing(
    found: _Found, query: QuerySpec, answer: Answer | SourceError | None, why: Mapping[str, Message]
) -> None:
    nothing = say("panels.no_traffic", name=display_name(query))
    told = answer.message if isinstance(answer, SourceError) else why.get(query.name, nothing)
    if query.optional:
        # Most reasons begin with the query's name.
        found.rows.append(Row((told,) if "name" in told.values else (display_name(query), told)))
        return
    found.verdicts.append(Verdict.UNKNOWN)
    found.reasons.append((Verdict.UNKNOWN, told))
    source = answer.source if isinstance(answer, Answer) else ""
    found.readings.append(
        Reading(query.name, None, query.unit, None, source, query.expr, called=display_name(query))
    )
    found.parts.append(
        Part(say("panels.part_none", name=display_name(query)), query.rank + 1, Verdict.UNKNOWN)
    )


def _judge_query(found: _Found, query: QuerySpec, answer: Answer, beside: _Beside) -> None:
    ranked = sorted(answer.series, key=lambda one: -badness(query, one.values[-1]))
    if query.tell and any(one.values[-1] > 0 for one in ranked):
        found.standing.append(Standing("told", display_name(query)))
    for index, one in enumerate(ranked):
        value, name = one.values[-1], series_display_name(query, one)
        known = None if beside.trials is None else share_interval(value, beside.trials.get(one.labels, 0.0))
        verdict = judge_value(query, value) if known is None else judge_share(query, known)
        shown = _shown(query, one, beside.buckets)
        few = _few(query, one, beside.buckets) if verdict in OVER else None
        if few is not None:
            verdict = Verdict.UNKNOWN
        found.readings.append(
            Reading(
                series_name(query, one),
                value,
                query.unit,
                one.times[-1],
                answer.source,
                query.expr,
                one.labels,
                called=name,
            )
        )
        if query.optional and math.isnan(value):
            continue  # an extra of which nothing happened
        found.verdicts.append(verdict)
        if index < MAX_PARTS:
            found.parts.append(Part(say("panels.part", name=name, value=shown), query.rank + index, verdict))
        cells = [name, shown]
        if query.burning is not None:
            cells.append(say("panels.of_limit", limit=threshold(query.burning, query.unit)))
        if known is not None:
            cells.append(_interval(known))
        if beside.whole > 0:
            cells.append(say("panels.part_of", share=f"{100 * value / beside.whole:.0f}"))
        found.rows.append(Row(tuple(cells), verdict))
        if verdict is not Verdict.OK:
            too_few = say("panels.too_few_values", name=name, value=shown, count=f"{few or 0:.0f}")
            why = _reason(query, name, shown, verdict, known) if few is None else too_few
            found.reasons.append((verdict, why))


def _few(query: QuerySpec, series: Series, buckets: Answer | None) -> float | None:
    """The number of values behind a quantile where it is too small for the quantile to be believed."""
    count = None if buckets is None else observation_count(buckets, series.labels)
    return count if count is not None and count < query.fewest else None


def _interval(known: Share) -> Message:
    low, high = (f"{100 * end:.3g}" for end in (known.low, known.high))
    return say("panels.interval", low=low, high=high, count=f"{known.total:.0f}")


def _reason(
    query: QuerySpec, name: Message, shown: Message, verdict: Verdict, known: Share | None
) -> Message:
    if verdict is Verdict.UNKNOWN and known is not None and not math.isnan(known.ratio):
        return say("panels.too_few", name=name, value=shown, interval=_interval(known))
    limit = query.burning if verdict is Verdict.BURNING else query.warn
    if verdict is Verdict.UNKNOWN or limit is None:
        return say("panels.no_traffic", name=name)
    return say("panels.over_limit", name=name, value=shown, limit=threshold(limit, query.unit))


def _trials(asked: Answer | SourceError | None) -> dict[tuple[tuple[str, str], ...], float]:
    """How many requests by labels; where the source does not say, none: then no ratio is believed."""
    return {one.labels: one.values[-1] for one in asked.series} if isinstance(asked, Answer) else {}


def _shown(query: QuerySpec, series: Series, buckets: Answer | None) -> Message:
    """The value; a quantile beyond the last bucket is only known to be more than its bound."""
    bound = None if buckets is None else exceeded_bound(buckets, query.quantile, series.labels)
    if bound is None:
        return quantity(series.values[-1], query.unit)
    return say("panels.more_than", value=quantity(bound, query.unit))
