"""The panel of alerts: what fires and pages burns, what fires or is about to warns, what is silenced is only counted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from core.errors import SourceError
from core.message import say
from core.units import quantity
from panels.alerts import alert_verdict, group_by_name, state_text
from panels.enrich.registry import Enricher
from panels.fold import Contribution
from panels.limits import worst
from panels.naming import coarse_age
from panels.state import Part, Row, Standing
from signals.alerts.model import Alerts, AlertState
from signals.reading import Reading, Verdict

if TYPE_CHECKING:
    from panels.enrich.registry import PanelContext


async def _enrich(context: PanelContext) -> Contribution:
    if context.sources.alerts is None:
        return contribute(None, context.now)
    try:
        return contribute(await context.sources.alerts.alerts(), context.now)
    except SourceError as error:
        return contribute(error, context.now)


def contribute(alerts: Alerts | SourceError | None, now: float) -> Contribution:
    """What the alerts say; without a source of them nothing is known."""
    if not isinstance(alerts, Alerts):
        name = say("panels.alert_firing")
        return Contribution(
            verdict=Verdict.UNKNOWN,
            reason=alerts.message if isinstance(alerts, SourceError) else say("panels.no_alert_source"),
            parts=(Part(say("panels.part_none", name=name), 1, Verdict.UNKNOWN),),
            readings=(
                Reading(
                    name="firing", value=None, unit="count", at=None, source="", query="alerts", called=name
                ),
            ),
        )
    by_state = {state: [alert for alert in alerts.alerts if alert.state is state] for state in AlertState}
    active = [*by_state[AlertState.FIRING], *by_state[AlertState.PENDING]]
    ordered = [alert for group in group_by_name(active) for alert in group.alerts]
    verdicts = [*map(alert_verdict, ordered), *(Verdict.WARN for _ in alerts.broken)]
    counted = [state for state in AlertState if by_state[state] or state is not AlertState.SILENCED]
    reason = say("panels.alerts_quiet", rules=alerts.rules)
    if verdicts:
        reason = say(
            "panels.alerts_broken" if alerts.broken else "panels.alerts_active",
            firing=len(by_state[AlertState.FIRING]),
            pending=len(by_state[AlertState.PENDING]),
            broken=len(alerts.broken),
            name=ordered[0].name if ordered else alerts.broken[0][0],
        )
    parts = [_count_part(state, len(by_state[state]), rank) for rank, state in enumerate(counted, 1)]
    if ordered:
        parts.append(Part(say("panels.text", text=ordered[0].name), 4, alert_verdict(ordered[0])))
    rows = [
        Row(
            (
                say("panels.text", text=alert.name),
                state_text(alert),
                quantity(coarse_age(now - alert.since), "s"),
                say("panels.text", text=alert.annotations.get("summary", "")),
            ),
            alert_verdict(alert),
        )
        for alert in ordered
    ]
    rows += [Row((say("panels.text", text=name), why), Verdict.WARN) for name, why in alerts.broken]
    readings = [
        Reading(
            name=state.value,
            value=float(len(by_state[state])),
            unit="count",
            at=alerts.at,
            source=alerts.source,
            query="alerts",
            called=say(f"panels.alert_{state}"),
        )
        for state in counted
    ]
    return Contribution(
        verdict=worst([*verdicts, Verdict.OK]),
        reason=reason,
        parts=tuple(parts),
        rows=tuple(rows),
        readings=tuple(readings),
        standing=_standing(alerts),
        alerts=alerts,
    )


def _count_part(state: AlertState, count: int, rank: int) -> Part:
    value = quantity(float(count), "count")
    return Part(say("panels.part", name=say(f"panels.alert_{state}"), value=value), rank)


def _standing(alerts: Alerts) -> tuple[Standing, ...]:
    """What fires and what is silenced, each name once; what is only about to fire is not told."""
    standing: dict[tuple[str, str], Standing] = {}
    for alert in alerts.alerts:
        if alert.state is not AlertState.PENDING:
            kind: Literal["alert", "silence"] = "alert" if alert.state is AlertState.FIRING else "silence"
            name = say("panels.text", text=alert.name)
            standing.setdefault((kind, alert.name), Standing(kind, name, alert.since, alert_verdict(alert)))
    return tuple(standing.values())


ENRICHER = Enricher(id="alerts", applies=lambda spec: spec.kind == "alerts", enrich=_enrich)
