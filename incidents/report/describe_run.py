"""What an event of a run says, in words: one sentence an event, without its time and its actor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.message import Message, say
from incidents.events import run_body as r
from incidents.events.body import Unreadable
from incidents.report.describe import join_parts, short_time

if TYPE_CHECKING:
    from incidents.events.event import Event
    from incidents.events.phrase import Phrase


def describe_run_event(event: Event) -> Message:  # noqa: C901, PLR0911, PLR0912  # one case a kind; splitting would hide the list
    """What `event` says in its run."""
    match event.body:
        case r.RunPlanned() as x:
            danger, action = say(f"event.danger_{x.danger}"), x.titled.message if x.titled else x.action
            params = "".join(f" {name}={value}" for name, value in x.params.items())
            undoes = say("event.of_run_undoes", run=str(x.undoes)) if x.undoes else ""
            return say("event.of_run_planned", action=action, danger=danger, params=params, undoes=undoes)
        case r.RunApproved() as x:
            return say("event.of_run_approved", digest=x.digest[:12])
        case r.RunClaimed() as x:
            return say("event.of_run_claimed", host=x.host, runner=f" ({x.runner})" if x.runner else "")
        case r.RunStarted() as x:
            process = say("event.of_run_process", process=x.process) if x.process else ""
            return say("event.of_run_started", host=x.host, process=process)
        case r.RunVerified() as x:
            key = {True: "verified", False: "not_verified", None: "unknown"}[x.verdict]
            return say(f"event.of_run_{key}", detail=_details(x.said, x.detail, *x.checks))
        case r.RunFinished() | r.RunFailed() as x:
            code = "" if x.exit_code is None else say("event.of_run_code", code=x.exit_code)
            detail = _details(x.said, x.detail)
            return say(f"event.of_{x.kind}", code=code, output=_output(x.output), detail=detail)
        case r.RunCancelAsked():
            return say("event.of_run_cancel_asked")
        case r.RunCancelled() as x:
            detail = _details(x.said, x.detail)
            actor = x.asked_by or event.actor
            return say("event.of_run_cancelled", actor=actor, output=_output(x.output), detail=detail)
        case r.RunOrphaned() as x:
            last = x.last_heartbeat_at
            at = say("event.of_run_last_heartbeat", at=short_time(last)) if last else ""
            return say("event.of_run_orphaned", at=at, detail=_details(x.said, x.detail))
        case r.RunExtended() as x:
            return say("event.of_run_extended", at=short_time(x.until))
        case r.RunUndone() as x:
            by = say("event.of_run_undone_by", run=str(x.by)) if x.by else ""
            return say("event.of_run_undone", run=by, detail=_details(x.said, x.detail))
        case Unreadable() as x:
            return say("event.unreadable", was=x.was, detail=x.detail)
        case x:  # an event of an incident has no place in a run
            return say("event.unreadable", was=x.kind, detail="")


def _output(output: r.Output | None) -> Message | str:
    if output is None:
        return ""
    lost = (
        say("event.of_run_output_lost", lost=output.lost, why=output.lost_why or "?") if output.lost else ""
    )
    return say("event.of_run_output", size=output.size, lost=lost)


def _details(outcome: Phrase | None, detail: str, *checks: Phrase) -> Message | str:
    """What is known beside, in brackets; empty when nothing is."""
    parts: list[Message | str] = [phrase.message for phrase in ((outcome, *checks) if outcome else checks)]
    parts += [detail] if detail else []
    return say("event.because", text=join_parts(parts, "event.and")) if parts else ""
