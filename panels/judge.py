"""From answers to a verdict: pure, so that every limit has a row in a table of tests."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from panels.overflow import beyond
from panels.quantity import quantity
from panels.state import Chart, PanelState, Part, Row
from panels.trend import direction, reaches
from signals.errors import SourceError
from signals.message import say
from signals.reading import Answer, Freshness, Reading, Verdict
from signals.source import Alerts, AlertState

if TYPE_CHECKING:
    from collections.abc import Mapping

    from panels.settings import PanelSpec, QuerySpec
    from signals.message import Message
    from signals.reading import Series

NEAR_S = 900.0
"""A limit that may be met within a quarter of an hour burns: that is the time a mitigation takes to work."""
FAR_S = 7200.0
"""A line through half an hour says nothing about what is further away than two hours."""
ORDER = (Verdict.BURNING, Verdict.WARN, Verdict.UNKNOWN, Verdict.OK)
"""Worst first. Unknown stands before ok: it is not a pass."""


def worst(verdicts: list[Verdict]) -> Verdict:
    """The worst verdict; of nothing, unknown."""
    return min(verdicts, key=ORDER.index) if verdicts else Verdict.UNKNOWN


def by_attention(states: list[PanelState]) -> list[PanelState]:
    """Worst first; equal ones keep their order."""
    return sorted(states, key=lambda state: ORDER.index(state.verdict))


def judge_value(spec: QuerySpec, value: float) -> Verdict:
    """One value against its limits. NaN is unknown."""
    if math.isnan(value):
        return Verdict.UNKNOWN
    sign = 1 if spec.worse == "above" else -1
    if spec.burning is not None and sign * value > sign * spec.burning:
        return Verdict.BURNING
    if spec.warn is not None and sign * value > sign * spec.warn:
        return Verdict.WARN
    return Verdict.OK


def judge_metric(
    spec: PanelSpec,
    answers: Mapping[str, Answer | SourceError],
    why: Mapping[str, Message],
    history: Answer | None,
    now: float,
    *,
    buckets: Mapping[str, Answer | SourceError] | None = None,
) -> PanelState:
    """A panel of queries. A query without an answer is unknown, and says why.

    `why` tells it of the queries that have no series, by the query's name (`panels.inquiry`). `buckets` are those of the queries that are quantiles, by the query's name.
    """
    verdicts: list[Verdict] = []
    parts: list[Part] = []
    rows: list[Row] = []
    readings: list[Reading] = []
    reasons: list[tuple[Verdict, Message]] = []
    for query in spec.queries:
        answer = answers.get(query.name)
        if not isinstance(answer, Answer) or not answer.series:
            nothing = say("panels.no_traffic", name=query.name)
            told = answer.message if isinstance(answer, SourceError) else why.get(query.name, nothing)
            verdicts.append(Verdict.UNKNOWN)
            reasons.append((Verdict.UNKNOWN, told))
            source = answer.source if isinstance(answer, Answer) else ""
            readings.append(Reading(query.name, None, query.unit, None, source, query.expr))
            parts.append(Part(say("panels.part_none", name=query.name), query.rank + 1, Verdict.UNKNOWN))
            continue
        ranked = sorted(answer.series, key=lambda one: -_sortable(query, one.values[-1]))
        for index, one in enumerate(ranked):
            value = one.values[-1]
            verdict = judge_value(query, value)
            name = series_name(query, one)
            verdicts.append(verdict)
            reading = Reading(name, value, query.unit, one.times[-1], answer.source, query.expr, one.labels)
            readings.append(reading)
            shown = _shown(query, value, (buckets or {}).get(query.name))
            if index < 3:
                parts.append(Part(say("panels.part", name=name, value=shown), query.rank + index, verdict))
            rows.append(Row((say("panels.text", text=name), shown, _limit(query)), verdict))
            if verdict is not Verdict.OK:
                reasons.append((verdict, _reason(query, name, shown, verdict)))
    charts = _charts(spec, history)
    if ahead := _ahead(spec, charts):
        parts += ahead
        verdicts += [part.verdict for part in ahead if part.verdict]
        reasons += [(part.verdict, part.text) for part in ahead if part.verdict]
    verdict = worst(verdicts)
    reason = next((why for judged, why in reasons if judged is verdict), say("panels.within_limits"))
    freshness = Freshness.LIVE if any(reading.value is not None for reading in readings) else Freshness.NONE
    return PanelState(
        spec.id, _title(spec), verdict, reason, tuple(parts), tuple(rows), charts, tuple(readings),
        charts[0].curves[0] if charts else None, now, spec.interval_s, freshness, runbook=spec.runbook,
    )  # fmt: skip


def judge_alerts(spec: PanelSpec, alerts: Alerts | SourceError | None, now: float) -> PanelState:
    """Firing alerts burn when they page, else warn; without a source of alerts nothing is known."""
    if not isinstance(alerts, Alerts):
        reason = alerts.message if isinstance(alerts, SourceError) else say("panels.no_alert_source")
        none = Reading("firing", None, "count", None, "", "alerts")
        part = Part(say("panels.part_none", name="firing"), 1, Verdict.UNKNOWN)
        return PanelState(
            spec.id, _title(spec), Verdict.UNKNOWN, reason, (part,), (), (), (none,), None, now, spec.interval_s,
            Freshness.NONE, "list",
        )  # fmt: skip
    firing = [alert for alert in alerts.alerts if alert.state is AlertState.FIRING]
    pending = [alert for alert in alerts.alerts if alert.state is AlertState.PENDING]
    paging = [alert for alert in firing if alert.severity in ("page", "critical")]
    verdict = (
        Verdict.BURNING if paging else Verdict.WARN if firing or pending or alerts.broken else Verdict.OK
    )
    counts = {"firing": firing, "pending": pending}
    rows = [
        Row(
            (
                say("panels.text", text=alert.name),
                say("panels.text", text=f"{alert.state} {alert.severity}".strip()),
                quantity(max(0.0, now - alert.since), "s"),
                say("panels.text", text=alert.annotations.get("summary", "")),
            ),
            Verdict.BURNING if alert in paging else Verdict.WARN,
            alert.name,
        )
        for alert in (*paging, *(one for one in firing if one not in paging), *pending)
    ]
    reason = say("panels.alerts_quiet", rules=alerts.rules)
    if verdict is not Verdict.OK:
        named = (firing or pending)[0].name if firing or pending else alerts.broken[0][0]
        reason = say(
            "panels.alerts_active",
            firing=len(firing),
            pending=len(pending),
            broken=len(alerts.broken),
            name=named,
        )
    return PanelState(
        spec.id, _title(spec), verdict, reason,
        tuple(Part(say("panels.part", name=name, value=quantity(len(group), "count")), rank, None) for rank, (name, group) in enumerate(counts.items(), 1)),
        tuple(rows), (),
        tuple(Reading(name, float(len(group)), "count", alerts.at, alerts.source, "alerts") for name, group in counts.items()),
        None, now, spec.interval_s, Freshness.LIVE, "list",
    )  # fmt: skip


def crashed(spec: PanelSpec, error: Exception, now: float) -> PanelState:
    """A panel that broke shows that in its own place."""
    reason = say("panels.crashed", error=type(error).__name__)
    return PanelState(
        spec.id,
        _title(spec),
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


def _shown(spec: QuerySpec, value: float, buckets: Answer | SourceError | None) -> Message:
    """The value; a quantile beyond the last bucket is only known to be more than its bound."""
    bound = beyond(buckets, spec.quantile) if isinstance(buckets, Answer) else None
    if bound is None:
        return quantity(value, spec.unit)
    return say("panels.more_than", value=quantity(bound, spec.unit))


def _ahead(spec: PanelSpec, charts: tuple[Chart, ...]) -> list[Part]:
    """Where the first curve is heading, and when it meets the value that the query is forecast against."""
    if not charts:
        return []
    curve = charts[0].curves[0]
    query = next(one for one in spec.queries if one.name == spec.chart)
    heading = direction(curve)
    parts = [] if heading is None else [Part(say(f"panels.{heading}"), query.rank + 1)]
    span = reaches(curve, query.forecast) if query.forecast is not None else None
    if span is None or query.forecast is None or span[0] > FAR_S:
        return parts
    early, late = (quantity(one, "s") for one in span)
    limit = quantity(query.forecast, query.unit)
    text = say("panels.reaches", name=query.name, limit=limit, early=early, late=late)
    if span[1] == 0:
        text = say("panels.reached", name=query.name, limit=limit)
    elif math.isinf(span[1]):
        text = say("panels.reaches_from", name=query.name, limit=limit, early=early)
    return [*parts, Part(text, query.rank, Verdict.BURNING if span[0] <= NEAR_S else Verdict.WARN)]


def _sortable(spec: QuerySpec, value: float) -> float:
    if math.isnan(value):
        return -math.inf
    return value if spec.worse == "above" else -value


def series_name(spec: QuerySpec, series: Series) -> str:
    """What a curve or row is called: the label that the query names, else what tells it from the others."""
    labels = {name: value for name, value in series.labels if name not in ("__name__", "job", "instance")}
    if spec.by and spec.by in labels:
        return labels[spec.by]
    return " ".join(labels.values()) or spec.name


def _title(spec: PanelSpec) -> Message:
    return say("panels.title", en=spec.title, zh=spec.title_zh or spec.title)


def _limit(spec: QuerySpec) -> Message:
    if spec.burning is None:
        return say("panels.text", text="")
    return say("panels.of_limit", limit=quantity(spec.burning, spec.unit))


def _reason(spec: QuerySpec, name: str, shown: Message, verdict: Verdict) -> Message:
    limit = spec.burning if verdict is Verdict.BURNING else spec.warn
    if verdict is Verdict.UNKNOWN or limit is None:
        return say("panels.no_traffic", name=name)
    return say("panels.over_limit", name=name, value=shown, limit=quantity(limit, spec.unit))


def _charts(spec: PanelSpec, history: Answer | None) -> tuple[Chart, ...]:
    query = next((one for one in spec.queries if one.name == spec.chart), None)
    if query is None or history is None or not history.series:
        return ()
    curves = sorted(history.series, key=lambda one: -_sortable(query, one.values[-1]))[:4]
    names = tuple(series_name(query, one) for one in curves)
    return (Chart(say("panels.text", text=query.name), query.unit, tuple(curves), names, query.burning),)
