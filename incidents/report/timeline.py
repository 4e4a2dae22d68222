"""What happened, in order: one sentence an event, as Markdown for people and as JSON for programs."""

from __future__ import annotations

import re
from itertools import groupby
from typing import TYPE_CHECKING, Any

from core.message import say
from incidents.events import body as b
from incidents.events.event import write_time
from incidents.events.names import IDS
from incidents.report.describe import body_in_words, in_words, line, observed, spoken, title

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from core.message import Message
    from incidents.events.body import AnyBody
    from incidents.events.event import Event
    from incidents.events.incident import Incident
    from incidents.events.names import Names

    Say = Callable[[Message], str]

AT_ONCE_S = 5.0
"""A moment that was told so soon needs no time of its own."""
_MARKUP = re.compile(r"([\\`*_\[\]|#~])")

_START = re.compile(r"^(\d{0,9})([-+=.)])")


def told(incident: Incident, event: Event, names: Names = IDS) -> Message:  # noqa: C901, PLR0911, PLR0912  # one case a kind; splitting would hide the list
    """What `event` says in its incident, without its time and its actor; `names` stand for ids."""
    step = _step_name(incident, event.body, names)
    match event.body:
        case b.Opened() as x:
            key = "event.opened_drill" if x.drill else "event.opened"
            runbook = say("event.with_runbook", runbook=names.runbook(x.runbook)) if x.runbook else ""
            return say(key, severity=x.severity, title=x.title, runbook=runbook)
        case b.TitleChanged() as x:
            return say("event.title_changed", title=x.title)
        case b.SeverityChanged() as x:
            return say("event.severity_changed", severity=x.severity, reason=_because(x.reason))
        case b.Marked() as x:
            if abs((event.at - x.at).total_seconds()) < AT_ONCE_S:
                return say(f"event.now_{x.moment}")
            return say(f"event.marked_{x.moment}", at=short_time(write_time(x.at)))
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
            return say("event.runbook_attached", runbook=names.runbook(x.runbook))
        case b.StepStarted():
            return say("event.step_started", step=step)
        case b.StepTicked() as x:
            return say("event.step_ticked", step=step, observed=_because(observed(x)))
        case b.StepSkipped() as x:
            return say("event.step_skipped", step=step, reason=x.reason)
        case b.StepFailed() as x:
            return say("event.step_failed", step=step, reason=x.reason, observed=_because(observed(x)))
        case b.StepReopened() as x:
            return say("event.step_reopened", step=step, reason=_because(x.reason))
        case b.StepAnnotated() as x:
            return say("event.step_annotated", step=step, text=x.text)
        case b.PauseConfirmed() as x:
            return say("event.pause_confirmed", phase=names.phase(incident.key(x.runbook, x.phase)))
        case b.Noted() as x:
            return say("event.noted", text=x.text)
        case b.EvidencePinned() as x:
            return say("event.evidence_pinned", title=title(x), line=_because(line(x)))
        case b.AlertAttached() as x:
            return say("event.alert_attached", name=x.name, summary=_because(x.summary))
        case b.AlertResolved() as x:
            known = incident.alerts.get(x.fingerprint)
            alert = known.name if known else x.fingerprint
            return say("event.alert_resolved", alert=alert, at=short_time(write_time(x.at)))
        case b.UpdateWritten() as x:
            return say("event.update_written", text=x.text)
        case b.UpdateDelivered() as x:
            key = "event.update_delivered" if x.ok else "event.update_failed"
            return say(key, target=x.target, detail=_because(x.detail))
        case b.FollowUpAdded() as x:
            key = "event.follow_up_added" if x.owner else "event.follow_up_unowned"
            return say(key, text=x.text, owner=x.owner)
        case b.FollowUpDone() as x:
            done = next((each.text for each in incident.follow_ups if each.event == x.follow_up), "")
            return say("event.follow_up_done_what", text=done) if done else say("event.follow_up_done")
        case b.RunNoted() as x:
            state = say(f"event.run_{x.state}")
            return say("event.run_noted", action=x.action, run=x.run, state=state, detail=_because(x.detail))
        case b.Undone() as x:
            return _undone(incident, x, names)
        case b.Unreadable() as x:
            return say("event.unreadable", was=x.was, detail=x.detail)


def _step_name(incident: Incident, body: AnyBody, names: Names) -> str:
    match body:
        case (
            b.StepStarted()
            | b.StepTicked()
            | b.StepSkipped()
            | b.StepFailed()
            | b.StepReopened()
            | b.StepAnnotated()
        ):
            return names.step(incident.key(body.runbook, body.step))
        case _:
            return ""


def _undone(incident: Incident, body: b.Undone, names: Names) -> Message:
    """An undo names what it takes back; where that is an undo itself, that is enough."""
    found = next((each for each in incident.events if each.id == body.event), None)
    if found is None:
        return say("event.undone", reason=_because(body.reason))
    undo = isinstance(found.body, b.Undone)
    what = say("event.undone", reason="") if undo else told(incident, found, names)
    return say("event.undone_what", what=what, reason=_because(body.reason))


def _because(text: Message | str) -> Message | str:
    return say("event.because", text=text) if text else ""


def short_time(text: str) -> str:
    """`2026-11-24 03:12:44Z` from what `write_time` writes."""
    return f"{text[:10]} {text[11:19]}Z"


def plain(text: str) -> str:
    """Text as Markdown that shows exactly that text, on one line."""
    safe = _MARKUP.sub(r"\\\1", " ".join(text.split()))
    return safe.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def plain_lines(text: str) -> list[str]:
    """Text of several lines, each as `plain`, and none the start of a list or a heading."""
    lines = [plain(each) for each in text.splitlines() if each.strip()]
    return [_START.sub(r"\1\\\2", each) for each in lines]


def timeline_lines(incident: Incident, words: Say, names: Names = IDS) -> Iterator[str]:
    """One Markdown list item an event, in order of sequence: clocks of responders differ.

    A phase that was skipped for one reason is one item, not one a step.
    """
    for _, group in groupby(incident.events, key=lambda event: _alike(incident, event)):
        events = list(group)
        event, sentence = events[0], told(incident, events[0], names)
        if len(events) > 1 and isinstance(event.body, b.StepSkipped):
            first, last = (_step_name(incident, each.body, names) for each in (event, events[-1]))
            sentence = skipped_together(first, last, len(events), event.body.reason)
        lines = plain_lines(words(sentence))
        if event.id in incident.undone:
            lines = [f"~~{each}~~" for each in lines]
        text = "\\\n  ".join(lines)  # a hard line break inside the item
        yield f"- {short_time(write_time(event.at))} **{plain(event.actor)}** {text}"


def _alike(incident: Incident, event: Event) -> tuple[object, ...]:
    """Events that follow each other with the same key are told in one sentence."""
    if isinstance(event.body, b.StepSkipped) and event.id not in incident.undone:
        return event.actor, event.body.runbook, event.body.reason
    return (event.id,)


def skipped_together(first: str, last: str, count: int, reason: str) -> Message:
    """Several steps in a row that were left out for the same reason."""
    return say("event.steps_skipped", count=count, first=first, last=last, reason=reason)


def timeline_markdown(incident: Incident, label: str, words: Say, names: Names = IDS) -> str:
    """The whole timeline as a page."""
    head = f"# {label} · {plain(incident.title)}"
    utc = words(say("postmortem.times_utc"))
    return "\n".join([head, "", utc, "", *timeline_lines(incident, words, names), ""])


def timeline_json(incident: Incident, words: Say, names: Names = IDS) -> list[dict[str, Any]]:
    """The events with their data and their sentence, what is language in it in that of `words`."""
    return [
        {
            "id": str(event.id),
            "sequence": event.sequence,
            "at": write_time(event.at),
            "actor": event.actor,
            "kind": event.body.kind,
            "body": _fields(body_in_words(event.body, words)),
            "undone": event.id in incident.undone,
            "text": words(told(incident, event, names)),
        }
        for event in incident.events
    ]


def incident_json(incident: Incident, label: str, words: Say) -> dict[str, Any]:
    """The whole fold as JSON, without the events, what is language in it in that of `words`."""
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
        "steps": [
            {
                **key._asdict(),
                **_plain_values(step._replace(observed=spoken(observed(step), words), checks=())._asdict()),
            }
            for key, step in incident.steps.items()
        ],
        "confirmed": [key._asdict() for key in sorted(incident.confirmed)],
        "notes": [_plain_values(note._asdict()) for note in incident.notes],
        "evidence": [
            {
                "event": str(each.event),
                "by": each.by,
                "at": write_time(each.at),
                **_fields(in_words(each.pinned, words)),
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
        "runs": {run: _fields(body) for run, body in incident.runs.items()},
    }


def _fields(body: AnyBody) -> dict[str, Any]:
    """What a body says, without what only its language-free form needs."""
    curves = {"__all__": {"named"}}
    return body.model_dump(
        mode="json", exclude={"kind": True, "titled": True, "said": True, "checks": True, "curves": curves}
    )


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
