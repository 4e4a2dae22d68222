"""What an event says, in words: names for ids, texts for phrases, one sentence an event.

The journal holds ids and phrases, which have no language; whoever shows or exports an incident asks here.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from core.message import say
from incidents.events import body as b
from incidents.events.audit_body import AuditItemsFound

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from core.message import Message
    from incidents.events.body import AnyBody
    from incidents.events.event import Event
    from incidents.events.incident import Incident, StepKey
    from incidents.events.phrase import Phrase

    Say = Callable[[Message], str]

SAME_MOMENT_S = 5.0
"""A moment that was marked within this time of its event needs no time of its own."""


@dataclass(frozen=True, slots=True)
class Names:
    """What runbooks, their steps and phases are called, in one language; what has no name here is called by its id."""

    runbooks: Mapping[str, str] = field(default_factory=dict)
    steps: Mapping[StepKey, str] = field(default_factory=dict)
    phases: Mapping[StepKey, str] = field(default_factory=dict)

    def runbook(self, runbook_id: str) -> str:
        """Its title."""
        return self.runbooks.get(runbook_id, runbook_id)

    def step(self, key: StepKey) -> str:
        """Its number and its text, such as `1.3 Stop the producers`."""
        return self.steps.get(key, key.step)

    def phase(self, key: StepKey) -> str:
        """Its number and its title."""
        return self.phases.get(key, key.step)


IDS = Names()
"""Nothing has a name but its id."""


def describe_event(incident: Incident, event: Event, names: Names = IDS) -> Message:
    """What `event` says in its incident, without its time and its actor; `names` stand for ids."""
    text = _describe_body(incident, event, names)
    for answer in getattr(event.body, "answers", ()):
        key = "event.answered_asked" if answer.how == "asked" else "event.answered_by_flag"
        text = say(key, what=text, question=_question(incident, event.body, answer, names))
    return text


def _question(incident: Incident, body: AnyBody, answer: b.Answer, names: Names) -> Message:
    """What was doubtful when the event was written all the same."""
    steps = [names.step(incident.key(getattr(body, "runbook", ""), step)) for step in answer.about]
    if answer.question == "killers_open" and steps:
        return say("event.question_killers_open", steps=join_parts(steps))
    if answer.question == "still_in_force":
        return say("event.question_still_in_force", runs=join_parts(answer.about or ("?",)))
    return say(f"event.question_{answer.question}")


def _describe_body(incident: Incident, event: Event, names: Names) -> Message:  # noqa: C901, PLR0911, PLR0912  # one case a kind; splitting would hide the list
    step = step_name(incident, event.body, names)
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
            if abs((event.at - x.at).total_seconds()) < SAME_MOMENT_S:
                return say(f"event.now_{x.moment}")
            return say(f"event.marked_{x.moment}", at=short_time(x.at))
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
            return say("event.step_ticked", step=step, observed=_because(observation_text(x)))
        case b.StepSkipped() as x:
            return say("event.step_skipped", step=step, reason=x.reason)
        case b.StepFailed() as x:
            return say(
                "event.step_failed", step=step, reason=x.reason, observed=_because(observation_text(x))
            )
        case b.StepReopened() as x:
            return say("event.step_reopened", step=step, reason=_because(x.reason))
        case b.StepAnnotated() as x:
            return say("event.step_annotated", step=step, text=x.text)
        case b.PauseConfirmed() as x:
            return say("event.pause_confirmed", phase=names.phase(incident.key(x.runbook, x.phase)))
        case b.Noted() as x:
            return say("event.noted", text=x.text)
        case b.EvidencePinned() as x:
            return say("event.evidence_pinned", title=evidence_title(x), line=_because(evidence_line(x)))
        case b.AlertAttached() as x:
            return say("event.alert_attached", name=x.name, summary=_because(x.summary))
        case b.AlertResolved() | b.AlertFiredAgain() as x:
            known = incident.alerts.get(x.fingerprint)
            alert = known.name if known else x.fingerprint
            return say(f"event.{x.kind}", alert=alert, at=short_time(x.at))
        case b.UpdateWritten() as x:
            return say("event.update_written", text=x.text)
        case b.UpdateDelivered() as x:
            key = "event.update_delivered" if x.ok else "event.update_failed"
            return say(key, target=x.target, detail=_because(x.detail))
        case b.FollowUpAdded() as x:
            key = "event.follow_up_added" if x.owner else "event.follow_up_unowned"
            return say(key, text=x.text, owner=x.owner)
        case b.FollowUpDone() as x:
            done = next((item.text for item in incident.follow_ups if item.event == x.follow_up), "")
            return say("event.follow_up_done_what", text=done) if done else say("event.follow_up_done")
        case b.RunNoted() as x:
            return _run_noted(incident, x, names)
        case AuditItemsFound() as x:
            first = x.items[0]
            return say(
                "event.audit_items_found", count=len(x.items), rule=first.rule, place=first.place, run=x.run
            )
        case b.Undone() as x:
            return _undone(incident, x, names)
        case b.Unreadable() as x:
            return say("event.unreadable", was=x.was, detail=x.detail)
        case x:  # an event of a run has no place in an incident
            return say("event.unreadable", was=x.kind, detail="")


def _run_noted(incident: Incident, run: b.RunNoted, names: Names) -> Message:
    """How a run stands, and at which step."""
    key = "event.run_noted_at" if run.step else "event.run_noted"
    step = names.step(incident.key(run.runbook, run.step)) if run.step else ""
    return say(
        key,
        action=run.action,
        run=run.run,
        state=run_state(run),
        step=step,
        detail=_because(run_detail(run)),
    )


def run_state(run: b.RunNoted) -> Message:
    """Done and not verified is not done."""
    if run.state == "finished" and run.verified is not None:
        return say("event.run_findings" if run.verified else "event.run_not_verified")
    if run.state == "finished" and run.checks:
        return say("event.run_unknown")
    return say(f"event.run_{run.state}")


def run_detail(run: b.RunNoted) -> Message | str:
    """What it said, and what its check said; empty when neither did."""
    parts: list[Message | str] = [run.detail] if run.detail else []
    parts += [phrase.message for phrase in ((run.said, *run.checks) if run.said else run.checks)]
    return join_parts(parts, "event.and") if parts else ""


def step_name(incident: Incident, body: AnyBody, names: Names) -> str:
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
    target = next((event for event in incident.events if event.id == body.event), None)
    if target is None:
        return say("event.undone", reason=_because(body.reason))
    undo = isinstance(target.body, b.Undone)
    what = say("event.undone", reason="") if undo else _describe_body(incident, target, names)
    return say("event.undone_what", what=what, reason=_because(body.reason))


def _because(text: Message | str) -> Message | str:
    return say("event.because", text=text) if text else ""


def short_time(at: dt.datetime) -> str:
    """UTC to the second: `2026-11-24 03:12:44Z`."""
    return at.astimezone(dt.UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def describe_skipped(first: str, last: str, count: int, reason: str) -> Message:
    """Several steps in a row that were left out for the same reason."""
    return say("event.steps_skipped", count=count, first=first, last=last, reason=reason)


class _Checked(Protocol):
    """A step, or the event that ticked it or let it fail."""

    @property
    def observed(self) -> str: ...
    @property
    def checks(self) -> tuple[Phrase, ...]: ...


def observation_text(step: _Checked) -> Message | str:
    """What was typed, and what the checks said; empty when nothing is known."""
    parts: list[Message | str] = [step.observed] if step.observed else []
    parts += [check.message for check in step.checks]
    return join_parts(parts, "event.and") if parts else ""


def evidence_title(pinned: b.EvidencePinned) -> Message | str:
    """The panel's title; its id where nothing else is known."""
    return pinned.titled.message if pinned.titled else pinned.title or pinned.panel


def evidence_line(pinned: b.EvidencePinned) -> Message | str:
    """The panel's line at that moment."""
    return pinned.said.message if pinned.said else pinned.line


def localize_evidence(pinned: b.EvidencePinned, words: Say) -> b.EvidencePinned:
    """The evidence with its title, its line and the names of its curves as texts."""
    curves = tuple(
        curve.model_copy(update={"name": words(curve.named.message), "named": None}) if curve.named else curve
        for curve in pinned.curves
    )
    texts = {"title": localize(evidence_title(pinned), words), "line": localize(evidence_line(pinned), words)}
    return pinned.model_copy(update={**texts, "titled": None, "said": None, "curves": curves})


def localize_body(body: AnyBody, words: Say) -> AnyBody:
    """Any body, with texts where it holds phrases."""
    match body:
        case b.EvidencePinned():
            return localize_evidence(body, words)
        case b.StepTicked() | b.StepFailed():
            return body.model_copy(update={"observed": localize(observation_text(body), words), "checks": ()})
        case b.RunNoted():
            return body.model_copy(
                update={"detail": localize(run_detail(body), words), "said": None, "checks": ()}
            )
        case _:
            return body


def localize(value: Message | str, words: Say) -> str:
    """A message in words; a text as it is."""
    return value if isinstance(value, str) else words(value)


def join_parts(parts: Sequence[Message | str], key: str = "event.comma") -> Message | str:
    """Put together with the commas (or what `key` says) of the language; at least one."""
    text = parts[0]
    for part in parts[1:]:
        text = say(key, one=text, other=part)
    return text
