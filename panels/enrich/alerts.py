"""The panel of alerts: what fires and pages burns, what fires or is about to warns, what is silenced is only counted.

A configured heartbeat that is absent burns. Where no rule is evaluated, or one can't be, silence is unknown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from core.errors import SourceError
from core.message import say
from core.units import quantity
from panels.alerts import QUIET, acted_on, age_text, alert_verdict, group_by_name, state_text
from panels.enrich.registry import Enricher
from panels.fold import Contribution
from panels.limits import worst
from panels.state import Part, Row, Standing
from signals.alerts.model import Alerts, AlertState, Urgency
from signals.reading import Reading, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from core.message import Message
    from panels.enrich.registry import PanelContext
    from signals.alerts.model import Alert


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
    counting = acted_on(alerts.alerts)
    by_state = {state: [alert for alert in counting if alert.state is state] for state in AlertState}
    loud = [alert for alert in alerts.alerts if alert.state not in QUIET]
    ordered = [
        alert
        for group in group_by_name(loud)
        for alert in group.alerts
        if alert.urgency is not Urgency.HEARTBEAT
    ]
    unknown = [Verdict.UNKNOWN for _ in alerts.broken] + [Verdict.UNKNOWN] * (not alerts.evaluated)
    verdicts = [*map(alert_verdict, ordered), *unknown, *(Verdict.BURNING for _ in alerts.unheard)]
    counted = [
        state
        for state in AlertState
        if by_state[state]
        or state in (AlertState.FIRING, AlertState.PENDING)
        or (state is AlertState.SILENCED and alerts.silences_known)
    ]
    first = next((alert for alert in ordered if alert_verdict(alert) is not Verdict.OK), None)
    parts = [_count_part(state, by_state[state], rank) for rank, state in enumerate(counted, 1)]
    if not alerts.silences_known:
        parts.append(Part(say("panels.silences_unknown"), 7))
    if alerts.unheard:
        parts.insert(0, Part(alerts.unheard[0][1], 0, Verdict.BURNING))
    if first is not None:
        parts.append(Part(say("panels.text", text=first.name), 5, alert_verdict(first)))
    rows = [Row((say("panels.text", text=name), why), Verdict.BURNING) for name, why in alerts.unheard]
    rows += [
        Row(
            (
                say("panels.text", text=alert.name),
                state_text(alert, now),
                age_text(alert.since, now),
                say("panels.text", text=alert.annotations.get("summary", "")),
            ),
            alert_verdict(alert),
        )
        for alert in ordered
    ]
    rows += [Row((say("panels.text", text=name), why), Verdict.UNKNOWN) for name, why in alerts.broken]
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
        reason=_reason(alerts, by_state, first),
        parts=tuple(parts),
        rows=tuple(rows),
        readings=tuple(readings),
        standing=_standing(alerts),
        alerts=alerts,
    )


def _reason(alerts: Alerts, by_state: Mapping[AlertState, Sequence[Alert]], first: Alert | None) -> Message:
    """Why the verdict is what it is: the worst first."""
    if alerts.unheard:
        return alerts.unheard[0][1]
    if first is None and not alerts.evaluated and not alerts.broken:
        return say("panels.alerts_no_rules", source=alerts.source)
    if first is None and not alerts.broken:
        return say("panels.alerts_quiet", rules=alerts.rules)
    return say(
        "panels.alerts_broken" if alerts.broken else "panels.alerts_active",
        firing=len(by_state[AlertState.FIRING]),
        pending=len(by_state[AlertState.PENDING]),
        broken=len(alerts.broken),
        name=first.name if first is not None else alerts.broken[0][0],
    )


def _count_part(state: AlertState, alerts: Sequence[Alert], rank: int) -> Part:
    value = quantity(float(len(alerts)), "count")
    verdict = worst([alert_verdict(alert) for alert in alerts]) if alerts else None
    return Part(say("panels.part", name=say(f"panels.alert_{state}"), value=value), rank, verdict)


def _standing(alerts: Alerts) -> tuple[Standing, ...]:
    """What fires and what nobody is told of, each name once; what is only about to fire, and a heartbeat, is not told."""
    standing: dict[tuple[str, str], Standing] = {}
    for alert in alerts.alerts:
        if alert.state.fires and alert.urgency is not Urgency.HEARTBEAT:
            kind: Literal["alert", "silence"] = "alert" if alert.state is AlertState.FIRING else "silence"
            name = say("panels.text", text=alert.name)
            began = Standing(kind, name, alert.state_since, alert_verdict(alert))
            standing.setdefault((kind, alert.name), began)
    return tuple(standing.values())


ENRICHER = Enricher(id="alerts", applies=lambda spec: spec.kind == "alerts", enrich=_enrich)
