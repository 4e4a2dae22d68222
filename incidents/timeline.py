"""What happened, in order: one sentence an event, as Markdown for people and as JSON for programs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from incidents import body as b
from incidents.event import write_time
from signals.message import say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from incidents.event import Event
    from incidents.incident import Incident
    from signals.message import Message

    Say = Callable[[Message], str]
    Tell = Callable[[Incident, Event], Message]
    """The sentence of an event; who knows the runbooks calls steps by their words instead of their ids."""

_MARKUP = re.compile(r"([\\`*_\[\]|#~])")


def sentence(event: Event) -> Message:  # noqa: C901, PLR0911, PLR0912  # one case a kind; splitting would hide the list
    """What `event` says, without its time and its actor."""
    match event.body:
        case b.Opened() as x:
            return say(
                "event.opened_drill" if x.drill else "event.opened", severity=x.severity, title=x.title
            )
        case b.TitleChanged() as x:
            return say("event.title_changed", title=x.title)
        case b.SeverityChanged() as x:
            return say("event.severity_changed", severity=x.severity, reason=_because(x.reason))
        case b.Marked() as x:
            return say(
                "event.marked", moment=say(f"event.moment_{x.moment}"), at=short_time(write_time(x.at))
            )
        case b.Reopened() as x:
            return say("event.reopened", reason=x.reason)
        case b.RoleTaken() as x:
            return say("event.role_taken", role=say(f"event.role_{x.role}"), reason=_because(x.reason))
        case b.RoleOffered() as x:
            return say("event.role_offered", role=say(f"event.role_{x.role}"), to=x.to)
        case b.RoleAccepted() as x:
            return say("event.role_accepted", role=say(f"event.role_{x.role}"))
        case b.RoleReleased() as x:
            return say("event.role_released", role=say(f"event.role_{x.role}"))
        case b.RunbookAttached() as x:
            return say("event.runbook_attached", runbook=x.runbook)
        case b.StepStarted() as x:
            return say("event.step_started", step=x.step)
        case b.StepTicked() as x:
            return say("event.step_ticked", step=x.step, observed=_because(x.observed))
        case b.StepSkipped() as x:
            return say("event.step_skipped", step=x.step, reason=x.reason)
        case b.StepFailed() as x:
            return say("event.step_failed", step=x.step, reason=x.reason, observed=_because(x.observed))
        case b.StepReopened() as x:
            return say("event.step_reopened", step=x.step, reason=_because(x.reason))
        case b.StepAnnotated() as x:
            return say("event.step_annotated", step=x.step, text=x.text)
        case b.PauseConfirmed() as x:
            return say("event.pause_confirmed", phase=x.phase)
        case b.Noted() as x:
            return say("event.noted", text=x.text)
        case b.EvidencePinned() as x:
            return say("event.evidence_pinned", title=x.title or x.panel, line=_because(x.line))
        case b.AlertAttached() as x:
            return say("event.alert_attached", name=x.name, summary=_because(x.summary))
        case b.AlertResolved() as x:
            return say("event.alert_resolved", alert=x.fingerprint, at=short_time(write_time(x.at)))
        case b.UpdateWritten() as x:
            return say("event.update_written", text=x.text)
        case b.UpdateDelivered() as x:
            key = "event.update_delivered" if x.ok else "event.update_failed"
            return say(key, target=x.target, detail=_because(x.detail))
        case b.FollowUpAdded() as x:
            return say("event.follow_up_added", text=x.text, owner=x.owner or "–")
        case b.FollowUpDone():
            return say("event.follow_up_done")
        case b.RunNoted() as x:
            state = say(f"event.run_{x.state}")
            return say("event.run_noted", action=x.action, run=x.run, state=state, detail=_because(x.detail))
        case b.Undone() as x:
            return say("event.undone", reason=_because(x.reason))
        case b.Unreadable() as x:
            return say("event.unreadable", was=x.was, detail=x.detail)


def _because(text: str) -> Message | str:
    return say("event.because", text=text) if text else ""


def short_time(text: str) -> str:
    """`2026-11-24 03:12:44Z` from what `write_time` writes."""
    return f"{text[:10]} {text[11:19]}Z"


def told(incident: Incident, event: Event) -> Message:
    """The sentence of `event` in its incident: an undo names what it takes back."""
    if isinstance(event.body, b.Undone):
        target = event.body.event
        found = next((each for each in incident.events if each.id == target), None)
        if found is not None:
            return say("event.undone_what", what=sentence(found), reason=_because(event.body.reason))
    if isinstance(event.body, b.FollowUpDone):
        done = event.body.follow_up
        text = next((each.text for each in incident.follow_ups if each.event == done), "")
        return say("event.follow_up_done_what", text=text)
    return sentence(event)


def plain(text: str) -> str:
    """Text as Markdown that shows exactly that text, on one line."""
    safe = _MARKUP.sub(r"\\\1", " ".join(text.split()))
    return safe.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def timeline_lines(incident: Incident, words: Say, tell: Tell = told) -> Iterator[str]:
    """One Markdown list item an event, in order of sequence: clocks of responders differ."""
    for event in incident.events:
        text = plain(words(tell(incident, event)))
        if event.id in incident.undone:
            text = f"~~{text}~~"
        yield f"- {short_time(write_time(event.at))} **{plain(event.actor)}** {text}"


def timeline_markdown(incident: Incident, label: str, words: Say, tell: Tell = told) -> str:
    """The whole timeline as a page."""
    head = f"# {label} · {plain(incident.title)}"
    return "\n".join([head, "", *timeline_lines(incident, words, tell), ""])


def timeline_json(incident: Incident, words: Say) -> list[dict[str, Any]]:
    """The events with their data and their sentence."""
    return [
        {
            "id": str(event.id),
            "sequence": event.sequence,
            "at": write_time(event.at),
            "actor": event.actor,
            "kind": event.body.kind,
            "body": event.body.model_dump(mode="json", exclude={"kind"}),
            "undone": event.id in incident.undone,
            "text": words(told(incident, event)),
        }
        for event in incident.events
    ]


def incident_json(incident: Incident, label: str) -> dict[str, Any]:
    """The whole fold as JSON, without the events."""
    return {
        "id": label,
        "uuid": str(incident.id),
        "title": incident.title,
        "severity": incident.severity,
        "status": incident.status,
        "drill": incident.drill,
        "sequence": incident.sequence,
        "digest": incident.digest,
        "opened_at": write_time(incident.opened_at),
        "opened_by": incident.opened_by,
        "runbooks": list(incident.runbooks),
        "roles": dict(incident.roles),
        "offers": {role: {"by": offer.by, "to": offer.to} for role, offer in incident.offers.items()},
        "times": {moment: write_time(at) for moment, at in incident.times.items()},
        "at_step": incident.at_step._asdict() if incident.at_step else None,
        "steps": [{**key._asdict(), **_plain_values(step._asdict())} for key, step in incident.steps.items()],
        "confirmed": [key._asdict() for key in sorted(incident.confirmed)],
        "notes": [_plain_values(note._asdict()) for note in incident.notes],
        "evidence": [
            {
                "event": str(each.event),
                "by": each.by,
                "at": write_time(each.at),
                **each.pinned.model_dump(mode="json", exclude={"kind"}),
            }
            for each in incident.evidence
        ],
        "alerts": {name: _plain_values(alert._asdict()) for name, alert in incident.alerts.items()},
        "updates": [
            _plain_values(update._asdict())
            | {"deliveries": [_plain_values(delivery._asdict()) for delivery in update.deliveries]}
            for update in incident.updates
        ],
        "follow_ups": [_plain_values(each._asdict()) for each in incident.follow_ups],
        "runs": {run: body.model_dump(mode="json", exclude={"kind"}) for run, body in incident.runs.items()},
    }


def _plain_values(values: dict[str, Any]) -> dict[str, Any]:
    """Times and ids as text."""
    return {
        name: value
        if isinstance(value, str | int | float | tuple | None)
        else write_time(value)
        if hasattr(value, "astimezone")
        else str(value)
        for name, value in values.items()
    }
