"""Why something that a person wants to write would have no effect, said before it is written.

The fold ignores such events (two people may write at once); somebody who does it alone should hear why.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.message import say
from incidents.events import body as b
from incidents.events.fold import can_undo
from incidents.report.describe import IDS

if TYPE_CHECKING:
    from core.message import Message
    from incidents.events.incident import Incident
    from incidents.report.describe import Names


def objection(  # noqa: PLR0911  # one case a kind
    incident: Incident, actor: str, body: b.Body, names: Names = IDS
) -> Message | None:
    """What speaks against `body`, or None; `names` stand for ids."""
    match body:
        case b.RoleTaken() | b.RoleOffered() | b.RoleAccepted() | b.RoleReleased():
            return _role(incident, actor, body)
        case b.StepTicked() | b.StepSkipped() | b.StepFailed() | b.StepStarted() | b.StepReopened():
            return _step(incident, body, names)
        case b.PauseConfirmed() if incident.key(body.runbook, body.phase) in incident.confirmed:
            return say("objection.confirmed")
        case b.PauseConfirmed() if incident.roles.get("ic", actor) != actor:
            return say("objection.not_ic", ic=incident.roles["ic"])
        case b.Reopened() if incident.status == "open":
            return say("objection.is_open")
        case b.AlertResolved() if body.fingerprint not in incident.alerts:
            return say("objection.no_alert", alert=body.fingerprint)
        case b.AlertResolved() if incident.alerts[body.fingerprint].resolved_at is not None:
            return say("objection.alert_over", alert=body.fingerprint)
        case b.Undone():
            event = next((each for each in incident.events if each.id == body.event), None)
            if event is None or not can_undo(incident, event):
                return say("objection.no_undo")
        case _:
            pass
    return None


def _step(
    incident: Incident,
    body: b.StepTicked | b.StepSkipped | b.StepFailed | b.StepStarted | b.StepReopened,
    names: Names,
) -> Message | None:
    key = incident.key(body.runbook, body.step)
    before = incident.steps.get(key)
    if before is None:
        return say("objection.step_untouched", step=names.step(key)) if body.kind == "step_reopened" else None
    finished = before.state in ("ticked", "skipped", "failed")
    if finished and body.kind in (f"step_{before.state}", "step_started"):
        state = say(f"event.state_{before.state}")
        return say("objection.step_done", step=names.step(key), by=before.by, state=state)
    return None


def _role(
    incident: Incident, actor: str, body: b.RoleTaken | b.RoleOffered | b.RoleAccepted | b.RoleReleased
) -> Message | None:
    role, holder = say(f"event.role_{body.role}"), incident.roles.get(body.role)
    offer = incident.offers.get(body.role)
    match body:
        case b.RoleTaken() if holder == actor:
            return say("objection.role_yours", role=role)
        case b.RoleTaken() if holder is not None and not body.reason:
            return say("objection.role_held", role=role, holder=holder)
        case b.RoleOffered() if holder not in (None, actor):
            return say("objection.role_not_yours", role=role, holder=holder or "")
        case b.RoleAccepted() if offer is None or offer.to != actor:
            return say("objection.role_not_offered", role=role)
        case b.RoleReleased() if holder != actor:
            return say("objection.role_not_yours", role=role, holder=holder or "–")
        case _:
            return None
