"""From answers to verdicts, query by query: pure, so that every limit has a row in a table of tests."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from core.errors import SourceError
from core.message import say
from core.units import quantity, threshold
from panels.fold import Contribution, merge
from panels.limits import (
    ORDER,
    exceeded_bound,
    judge_share,
    judge_value,
    observation_count,
    share_interval,
)
from panels.naming import display_name, series_display_name, series_name
from panels.no_data.diagnosis import Cause, Diagnosis, no_data_message
from panels.projection import badness, trend_words
from panels.state import Part, Row, Standing
from signals.reading import Answer, Reading, Verdict, server_warnings

if TYPE_CHECKING:
    from core.message import Message
    from panels.fetch import Answers
    from panels.limits import Share
    from panels.spec import PanelSpec, QuerySpec
    from signals.reading import Series

MAX_PARTS = 3
"""Series of one query that get a place on the panel's line."""


def judge(spec: PanelSpec, answers: Answers) -> list[Contribution]:
    """What each query of the panel says, in their order."""
    return [_judge_query(query, answers) for query in spec.queries]


def queries_to_draw(spec: PanelSpec, answers: Answers) -> list[QuerySpec]:
    """The query whose value is worst, then the charted one: what burns is drawn, also where another one is usual."""
    charted = spec.charted
    if charted is None:
        return []
    verdicts = dict(zip(spec.queries, (piece.verdict for piece in judge(spec, answers)), strict=True))

    def rank(query: QuerySpec) -> tuple[int, bool, int]:
        verdict = verdicts[query]
        over = verdict if verdict in (Verdict.BURNING, Verdict.WARN) else Verdict.OK
        return ORDER.index(over), query != charted, query.rank

    return list(dict.fromkeys((min(spec.queries, key=rank), charted)))


def _judge_query(query: QuerySpec, answers: Answers) -> Contribution:
    answer = answers.by_query.get(query.name)
    beside = (answers.buckets, answers.trials, answers.histories, answers.long_histories)
    asked = (answer, *(by_name.get(query.name) for by_name in beside))
    if not isinstance(answer, Answer) or not answer.series:
        known = getattr(answers.diagnoses.get(query.name), "known", None)
        return replace(_without_data(query, answer, answers), warnings=server_warnings(*asked, known))
    ranked = sorted(answer.series, key=lambda series: -badness(query, series.values[-1]))
    judged = merge([_judge_series(query, series, index, answers) for index, series in enumerate(ranked)])
    if query.tell and any(series.values[-1] > 0 for series in ranked):
        judged = replace(judged, standing=(Standing("told", display_name(query)),))
    return replace(judged, query=query.name, warnings=server_warnings(*asked))


def _judge_series(query: QuerySpec, series: Series, index: int, answers: Answers) -> Contribution:
    """One series of a query; `index` is its place among them, the worst first."""
    answer, value = answers.by_query[query.name], series.values[-1]
    among = answer.series if isinstance(answer, Answer) else ()
    name = series_display_name(query, series, among)
    reading = Reading(
        name=series_name(query, series, among),
        value=value,
        unit=query.unit,
        at=series.times[-1],
        source=answer.source if isinstance(answer, Answer) else "",
        query=query.expr,
        labels=series.labels,
        called=name,
    )
    if query.optional and math.isnan(value):
        return Contribution(readings=(reading,))  # an extra of which nothing happened
    buckets = answers.buckets.get(query.name)
    share = _share(query, series, answers)
    verdict = judge_value(query, value) if share is None else judge_share(query, share)
    few = None
    if verdict in (Verdict.WARN, Verdict.BURNING) and isinstance(buckets, Answer):
        few = _too_few(query, series, buckets)
    if few is not None:
        verdict = Verdict.UNKNOWN
    shown = _shown(query, series, buckets)
    reason = None
    if few is not None:
        reason = say("panels.too_few_values", name=name, value=shown, count=f"{few:.0f}")
    elif verdict is not Verdict.OK:
        reason = _reason(query, name, shown, verdict, share)
    part = Part(
        say("panels.part", name=name, value=shown),
        query.rank + index,
        verdict,
        trend=_trend_words(query, series, answers),
        value=shown,
        drawn=index == 0 and query.name in answers.histories,
    )
    cells = [name, shown]
    if query.burning is not None:
        cells.append(say("panels.of_limit", limit=threshold(query.burning, query.unit)))
    if share is not None:
        cells.append(_interval(share))
    if (whole := _whole(query, answers)) > 0:
        cells.append(say("panels.part_of", share=f"{100 * value / whole:.0f}"))
    return Contribution(
        verdict=verdict,
        reason=reason,
        parts=(part,) if index < MAX_PARTS else (),
        rows=(Row(tuple(cells), verdict),),
        readings=(reading,),
    )


def _trend_words(query: QuerySpec, series: Series, answers: Answers) -> Message | None:
    past = answers.histories.get(query.name)
    curves = () if past is None else past.series
    return next((trend_words(query, curve) for curve in curves if curve.labels == series.labels), None)


def _without_data(query: QuerySpec, answer: Answer | SourceError | None, answers: Answers) -> Contribution:
    """A query without an answer is unknown, and says why; an extra only says it."""
    if isinstance(answer, SourceError):
        why: Diagnosis | SourceError = answer
    else:
        why = answers.diagnoses.get(query.name, Diagnosis(Cause.NO_TRAFFIC))
    name = display_name(query)
    reason = why.message if isinstance(why, SourceError) else no_data_message(name, why)
    if query.optional:
        cells = (
            (name, reason) if isinstance(why, SourceError) else (reason,)
        )  # a diagnosis begins with the name
        return Contribution(query=query.name, rows=(Row(cells),))
    source = answer.source if isinstance(answer, Answer) else ""
    return Contribution(
        query=query.name,
        verdict=Verdict.UNKNOWN,
        reason=reason,
        readings=(
            Reading(
                name=query.name,
                value=None,
                unit=query.unit,
                at=None,
                source=source,
                query=query.expr,
                called=name,
            ),
        ),
        parts=(Part(say("panels.part_none", name=name), query.rank + 1, Verdict.UNKNOWN),),
    )


def _share(query: QuerySpec, series: Series, answers: Answers) -> Share | None:
    """The ratio with its interval; where the source does not say of how many requests it is, of none."""
    if not query.trials:
        return None
    trials = answers.trials.get(query.name)
    counts = (
        {series.labels: series.values[-1] for series in trials.series} if isinstance(trials, Answer) else {}
    )
    return share_interval(series.values[-1], counts.get(series.labels, 0.0))


def _whole(query: QuerySpec, answers: Answers) -> float:
    """What the series are parts of; NaN where they are not."""
    whole = answers.by_query.get(query.share_of)
    return math.fsum(series.values[-1] for series in whole.series) if isinstance(whole, Answer) else math.nan


def _too_few(query: QuerySpec, series: Series, buckets: Answer) -> float | None:
    """The number of values behind a quantile where it is too small for the quantile to be believed."""
    count = observation_count(buckets, series.labels)
    return count if count is not None and count < query.fewest else None


def _interval(share: Share) -> Message:
    # Below a hundredth of a percent is what floats leave of zero.
    low, high = (f"{100 * end:.3g}" if end >= 0.0001 else "0" for end in (share.low, share.high))
    return say("panels.interval", low=low, high=high, count=f"{share.total:.0f}")


def _reason(
    query: QuerySpec, name: Message, shown: Message, verdict: Verdict, share: Share | None
) -> Message:
    if verdict is Verdict.UNKNOWN and share is not None and not math.isnan(share.ratio):
        return say("panels.too_few", name=name, value=shown, interval=_interval(share))
    limit = query.burning if verdict is Verdict.BURNING else query.warn
    if verdict is Verdict.UNKNOWN or limit is None:
        return say("panels.no_traffic", name=name)
    key = "panels.over_limit" if query.worse == "above" else "panels.under_limit"
    return say(key, name=name, value=shown, limit=threshold(limit, query.unit))


def _shown(query: QuerySpec, series: Series, buckets: Answer | SourceError | None) -> Message:
    """The value; a quantile beyond the last bucket is only known to be more than its bound."""
    bound = exceeded_bound(buckets, query.quantile, series.labels) if isinstance(buckets, Answer) else None
    if bound is None:
        return quantity(series.values[-1], query.unit)
    return say("panels.more_than", value=quantity(bound, query.unit))
