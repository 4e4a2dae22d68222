"""The panel of alerts: what fires and pages burns, what fires or is about to warns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from panels.quantity import quantity, title
from panels.state import PanelState, Part, Row
from signals.errors import SourceError
from signals.message import say
from signals.reading import Freshness, Reading, Verdict
from signals.source import Alerts, AlertState

if TYPE_CHECKING:
    from panels.settings import PanelSpec


def judge_alerts(spec: PanelSpec, alerts: Alerts | SourceError | None, now: float) -> PanelState:
    """Firing alerts burn when they page, else warn; without a source of alerts nothing is known."""
    if not isinstance(alerts, Alerts):
        reason = alerts.message if isinstance(alerts, SourceError) else say("panels.no_alert_source")
        none = Reading("firing", None, "count", None, "", "alerts")
        part = Part(say("panels.part_none", name=say("panels.firing")), 1, Verdict.UNKNOWN)
        return PanelState(
            spec.id, title(spec), Verdict.UNKNOWN, reason, (part,), (), (), (none,), None, now, spec.interval_s,
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
                say("panels.alert_state", state=say(f"panels.{alert.state}"), severity=alert.severity),
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
        spec.id, title(spec), verdict, reason,
        tuple(Part(say("panels.part", name=say(f"panels.{name}"), value=quantity(len(group), "count")), rank, None) for rank, (name, group) in enumerate(counts.items(), 1)),
        tuple(rows), (),
        tuple(Reading(name, float(len(group)), "count", alerts.at, alerts.source, "alerts") for name, group in counts.items()),
        None, now, spec.interval_s, Freshness.LIVE, "list",
    )  # fmt: skip
