"""The panel of alerts: what fires and pages burns, what fires or is about to warns, what is silenced is only counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from core.errors import SourceError
from core.message import say
from core.units import quantity
from panels.naming import panel_title
from panels.state import PanelState, Part, Row, Standing
from signals.alerts.model import Alerts, AlertState
from signals.reading import Freshness, Reading, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.message import Message
    from panels.spec import PanelSpec
    from signals.alerts.model import Alert

PAGING = ("page", "critical")
"""Severities that get somebody out of bed."""


@dataclass(frozen=True, slots=True)
class AlertGroup:
    """All alerts of one name: they have one cause more often than not."""

    name: str
    verdict: Verdict
    alerts: tuple[Alert, ...]


class Label(NamedTuple):
    """One label of an alert."""

    name: str
    value: str


def judge_alerts(spec: PanelSpec, alerts: Alerts | SourceError | None, now: float) -> PanelState:
    """Firing alerts burn when they page, else warn; without a source of alerts nothing is known."""
    if not isinstance(alerts, Alerts):
        reason = alerts.message if isinstance(alerts, SourceError) else say("panels.no_alert_source")
        none = Reading("firing", None, "count", None, "", "alerts", called=say("panels.alert_firing"))
        part = Part(say("panels.part_none", name=say("panels.alert_firing")), 1, Verdict.UNKNOWN)
        return PanelState(
            spec.id, panel_title(spec), Verdict.UNKNOWN, reason, (part,), (), (), (none,), None, now, spec.interval_s,
            Freshness.NONE, "list",
        )  # fmt: skip
    groups = {state: [one for one in alerts.alerts if one.state is state] for state in AlertState}
    loud = [*groups[AlertState.FIRING], *groups[AlertState.PENDING]]
    ordered = [alert for cause in group_by_name(loud) for alert in cause.alerts]
    verdict = max(
        [*map(alert_verdict, ordered), *(Verdict.WARN for _ in alerts.broken)],
        key=_badness,
        default=Verdict.OK,
    )
    rows = [
        Row(
            (
                say("panels.text", text=alert.name),
                state_text(alert),
                quantity(coarse_age(now - alert.since), "s"),
                say("panels.text", text=alert.annotations.get("summary", "")),
            ),
            alert_verdict(alert),
            alert.name,
        )
        for alert in ordered
    ]
    rows += [Row((say("panels.text", text=name), why), Verdict.WARN, name) for name, why in alerts.broken]
    reason = say("panels.alerts_quiet", rules=alerts.rules)
    if verdict is not Verdict.OK:
        reason = say(
            "panels.alerts_broken" if alerts.broken else "panels.alerts_active",
            firing=len(groups[AlertState.FIRING]),
            pending=len(groups[AlertState.PENDING]),
            broken=len(alerts.broken),
            name=ordered[0].name if ordered else alerts.broken[0][0],
        )
    worst_one = (Part(say("panels.text", text=ordered[0].name), 4, rows[0].verdict),) if ordered else ()
    counted = [state for state in AlertState if groups[state] or state is not AlertState.SILENCED]
    return PanelState(
        spec.id, panel_title(spec), verdict, reason,
        tuple(_part(state, len(groups[state]), rank) for rank, state in enumerate(counted, 1)) + worst_one,
        tuple(rows), (),
        tuple(
            Reading(
                state.value, float(len(groups[state])), "count", alerts.at, alerts.source, "alerts",
                called=say(f"panels.alert_{state}"),
            )
            for state in counted
        ),
        None, now, spec.interval_s, Freshness.LIVE, "list", standing=_standing(alerts), alerts=alerts,
    )  # fmt: skip


def alert_verdict(alert: Alert) -> Verdict:
    """What one alert makes of the panel."""
    if alert.state is AlertState.SILENCED:
        return Verdict.OK
    return Verdict.BURNING if alert.state is AlertState.FIRING and alert.severity in PAGING else Verdict.WARN


def group_by_name(alerts: Sequence[Alert]) -> tuple[AlertGroup, ...]:
    """By name, the worst first: what pages, what fires, what is about to, what is silenced; then the newest first."""

    def rank(alert: Alert) -> tuple[int, float]:
        loudness = list(AlertState).index(alert.state)
        return (0 if alert_verdict(alert) is Verdict.BURNING else 1 + loudness), -alert.since

    named: dict[str, list[Alert]] = {}
    for alert in sorted(alerts, key=rank):
        named.setdefault(alert.name, []).append(alert)
    return tuple(AlertGroup(name, alert_verdict(group[0]), tuple(group)) for name, group in named.items())


def own_labels(alert: Alert, cause: AlertGroup) -> tuple[Label, ...]:
    """What tells an alert from the others of its cause; of one that is alone, all but name and severity."""
    return tuple(
        Label(name, value)
        for name, value in sorted(alert.labels.items())
        if name not in ("alertname", "severity")
        and (len(cause.alerts) == 1 or any(other.labels.get(name) != value for other in cause.alerts))
    )


def state_text(alert: Alert) -> Message:
    """State and severity in one."""
    state = say(f"panels.alert_{alert.state}")
    return say("panels.alert_state", state=state, severity=alert.severity) if alert.severity else state


def coarse_age(age_s: float) -> float:
    """An age that seldom changes what is shown: whole tens of seconds, then minutes."""
    age_s = max(0.0, age_s)
    return age_s // 10 * 10 if age_s < 120 else age_s // 60 * 60


def _badness(verdict: Verdict) -> int:
    return (Verdict.OK, Verdict.WARN, Verdict.BURNING).index(verdict)


def _part(state: AlertState, count: int, rank: int) -> Part:
    value = quantity(float(count), "count")
    return Part(say("panels.part", name=say(f"panels.alert_{state}"), value=value), rank)


def _standing(alerts: Alerts) -> tuple[Standing, ...]:
    """What fires and what is silenced, each name once; what is only about to fire is not told."""
    found: dict[tuple[str, str], Standing] = {}
    for alert in alerts.alerts:
        if alert.state is not AlertState.PENDING:
            kind: Literal["alert", "silence"] = "alert" if alert.state is AlertState.FIRING else "silence"
            one = Standing(kind, say("panels.text", text=alert.name), alert.since, alert_verdict(alert))
            found.setdefault((kind, alert.name), one)
    return tuple(found.values())
