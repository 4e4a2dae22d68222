"""An incident while its events are folded: what `fold` changes, begun from the opening or from an incident, and frozen again."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from incidents.events.incident import Incident

if TYPE_CHECKING:
    import datetime as dt
    from uuid import UUID

    from incidents.events import body as b
    from incidents.events.body import Moment, Role, Severity
    from incidents.events.event import Event
    from incidents.events.incident import (
        Alert,
        Evidence,
        FollowUp,
        FoundItem,
        Note,
        Offer,
        Status,
        Step,
        StepKey,
        Update,
    )


@dataclass(slots=True)
class Draft:
    """An incident while it is folded."""

    opened: Event
    title: str
    severity: Severity
    drill: bool
    events: list[Event] = field(default_factory=list)
    undone: set[UUID] = field(default_factory=set)
    runbooks: list[str] = field(default_factory=list)
    roles: dict[Role, str] = field(default_factory=dict)
    offers: dict[Role, Offer] = field(default_factory=dict)
    steps: dict[StepKey, Step] = field(default_factory=dict)
    at_step: StepKey | None = None
    confirmed: set[StepKey] = field(default_factory=set)
    times: dict[Moment, dt.datetime] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)
    evidence: list[Evidence] = field(default_factory=list)
    alerts: dict[str, Alert] = field(default_factory=dict)
    updates: dict[UUID, Update] = field(default_factory=dict)
    follow_ups: dict[UUID, FollowUp] = field(default_factory=dict)
    runs: dict[str, b.RunNoted] = field(default_factory=dict)
    found_items: dict[str, FoundItem] = field(default_factory=dict)


def open_draft(event: Event, body: b.Opened) -> Draft:
    """What the first event makes."""
    draft = Draft(event, body.title, body.severity, body.drill)
    if body.runbook:
        draft.runbooks.append(body.runbook)
    if body.started_at:
        draft.times["started"] = body.started_at
    draft.times["detected"] = body.detected_at or event.at
    return draft


def thaw(incident: Incident) -> Draft:
    """The draft that was frozen."""
    return Draft(
        opened=incident.events[0],
        title=incident.title,
        severity=incident.severity,
        drill=incident.drill,
        events=list(incident.events),
        undone=set(incident.undone),
        runbooks=list(incident.runbooks),
        roles=dict(incident.roles),
        offers=dict(incident.offers),
        steps=dict(incident.steps),
        at_step=incident.at_step,
        confirmed=set(incident.confirmed),
        times=dict(incident.times),
        notes=list(incident.notes),
        evidence=list(incident.evidence),
        alerts=dict(incident.alerts),
        updates={update.event: update for update in incident.updates},
        follow_ups={follow_up.event: follow_up for follow_up in incident.follow_ups},
        runs=dict(incident.runs),
        found_items=dict(incident.found_items),
    )


def freeze(draft: Draft) -> Incident:
    """The incident as it stands."""
    status: Status = "open"
    if "resolved" in draft.times:
        status = "resolved"
    elif "mitigated" in draft.times:
        status = "mitigated"
    return Incident(
        id=draft.opened.chain,
        title=draft.title,
        severity=draft.severity,
        drill=draft.drill,
        status=status,
        opened_at=draft.opened.at,
        opened_by=draft.opened.actor,
        events=tuple(draft.events),
        undone=frozenset(draft.undone),
        runbooks=tuple(draft.runbooks),
        roles=draft.roles,
        offers=draft.offers,
        steps=draft.steps,
        at_step=draft.at_step,
        confirmed=frozenset(draft.confirmed),
        times=draft.times,
        notes=tuple(draft.notes),
        evidence=tuple(draft.evidence),
        alerts=draft.alerts,
        updates=tuple(draft.updates.values()),
        follow_ups=tuple(draft.follow_ups.values()),
        runs=draft.runs,
        found_items=draft.found_items,
    )
