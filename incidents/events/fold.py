"""From events to the incident: `fold(events)`, and `apply(incident, event)` for one more.

Two people may write at once, so an event may find a state that its writer did not see. The fold is total: such an
event changes nothing, it raises nothing, and it stays in the journal. For every list of events
`fold(events) == apply(fold(events[:-1]), events[-1])`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from incidents.events import body as b
from incidents.events.audit_body import AuditItemsFound
from incidents.events.draft import freeze, open_draft, thaw
from incidents.events.incident import (
    Alert,
    Delivery,
    Evidence,
    Firing,
    FollowUp,
    FoundItem,
    Note,
    Offer,
    Step,
    StepKey,
    Update,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from uuid import UUID

    from incidents.events.body import Role
    from incidents.events.draft import Draft
    from incidents.events.event import Event
    from incidents.events.incident import Incident

FINAL_KINDS = frozenset({"opened", "run_noted", "update_delivered", "unreadable"})
"""What an undo can't take back: the world has changed, or there would be no incident."""


def fold(events: Iterable[Event]) -> Incident:
    """The incident that `events` (at least one, in order of sequence) make.

    Where the opening is missing or can't be read, the incident goes on under the title `?`.
    """
    events = list(events)
    undone = _undone(events)
    first = events[0].body
    draft = open_draft(
        events[0], first if isinstance(first, b.Opened) else b.Opened(title="?", severity="SEV2")
    )
    draft.undone = undone
    for event in events[1:]:
        if event.id not in undone and (change := _APPLY.get(type(event.body))):
            change(draft, event, event.body)
    draft.events = events
    return freeze(draft)


def apply(incident: Incident, event: Event) -> Incident:
    """The incident after one more event."""
    if isinstance(event.body, b.Undone):
        return fold([*incident.events, event])
    draft = thaw(incident)
    if change := _APPLY.get(type(event.body)):
        change(draft, event, event.body)
    draft.events.append(event)
    return freeze(draft)


def can_undo(incident: Incident, event: Event) -> bool:
    """Whether an undo of `event` would change anything."""
    return event.body.kind not in FINAL_KINDS and event.id not in incident.undone


def _undone(events: list[Event]) -> set[UUID]:
    """From the last to the first: an undo that is not undone itself takes back an earlier event."""
    undos = [(event, event.body) for event in events if isinstance(event.body, b.Undone)]
    if not undos:
        return set()
    place = {event.id: index for index, event in enumerate(events)}
    undone: set[UUID] = set()
    for event, body in reversed(undos):
        index = place.get(body.event, len(events))
        if event.id in undone or index >= place[event.id] or events[index].body.kind in FINAL_KINDS:
            continue
        undone.add(body.event)
    return undone


def _title(draft: Draft, _: Event, body: b.TitleChanged) -> None:
    draft.title = body.title


def _severity(draft: Draft, _: Event, body: b.SeverityChanged) -> None:
    draft.severity = body.severity


def _marked(draft: Draft, _: Event, body: b.Marked) -> None:
    draft.times[body.moment] = body.at


def _reopened(draft: Draft, _: Event, __: b.Reopened) -> None:
    draft.times.pop("mitigated", None)
    draft.times.pop("resolved", None)


def _role_taken(draft: Draft, event: Event, body: b.RoleTaken) -> None:
    holder = draft.roles.get(body.role)
    if holder is None or body.reason:
        _assign(draft, event, body.role)


def _role_offered(draft: Draft, event: Event, body: b.RoleOffered) -> None:
    """The holder hands it on; a role that nobody holds may be offered by anyone."""
    if draft.roles.get(body.role, event.actor) == event.actor:
        draft.offers[body.role] = Offer(event.actor, body.to, event.at)


def _role_accepted(draft: Draft, event: Event, body: b.RoleAccepted) -> None:
    offer = draft.offers.get(body.role)
    if offer and offer.to == event.actor:
        _assign(draft, event, body.role)


def _role_released(draft: Draft, event: Event, body: b.RoleReleased) -> None:
    if draft.roles.get(body.role) == event.actor:
        del draft.roles[body.role]


def _assign(draft: Draft, event: Event, role: Role) -> None:
    draft.roles[role] = event.actor
    draft.offers.pop(role, None)
    if role == "ic":  # somebody is in charge: the page was heard
        draft.times.setdefault("acknowledged", event.at)


def _runbook(draft: Draft, _: Event, body: b.RunbookAttached) -> None:
    if body.runbook not in draft.runbooks:
        draft.runbooks.append(body.runbook)


def _key(draft: Draft, runbook: str, name: str) -> StepKey:
    return StepKey(runbook or (draft.runbooks[0] if draft.runbooks else ""), name)


def _step_started(draft: Draft, event: Event, body: b.StepStarted) -> None:
    key = _key(draft, body.runbook, body.step)
    before = draft.steps.get(key)
    if before and before.state in ("ticked", "skipped", "failed"):
        return  # somebody else was quicker
    remarks = before.remarks if before else ()
    draft.steps[key] = Step("started", event.actor, event.at, event.at, remarks=remarks)
    draft.at_step = key


def _step_ticked(draft: Draft, event: Event, body: b.StepTicked) -> None:
    step = Step(
        state="ticked",
        by=event.actor,
        at=event.at,
        started_at=event.at,
        observed=body.observed,
        checks=body.checks,
        outcome=body.outcome,
    )
    _finish(draft, event, body, step)


def _step_skipped(draft: Draft, event: Event, body: b.StepSkipped) -> None:
    _finish(draft, event, body, Step("skipped", event.actor, event.at, event.at, reason=body.reason))


def _step_failed(draft: Draft, event: Event, body: b.StepFailed) -> None:
    step = Step(
        state="failed",
        by=event.actor,
        at=event.at,
        started_at=event.at,
        reason=body.reason,
        observed=body.observed,
        checks=body.checks,
    )
    _finish(draft, event, body, step)


def _finish(
    draft: Draft,
    event: Event,
    body: b.StepTicked | b.StepSkipped | b.StepFailed | b.RunNoted,
    step: Step,
) -> None:
    """The first tick stands, with its time and its name; another verdict replaces it."""
    key = _key(draft, body.runbook, body.step)
    before = draft.steps.get(key)
    if before is None:
        draft.steps[key] = step
    elif before.state != step.state:
        started = before.started_at if before.state == "started" else event.at
        draft.steps[key] = step._replace(started_at=started, remarks=before.remarks)
    if draft.at_step == key:
        draft.at_step = None


def _step_reopened(draft: Draft, event: Event, body: b.StepReopened) -> None:
    key = _key(draft, body.runbook, body.step)
    before = draft.steps.get(key)
    if before:
        draft.steps[key] = Step(
            state="open",
            by=event.actor,
            at=event.at,
            started_at=event.at,
            reason=body.reason,
            remarks=before.remarks,
        )
    for name, run in draft.runs.items():  # done again means each of its actions
        if run.part and run.state != "running" and _key(draft, run.runbook, run.step) == key:
            draft.runs[name] = run.model_copy(update={"part": 0})


def _step_annotated(draft: Draft, event: Event, body: b.StepAnnotated) -> None:
    key = _key(draft, body.runbook, body.step)
    before = draft.steps.get(key) or Step("open", event.actor, event.at, event.at)
    draft.steps[key] = before._replace(remarks=(*before.remarks, body.text))


def _pause(draft: Draft, event: Event, body: b.PauseConfirmed) -> None:
    """The IC's word; where nobody is IC, anyone's."""
    if draft.roles.get("ic", event.actor) == event.actor:
        draft.confirmed.add(_key(draft, body.runbook, body.phase))


def _noted(draft: Draft, event: Event, body: b.Noted) -> None:
    draft.notes.append(Note(event.id, event.actor, event.at, body.text))


def _pinned(draft: Draft, event: Event, body: b.EvidencePinned) -> None:
    draft.evidence.append(Evidence(event.id, event.actor, event.at, body))


def _alert(draft: Draft, event: Event, body: b.AlertAttached) -> None:
    draft.alerts[body.fingerprint] = Alert(body.name, body.severity, body.summary, body.since, event.at)


def _alert_resolved(draft: Draft, _: Event, body: b.AlertResolved) -> None:
    if alert := draft.alerts.get(body.fingerprint):
        draft.alerts[body.fingerprint] = alert._replace(resolved_at=body.at)


def _alert_fired_again(draft: Draft, _: Event, body: b.AlertFiredAgain) -> None:
    alert = draft.alerts.get(body.fingerprint)
    if alert is not None and alert.resolved_at is not None:
        firing = Firing(alert.since or alert.attached_at, alert.resolved_at)
        again = alert._replace(since=body.at, resolved_at=None, earlier=(*alert.earlier, firing))
        draft.alerts[body.fingerprint] = again


def _update(draft: Draft, event: Event, body: b.UpdateWritten) -> None:
    draft.updates[event.id] = Update(event.id, event.actor, event.at, body.text)


def _delivered(draft: Draft, event: Event, body: b.UpdateDelivered) -> None:
    if update := draft.updates.get(body.update):
        delivery = Delivery(body.target, event.at, body.ok, body.detail)
        draft.updates[body.update] = update._replace(deliveries=(*update.deliveries, delivery))


def _follow_up(draft: Draft, event: Event, body: b.FollowUpAdded) -> None:
    draft.follow_ups[event.id] = FollowUp(event.id, body.text, body.owner, body.due)


def _follow_up_done(draft: Draft, _: Event, body: b.FollowUpDone) -> None:
    if follow_up := draft.follow_ups.get(body.follow_up):
        draft.follow_ups[body.follow_up] = follow_up._replace(done=True)


def _run(draft: Draft, event: Event, body: b.RunNoted) -> None:
    """A step is ticked by its run once that was verified, and with it each other action of the step; never before.

    A tick stands when the run is undone afterwards: at the end of most incidents it is.
    """
    draft.runs[str(body.run_id or body.run)] = body
    if not body.part:
        return
    key = _key(draft, body.runbook, body.step)
    before = draft.steps.get(key)
    if body.state == "running" and (before is None or before.state == "open"):
        remarks = before.remarks if before else ()
        draft.steps[key] = Step("started", event.actor, event.at, event.at, remarks=remarks)
        draft.at_step = key
    verified = {
        run.part
        for run in draft.runs.values()
        if run.state == "verified" and _key(draft, run.runbook, run.step) == key
    }
    if body.state == "verified" and verified >= set(range(1, body.parts + 1)):
        step = Step(
            state="ticked",
            by=event.actor,
            at=event.at,
            started_at=event.at,
            checks=body.checks,
            outcome="passed",
            run=body.run,
        )
        _finish(draft, event, body, step)


def _items(draft: Draft, _: Event, body: AuditItemsFound) -> None:
    """An item keeps its row where an earlier audit gave it one."""
    looked = _key(draft, body.runbook, body.step)
    for item in body.items:
        known = draft.found_items.get(item.fingerprint)
        draft.found_items[item.fingerprint] = FoundItem(item, known.looked if known else looked, body.run)


_APPLY: dict[type, Callable[[Draft, Event, Any], None]] = {
    b.TitleChanged: _title,
    b.SeverityChanged: _severity,
    b.Marked: _marked,
    b.Reopened: _reopened,
    b.RoleTaken: _role_taken,
    b.RoleOffered: _role_offered,
    b.RoleAccepted: _role_accepted,
    b.RoleReleased: _role_released,
    b.RunbookAttached: _runbook,
    b.StepStarted: _step_started,
    b.StepTicked: _step_ticked,
    b.StepSkipped: _step_skipped,
    b.StepFailed: _step_failed,
    b.StepReopened: _step_reopened,
    b.StepAnnotated: _step_annotated,
    b.PauseConfirmed: _pause,
    b.Noted: _noted,
    b.EvidencePinned: _pinned,
    b.AlertAttached: _alert,
    b.AlertResolved: _alert_resolved,
    b.AlertFiredAgain: _alert_fired_again,
    b.UpdateWritten: _update,
    b.UpdateDelivered: _delivered,
    b.FollowUpAdded: _follow_up,
    b.FollowUpDone: _follow_up_done,
    b.RunNoted: _run,
    AuditItemsFound: _items,
}
