"""From answers to a verdict: pure, so that every limit has a row in a table of tests."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from core.errors import SourceError
from core.message import say
from panels.histogram_bound import beyond, observed
from panels.limits import ORDER, judge_value, worst
from panels.naming import called, exactly, quantity, title
from panels.projection import charts, heading, sortable
from panels.shares import judge_share, share
from panels.state import PanelState, Part, Row, Standing
from signals.reading import Answer, Freshness, Reading, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.message import Message
    from panels.settings import PanelSpec, QuerySpec
    from panels.shares import Share
    from signals.reading import Series

OVER = (Verdict.WARN, Verdict.BURNING)
MOST_PARTS = 3
"""Series of one query that get a place on the panel's line."""


def by_attention(states: list[PanelState]) -> list[PanelState]:
    """Worst first; equal ones keep their order."""
    return sorted(states, key=lambda state: ORDER.index(state.verdict))


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
    for part in heading(spec, history):
        found.parts.append(part)
        if part.verdict:
            found.verdicts.append(part.verdict)
            found.reasons.append((part.verdict, part.text))
    verdict = worst(found.verdicts)
    reason = next((why for judged, why in found.reasons if judged is verdict), say("panels.within_limits"))
    live = any(reading.value is not None for reading in found.readings)
    drawn = charts(spec, history, series_called)
    return PanelState(
        spec.id, title(spec), verdict, reason, tuple(found.parts), tuple(found.rows), drawn, tuple(found.readings),
        drawn[0].curves[0] if drawn else None, now, spec.interval_s, Freshness.LIVE if live else Freshness.NONE,
        runbook=spec.runbook, standing=tuple(found.standing),
    )  # fmt: skip


def crashed(spec: PanelSpec, error: Exception, now: float) -> PanelState:
    """A panel that broke shows that in its own place."""
    reason = say("panels.crashed", error=type(error).__name__)
    return PanelState(
        spec.id,
        title(spec),
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
    nothing = say("panels.no_traffic", name=called(query))
    told = answer.message if isinstance(answer, SourceError) else why.get(query.name, nothing)
    if query.optional:
        # Most reasons begin with the query's name.
        found.rows.append(Row((told,) if "name" in told.values else (called(query), told)))
        return
    found.verdicts.append(Verdict.UNKNOWN)
    found.reasons.append((Verdict.UNKNOWN, told))
    source = answer.source if isinstance(answer, Answer) else ""
    found.readings.append(
        Reading(query.name, None, query.unit, None, source, query.expr, called=called(query))
    )
    found.parts.append(Part(say("panels.part_none", name=called(query)), query.rank + 1, Verdict.UNKNOWN))


def _judge_query(found: _Found, query: QuerySpec, answer: Answer, beside: _Beside) -> None:
    ranked = sorted(answer.series, key=lambda one: -sortable(query, one.values[-1]))
    if query.tell and any(one.values[-1] > 0 for one in ranked):
        found.standing.append(Standing("told", called(query)))
    for index, one in enumerate(ranked):
        value, name = one.values[-1], series_called(query, one)
        known = None if beside.trials is None else share(value, beside.trials.get(one.labels, 0.0))
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
        if index < MOST_PARTS:
            found.parts.append(Part(say("panels.part", name=name, value=shown), query.rank + index, verdict))
        cells = [name, shown]
        if query.burning is not None:
            cells.append(say("panels.of_limit", limit=exactly(query.burning, query.unit)))
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
    count = None if buckets is None else observed(buckets, series.labels)
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
    return say("panels.over_limit", name=name, value=shown, limit=exactly(limit, query.unit))


def _trials(asked: Answer | SourceError | None) -> dict[tuple[tuple[str, str], ...], float]:
    """How many requests by labels; where the source does not say, none: then no ratio is believed."""
    return {one.labels: one.values[-1] for one in asked.series} if isinstance(asked, Answer) else {}


def _shown(query: QuerySpec, series: Series, buckets: Answer | None) -> Message:
    """The value; a quantile beyond the last bucket is only known to be more than its bound."""
    bound = None if buckets is None else beyond(buckets, query.quantile, series.labels)
    if bound is None:
        return quantity(series.values[-1], query.unit)
    return say("panels.more_than", value=quantity(bound, query.unit))


def series_name(query: QuerySpec, series: Series) -> str:
    """What tells a series from the others: by the query's pattern, its one label, or all of them."""
    return _named(query, series, query.each, query.name)


def series_called(query: QuerySpec, series: Series) -> Message:
    """The same in each language."""
    own = called(query).values
    english = _named(query, series, query.each, str(own["en"]))
    chinese = _named(query, series, query.each_zh or query.each, str(own["zh"]))
    return say("panels.title", en=english, zh=chinese)


def _named(query: QuerySpec, series: Series, pattern: str, bare: str) -> str:
    labels = {name: value for name, value in series.labels if name not in ("__name__", "job", "instance")}
    if pattern and labels:
        return re.sub(r"\{(\w+)\}", lambda found: labels.get(found[1], ""), pattern)
    if query.by and query.by in labels:
        return labels[query.by]
    return " ".join(labels.values()) or bare
