"""The one guard: may this be written now? Screen and command line ask it first, and again at the moment of writing.

It knows the checklist (what comes after a pause point, what is left for the postmortem), gates, killer items, roles, and
what the fold would ignore: two people may act at once, and the slower one should hear why nothing came of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.message import say
from incidents.events import body as b
from incidents.events.fold import can_undo
from incidents.report.describe import describe_event, short_time
from response.checklist import FINISHED, is_confirmed, is_done, open_killers, stopped_by
from response.decision import ALLOWED, Ask, Reason, Refused
from signals.reading import Verdict

if TYPE_CHECKING:
    from core.message import Message
    from incidents.events.incident import Incident
    from response.checklist import Row
    from response.decision import Decision
    from response.situation import Proposal, Situation

StepMove = b.StepStarted | b.StepTicked | b.StepSkipped | b.StepFailed | b.StepReopened
RoleMove = b.RoleTaken | b.RoleOffered | b.RoleAccepted | b.RoleReleased


def may_propose(proposal: Proposal) -> Decision:
    """The first thing that speaks against any of the events, in the situation in which they are proposed."""
    decisions = (may(proposal.situation, body) for body in proposal.bodies)
    return next((decision for decision in decisions if decision != ALLOWED), ALLOWED)


def may(situation: Situation, body: b.Body, *, seen: int | None = None) -> Decision:
    """Whether `body` may be written as its actor.

    `seen` is the sequence that the actor saw when they decided: what somebody else has written since on the same matter
    is asked about. A question that the body's answers answer is not asked again.
    """
    answers = getattr(body, "answers", ())
    decisions = [_decide(situation, body), _left_in_force(situation, body)]
    if seen is not None:
        decisions.append(_changed_since(situation, body, seen))
    for decision in decisions:
        if isinstance(decision, Refused) or (isinstance(decision, Ask) and not decision.is_answered(answers)):
            return decision
    return ALLOWED


def reached(situation: Situation, row: Row, *, onward: bool = True) -> Decision:
    """Whether the checklist has come to `row`; going back (`onward` false) passes pause points."""
    if row.phase is not None and row.phase.prevention:
        return Refused(Reason.PREVENTION)
    pause = stopped_by(situation.incident, situation.rows, row) if onward else None
    if pause is not None and pause.phase is not None:
        return Refused(Reason.PAUSE_POINT, {"phase": pause.phase.title})
    return ALLOWED


def check_outcome(situation: Situation, row: Row) -> b.Outcome:
    """What the checks of the row's step say together: one that does not say what was expected goes before one not measured."""
    checks = row.step.checks if row.step else ()
    if not checks:
        return ""
    observed = situation.observed.get(row.step_key, ())
    verdicts = [None if observation is None else observation.verdict for observation in observed]
    if Verdict.BURNING in verdicts or Verdict.WARN in verdicts:
        return "not_passed"
    missing = len(verdicts) < len(checks) or None in verdicts or Verdict.UNKNOWN in verdicts
    return "unmeasured" if missing else "passed"


def is_doubtful(situation: Situation, row: Row) -> bool:
    """Whether a check of the row's step was not measured, or does not say what was expected."""
    return check_outcome(situation, row) in ("not_passed", "unmeasured")


def _decide(situation: Situation, body: b.Body) -> Decision:  # noqa: PLR0911  # one case a kind
    incident = situation.incident
    match body:
        case b.StepStarted() | b.StepTicked() | b.StepSkipped() | b.StepFailed() | b.StepReopened():
            return _step(situation, body)
        case b.PauseConfirmed():
            return _pause(situation, body)
        case b.RoleTaken() | b.RoleOffered() | b.RoleAccepted() | b.RoleReleased():
            return _role(incident, situation.actor, body)
        case b.Marked(moment="resolved") if incident.status != "resolved":
            return _resolve(situation)
        case b.Reopened() if incident.status == "open":
            return Refused(Reason.INCIDENT_OPEN)
        case b.AlertResolved() | b.AlertFiredAgain():
            return _alert(incident, body)
        case b.FollowUpDone():
            done = any(item.done for item in incident.follow_ups if item.event == body.follow_up)
            return Refused(Reason.FOLLOW_UP_DONE) if done else ALLOWED
        case b.Undone():
            event = next((event for event in incident.events if event.id == body.event), None)
            possible = event is not None and can_undo(incident, event)
            return ALLOWED if possible else Refused(Reason.NOTHING_TO_UNDO)
        case _:
            return ALLOWED


def _step(situation: Situation, body: StepMove) -> Decision:
    incident, key = situation.incident, situation.incident.key(body.runbook, body.step)
    row = situation.row("step", body.runbook, body.step)
    if row is not None:
        decision = reached(situation, row, onward=body.kind != "step_reopened")
        if decision != ALLOWED:
            return decision
    before = incident.steps.get(key)
    if before is None and body.kind == "step_reopened":
        return Refused(Reason.STEP_UNTOUCHED, {"step": situation.names.step(key)})
    if before and before.state in FINISHED and body.kind in (f"step_{before.state}", "step_started"):
        state = say(f"event.state_{before.state}")
        name = situation.names.step(key)
        return Refused(Reason.STEP_FINISHED, {"step": name, "by": before.by, "state": state})
    if row is not None and body.kind == "step_ticked" and _is_closed_gate(situation, row):
        return Ask("gate_not_green", details=_observed(situation, row))
    return ALLOWED


def _is_closed_gate(situation: Situation, row: Row) -> bool:
    """At a gate the next stage begins: that is not done by a slip of the thumb."""
    gate = row.step is not None and any(check.for_s for check in row.step.checks)
    return gate and is_doubtful(situation, row)


def _observed(situation: Situation, row: Row) -> tuple[Message, ...]:
    from runbooks.checks.observation import check_results

    checks = row.step.checks if row.step else ()
    observed = situation.observed.get(row.step_key, (None,) * len(checks))
    return check_results(observed, situation.now.timestamp())


def _pause(situation: Situation, body: b.PauseConfirmed) -> Decision:
    incident, actor = situation.incident, situation.actor
    row = situation.row("pause", body.runbook, body.phase)
    confirmed = is_confirmed(incident, row) if row else False
    if confirmed or incident.key(body.runbook, body.phase) in incident.confirmed:
        return Refused(Reason.PAUSE_CONFIRMED)
    if row is not None and (decision := reached(situation, row)) != ALLOWED:
        return decision
    if incident.roles.get("ic", actor) != actor:
        return Refused(Reason.NOT_IC, {"ic": incident.roles["ic"]})
    steps = [killer.step for killer in open_killers(incident, situation.rows, row)] if row else []
    killers = [step for step in steps if step is not None]
    if not killers:
        return ALLOWED
    details = (say("response.killer_open", step=f"{step.number} {step.text}") for step in killers)
    return Ask("killers_open", tuple(step.id for step in killers), tuple(details))


def _resolve(situation: Situation) -> Decision:
    """Killer items that nobody did, alerts that fire and panels that burn speak against the end."""
    incident = situation.incident
    killers = [
        row.step
        for row in situation.rows
        if row.step is not None and row.step.killer and not is_done(incident, row)
        if row.phase is not None and not row.phase.prevention
    ]
    firing = {
        fingerprint: say("response.alert_firing" if active else "response.alert_not_over", alert=alert.name)
        for fingerprint, alert in incident.alerts.items()
        if alert.resolved_at is None
        if (active := alert.name in situation.active_alerts) or not situation.alerts_known
    }
    details = (
        *situation.burning,
        *firing.values(),
        *(say("response.killer_open", step=f"{step.number} {step.text}") for step in killers),
    )
    about = (*(step.id for step in killers), *firing, *(("panels",) if situation.burning else ()))
    return Ask("not_over", about, details) if details else ALLOWED


def _left_in_force(situation: Situation, body: b.Body) -> Decision:
    """Who resolves an incident is asked about each thing that it leaves in force; those of others are counted."""
    if not isinstance(body, b.Marked) or body.moment != "resolved" or situation.incident.status == "resolved":
        return ALLOWED
    if situation.in_force_unknown is not None:
        return Ask("still_in_force", ("?",), (situation.in_force_unknown,))
    if not situation.in_force:
        return ALLOWED
    others = situation.others_in_force
    more = (say("response.in_force_others", count=others),) if others else ()
    labels = tuple(effect.run for effect in situation.in_force)
    return Ask("still_in_force", labels, (*(effect.text for effect in situation.in_force), *more))


def _role(incident: Incident, actor: str, body: RoleMove) -> Decision:
    role, holder = say(f"event.role_{body.role}"), incident.roles.get(body.role)
    offer = incident.offers.get(body.role)
    match body:
        case b.RoleTaken() if holder == actor:
            return Refused(Reason.ROLE_YOURS, {"role": role})
        case b.RoleTaken() if holder is not None and not body.reason:
            return Refused(Reason.ROLE_HELD, {"role": role, "holder": holder})
        case b.RoleOffered() if holder not in (None, actor):
            return Refused(Reason.ROLE_NOT_YOURS, {"role": role, "holder": holder or ""})
        case b.RoleAccepted() if offer is None or offer.to != actor:
            return Refused(Reason.ROLE_NOT_OFFERED, {"role": role})
        case b.RoleReleased() if holder != actor:
            return Refused(Reason.ROLE_NOT_YOURS, {"role": role, "holder": holder or "–"})
        case _:
            return ALLOWED


def _alert(incident: Incident, body: b.AlertResolved | b.AlertFiredAgain) -> Decision:
    alert, named = incident.alerts.get(body.fingerprint), {"alert": body.fingerprint}
    if alert is None:
        return Refused(Reason.ALERT_UNKNOWN, named)
    over = alert.resolved_at is not None
    if over == (body.kind == "alert_fired_again"):
        return ALLOWED
    return Refused(Reason.ALERT_RESOLVED if over else Reason.ALERT_FIRES, named)


def _changed_since(situation: Situation, body: b.Body, seen: int) -> Decision:
    """What others have written on the same matter since the sequence `seen`."""
    incident, names, concerns = situation.incident, situation.names, _concerns(situation.incident, body)
    since = {event.id: event for event in incident.events if event.sequence > seen}
    events = [
        event
        for event in since.values()
        if event.actor != situation.actor and event.id not in incident.undone
        if _matter(incident, event.body) in concerns
        and event.body.kind != "step_started"
        and not (isinstance(event.body, b.Undone) and event.body.event in since)  # both are as before
    ]
    if not events:
        return ALLOWED
    details = (
        say(
            "response.changed_by",
            at=short_time(event.at),
            by=event.actor,
            what=describe_event(incident, event, names),
        )
        for event in events
    )
    return Ask("changed", tuple(str(event.sequence) for event in events), tuple(details))


def _concerns(incident: Incident, body: b.Body) -> frozenset[tuple[str, ...]]:
    """The matters that its writer relied on: what it changes itself, and of a status update all that its text says."""
    matter = _matter(incident, body)
    own = frozenset[tuple[str, ...]]() if matter is None else frozenset([matter])
    if isinstance(body, b.UpdateWritten):
        return own | {("status",), ("severity_changed",), ("title_changed",)}
    return own


def _matter(incident: Incident, body: b.AnyBody) -> tuple[str, ...] | None:
    """What an event changes; two people who change the same want to know of each other."""
    match body:
        case b.StepStarted() | b.StepTicked() | b.StepSkipped() | b.StepFailed() | b.StepReopened():
            return "step", *incident.key(body.runbook, body.step)
        case b.RoleTaken() | b.RoleOffered() | b.RoleAccepted() | b.RoleReleased():
            return "role", body.role
        case b.Marked() | b.Reopened():
            return ("status",)
        case b.SeverityChanged() | b.TitleChanged() | b.UpdateWritten():
            return (body.kind,)
        case b.Undone():
            target = next((event for event in incident.events if event.id == body.event), None)
            return None if target is None else _matter(incident, target.body)
        case _:
            return None
