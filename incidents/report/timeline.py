"""What happened, in order: one sentence an event, as Markdown for people and as JSON for programs."""

from __future__ import annotations

import re
from itertools import groupby
from typing import TYPE_CHECKING, Any

from core.message import say
from incidents.events import body as b
from incidents.events.event import write_time
from incidents.report.describe import (
    IDS,
    describe_event,
    describe_skipped,
    localize,
    localize_body,
    localize_evidence,
    observation_text,
    short_time,
    step_name,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from core.message import Message
    from incidents.events.body import AnyBody
    from incidents.events.event import Event
    from incidents.events.incident import Incident
    from incidents.report.describe import Names

    Say = Callable[[Message], str]

_MARKDOWN = re.compile(r"([\\`*_\[\]|#~])")

_LIST_START = re.compile(r"^(\d{0,9})([-+=.)])")


def escape(text: str) -> str:
    """Text as Markdown that shows exactly that text, on one line."""
    safe = _MARKDOWN.sub(r"\\\1", " ".join(text.split()))
    return safe.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def escape_lines(text: str) -> list[str]:
    """Text of several lines, each as `escape`, and none the start of a list or a heading."""
    lines = [escape(line) for line in text.splitlines() if line.strip()]
    return [_LIST_START.sub(r"\1\\\2", line) for line in lines]


def timeline_lines(incident: Incident, words: Say, names: Names = IDS) -> Iterator[str]:
    """One Markdown list item an event, in order of sequence: clocks of responders differ.

    A phase that was skipped for one reason is one item, not one a step.
    """
    for _, group in groupby(incident.events, key=lambda event: _sentence_key(incident, event)):
        events = list(group)
        event, sentence = events[0], describe_event(incident, events[0], names)
        if len(events) > 1 and isinstance(event.body, b.StepSkipped):
            first, last = (step_name(incident, step.body, names) for step in (event, events[-1]))
            sentence = describe_skipped(first, last, len(events), event.body.reason)
        lines = escape_lines(words(sentence))
        if event.id in incident.undone:
            lines = [f"~~{line}~~" for line in lines]
        text = "\\\n  ".join(lines)  # a hard line break inside the item
        yield f"- {short_time(event.at)} **{escape(event.actor)}** {text}"


def _sentence_key(incident: Incident, event: Event) -> tuple[object, ...]:
    """Events that follow each other with the same key are told in one sentence."""
    if isinstance(event.body, b.StepSkipped) and event.id not in incident.undone:
        return event.actor, event.body.runbook, event.body.reason
    return (event.id,)


def timeline_markdown(incident: Incident, label: str, words: Say, names: Names = IDS) -> str:
    """The whole timeline as a page."""
    head = f"# {label} · {escape(incident.title)}"
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
            "body": _fields(localize_body(event.body, words)),
            "undone": event.id in incident.undone,
            "text": words(describe_event(incident, event, names)),
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
                **_plain_values(
                    step._replace(observed=localize(observation_text(step), words), checks=())._asdict()
                ),
            }
            for key, step in incident.steps.items()
        ],
        "found_items": [
            {**row.item.model_dump(), "run": row.run, "looked": row.looked._asdict()}
            for row in incident.found_items.values()
        ],
        "confirmed": [key._asdict() for key in sorted(incident.confirmed)],
        "notes": [_plain_values(note._asdict()) for note in incident.notes],
        "evidence": [
            {
                "event": str(evidence.event),
                "by": evidence.by,
                "at": write_time(evidence.at),
                **_fields(localize_evidence(evidence.pinned, words)),
            }
            for evidence in incident.evidence
        ],
        "alerts": {
            name: _plain_values(alert._asdict())
            | {"earlier": [_plain_values(firing._asdict()) for firing in alert.earlier]}
            for name, alert in incident.alerts.items()
        },
        "updates": [
            _plain_values(update._asdict())
            | {"deliveries": [_plain_values(delivery._asdict()) for delivery in update.deliveries]}
            for update in incident.updates
        ],
        "follow_ups": [_plain_values(item._asdict()) for item in incident.follow_ups],
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
