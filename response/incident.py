"""What is done about an incident as a whole: opened, named, rated, marked, resolved, opened again; roles; alerts."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from incidents.events import body as b
from incidents.events.incident import ROLES
from incidents.report.describe import short_time
from response.decision import Reason, Refused
from response.situation import Proposal, propose

if TYPE_CHECKING:
    from incidents.events.body import Body, Moment, Role, Severity
    from incidents.events.incident import Incident
    from response.situation import Situation
    from signals.alerts.model import Alert, Alerts

SEVERITIES: tuple[Severity, ...] = ("SEV1", "SEV2", "SEV3", "SEV4")


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What is known when an incident is opened; `leads`: whoever opens it is its commander."""

    title: str
    severity: Severity
    runbook: str = ""
    drill: bool = False
    started_at: dt.datetime | None = None
    detected_at: dt.datetime | None = None
    alert: b.AlertAttached | None = None
    leads: bool = False


def open_incident(opening: Opening, now: dt.datetime) -> tuple[Body, ...]:
    """Its first events: opened, acknowledged (somebody is here), the alert, and who leads.

    It was detected when the alert began to fire, else now: said here, for the acknowledgement is written a little later.
    """
    alert = opening.alert
    since = alert.since if alert is not None and alert.since and alert.since <= now else now
    bodies: list[Body] = [
        b.Opened(
            title=opening.title,
            severity=opening.severity,
            runbook=opening.runbook,
            drill=opening.drill,
            started_at=opening.started_at,
            detected_at=opening.detected_at or since,
        ),
        b.Marked(moment="acknowledged", at=now),
    ]
    if alert is not None:
        bodies.append(alert)
    if opening.leads:
        bodies.append(b.RoleTaken(role="ic"))
    return tuple(bodies)


def change_title(situation: Situation, title: str) -> Proposal:
    """A better name."""
    return propose(situation, b.TitleChanged(title=title))


def change_severity(situation: Situation, severity: Severity, *, reason: str = "") -> Proposal:
    """Worse, or less bad, than thought."""
    return propose(situation, b.SeverityChanged(severity=severity, reason=reason))


def open_moments(incident: Incident) -> tuple[Moment, ...]:
    """The moments that are not marked yet, what comes next first: who has mitigated wants to resolve."""
    following: tuple[Moment, ...] = ("acknowledged", "mitigated", "resolved")
    missing = tuple(moment for moment in following if moment not in incident.times)
    if missing[:1] == ("acknowledged",):
        missing = (*missing[1:], "acknowledged")
    return missing


def mark(situation: Situation, moment: Moment, *, at: dt.datetime | None = None) -> Proposal:
    """One of the times of the incident; without `at` it is now."""
    return propose(situation, b.Marked(moment=moment, at=at or situation.now))


def resolve(situation: Situation, *, at: dt.datetime | None = None) -> Proposal | Refused:
    """It is over. Once more without a time is a slip; with one it corrects the time."""
    incident = situation.incident
    if incident.status == "resolved" and at is None:
        since = short_time(incident.times["resolved"])
        return Refused(Reason.RESOLVED_ALREADY, {"label": situation.label, "at": since})
    return mark(situation, "resolved", at=at)


def reopen_incident(situation: Situation, *, reason: str) -> Proposal:
    """It was not over."""
    return propose(situation, b.Reopened(reason=reason))


RoleMove = Literal["accept", "take", "offer", "release", "take_over"]


class RoleChoice(NamedTuple):
    """One thing to do about one role; `holder` is who has it now."""

    what: RoleMove
    role: Role
    holder: str = ""


def role_choices(incident: Incident, actor: str) -> list[RoleChoice]:
    """What this person can do: accept what was offered, take free roles, hand on their own, take over those of others."""
    accept = [
        RoleChoice("accept", role, incident.offers[role].by)
        for role in ROLES
        if role in incident.offers and incident.offers[role].to == actor
    ]
    free = [RoleChoice("take", role) for role in ROLES if role not in incident.roles]
    own = [
        RoleChoice(what, role)
        for role in ROLES
        if incident.roles.get(role) == actor
        for what in ("offer", "release")
    ]
    others = [
        RoleChoice("take_over", role, holder)
        for role in ROLES
        if (holder := incident.roles.get(role, actor)) != actor
    ]
    return [*accept, *free, *own, *others]


def change_role(situation: Situation, choice: RoleChoice, detail: str = "") -> Proposal:
    """Hand a role out; `detail` is to whom it is offered, or why it is taken from somebody else."""
    role = choice.role
    match choice.what:
        case "take":
            return propose(situation, b.RoleTaken(role=role))
        case "take_over":
            return propose(situation, b.RoleTaken(role=role, reason=detail))
        case "offer":
            return propose(situation, b.RoleOffered(role=role, to=detail))
        case "accept":
            return propose(situation, b.RoleAccepted(role=role))
        case "release":
            return propose(situation, b.RoleReleased(role=role))


def attach_runbook(situation: Situation, runbook: str, alert: b.AlertAttached | None = None) -> Proposal:
    """One more manual to follow, and the alert that it answers; what the incident has already is not written again."""
    incident = situation.incident
    bodies: list[Body] = [] if runbook in incident.runbooks else [b.RunbookAttached(runbook=runbook)]
    if alert is not None and alert.fingerprint not in incident.alerts:
        bodies.append(alert)
    return Proposal(situation, tuple(bodies))


def attach_alert(situation: Situation, alert: b.AlertAttached) -> Proposal:
    """An alert that belongs to this incident."""
    return propose(situation, alert)


def resolve_alert(situation: Situation, fingerprint: str, *, at: dt.datetime | None = None) -> Proposal:
    """An attached alert fires no more."""
    return propose(situation, b.AlertResolved(fingerprint=fingerprint, at=at or situation.now))


def alert_fired_again(situation: Situation, fingerprint: str, *, at: dt.datetime | None = None) -> Proposal:
    """An attached alert that had stopped fires again."""
    return propose(situation, b.AlertFiredAgain(fingerprint=fingerprint, at=at or situation.now))


def alert_event(name: str, alerts: Alerts | None) -> b.AlertAttached:
    """The alert `name` as it fires now, the one that fires longest; by its name alone where nobody can say more.

    One that is only pending has not begun to fire.
    """
    active = [alert for alert in alerts.alerts if alert.name == name] if alerts else []
    if not active:
        return b.AlertAttached(fingerprint=name, name=name)
    alert = min(active, key=lambda alert: (not alert.state.fires, alert.since))
    return b.AlertAttached(
        fingerprint=alert_fingerprint(alert),
        name=alert.name,
        severity=alert.severity,
        since=dt.datetime.fromtimestamp(alert.since, dt.UTC)
        if alert.state.fires and alert.since > 0
        else None,
        summary=alert.annotations.get("summary", ""),
    )


def alert_fingerprint(alert: Alert) -> str:
    """A stable name of one instance: its name and its labels."""
    labels = ",".join(
        f"{name}={value}" for name, value in sorted(alert.labels.items()) if name != "alertname"
    )
    return f"{alert.name}{{{labels}}}"[:400]
