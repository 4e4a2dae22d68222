"""What a run is at one moment: the fold of its events.

The fold is total, as that of incidents: an event that no longer fits changes nothing and stays in the journal. Of two
ends the first stands, except that an end of which the runner itself tells replaces `orphaned`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, NamedTuple

from incidents.events import run_body as r

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping
    from uuid import UUID

    from incidents.events.event import Event
    from incidents.events.phrase import Phrase

RunState = Literal[
    "planned",
    "approved",
    "claimed",
    "started",
    "verified",
    "finished",
    "failed",
    "cancelled",
    "orphaned",
    "undone",
]
ENDED: tuple[RunState, ...] = ("finished", "failed", "cancelled", "orphaned", "undone")
"""States in which a run holds nothing."""


class Approval(NamedTuple):
    """Who confirmed which plan."""

    by: str
    at: dt.datetime
    digest: str
    identity: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """One execution of an action. `verified` is None until its checks have said something, and where they could not tell.

    `results` are what each of `checks` said, in their order. `said` (a sentence of ours) and `detail` (from outside) tell of
    the last event that had any.
    """

    id: UUID
    planned: r.RunPlanned
    planned_by: str
    planned_at: dt.datetime
    events: tuple[Event, ...]
    state: RunState = "planned"
    approvals: tuple[Approval, ...] = ()
    host: str = ""
    runner: str = ""
    token: int = 0
    process: int | None = None
    started_at: dt.datetime | None = None
    ended_at: dt.datetime | None = None
    verified: bool | None = None
    checks: tuple[Phrase, ...] = ()
    results: tuple[bool | None, ...] = ()
    exit_code: int | None = None
    output: r.Output | None = None
    said: Phrase | None = None
    detail: str = ""
    cancelled_by: str = ""
    cancel_asked_by: str = ""
    undo: r.UndoCall | None = None
    until: dt.datetime | None = None
    undone_by: UUID | None = None
    restarted: tuple[r.Restarted, ...] = ()
    serves: str = ""

    @property
    def action(self) -> str:
        """The id of the action."""
        return self.planned.action

    @property
    def params(self) -> Mapping[str, str]:
        """The parameters, secrets taken out."""
        return self.planned.params

    @property
    def resource(self) -> str:
        """What it needs for itself alone; empty where it only observes."""
        return self.planned.resource

    @property
    def was_begun(self) -> bool:
        """Whether the world may have been changed."""
        return self.started_at is not None

    @property
    def is_unclaimed(self) -> bool:
        """Whether no runner has it yet, nor ever will without a person."""
        return self.state in ("planned", "approved")

    @property
    def has_ended(self) -> bool:
        """Whether nothing is to come but perhaps an undo."""
        return self.state in ENDED

    @property
    def is_unknown(self) -> bool:
        """Whether it was looked at afterwards, and nobody could tell."""
        return self.verified is None and bool(self.checks)

    @property
    def sequence(self) -> int:
        """Of the last event."""
        return self.events[-1].sequence

    @property
    def digest(self) -> str:
        """Of the last event."""
        return self.events[-1].digest


def fold_run(events: Iterable[Event]) -> Run:
    """The run that `events` (at least one, in order of sequence) make; `?` where the first can't be read."""
    first, *rest = events
    planned = (
        first.body if isinstance(first.body, r.RunPlanned) else r.RunPlanned(action="?", danger="destructive")
    )
    run = Run(id=first.chain, planned=planned, planned_by=first.actor, planned_at=first.at, events=(first,))
    for event in rest:
        run = apply_run(run, event)
    return run


def apply_run(run: Run, event: Event) -> Run:
    """The run after one more event."""
    return replace(_change(run, event), events=(*run.events, event))


def _change(run: Run, event: Event) -> Run:  # noqa: C901, PLR0911  # one case a kind; splitting would hide the list
    if run.has_ended and run.state != "orphaned":
        return _undo(run, event)
    match event.body:
        case r.RunApproved() as x:
            approvals = (*run.approvals, Approval(event.actor, event.at, x.digest, x.identity))
            return replace(
                run, approvals=approvals, state="approved" if run.state == "planned" else run.state
            )
        case r.RunClaimed() as x if run.is_unclaimed:
            return replace(run, state="claimed", host=x.host, runner=x.runner, token=x.token)
        case r.RunStarted() as x if run.started_at is None:
            started = replace(run, process=x.process, host=x.host, started_at=event.at)
            return started if run.state == "orphaned" else replace(started, state="started")
        case r.RunVerified() as x:
            state = run.state if run.state == "orphaned" or not x.ok else "verified"
            verified = replace(run, verified=x.verdict, checks=x.checks, results=_results(x), state=state)
            return _with_outcome(replace(verified, restarted=x.restarted), x.said, x.detail)
        case r.RunFinished() as x:
            ended = replace(
                run, state="finished", exit_code=x.exit_code, output=x.output, undo=x.undo, until=x.until
            )
            return _with_outcome(replace(ended, serves=x.serves, ended_at=event.at), x.said, x.detail)
        case r.RunFailed(unclaimed=True) if not run.is_unclaimed:
            return run
        case r.RunFailed() as x:
            ended = replace(run, state="failed", exit_code=x.exit_code, output=x.output)
            return _with_outcome(replace(ended, ended_at=event.at), x.said, x.detail)
        case r.RunCancelAsked():
            return replace(run, cancel_asked_by=run.cancel_asked_by or event.actor)
        case r.RunCancelled() as x:
            by = x.asked_by or event.actor
            ended = replace(run, state="cancelled", output=x.output, cancelled_by=by, ended_at=event.at)
            return _with_outcome(ended, x.said, x.detail)
        case r.RunOrphaned() as x if run.state != "orphaned":
            return _with_outcome(replace(run, state="orphaned", ended_at=event.at), x.said, x.detail)
        case _:
            return _undo(run, event)


def _undo(run: Run, event: Event) -> Run:
    """What was begun can be undone, once; also where nobody knows how it ended. Until then its end can be put off."""
    if isinstance(event.body, r.RunExtended) and run.was_begun and run.state != "undone":
        return replace(run, until=event.body.until)
    if not isinstance(event.body, r.RunUndone) or not run.has_ended or run.state == "undone":
        return run
    return _with_outcome(
        replace(run, state="undone", undone_by=event.body.by), event.body.said, event.body.detail
    )


def _results(body: r.RunVerified) -> tuple[bool | None, ...]:
    """Where an earlier release did not write which check did not pass, each has what all have."""
    if not body.failed and not body.unknown:
        return (body.ok,) * len(body.checks)
    return tuple(
        False if place in body.failed else None if place in body.unknown else True
        for place in range(len(body.checks))
    )


def _with_outcome(run: Run, outcome: Phrase | None, detail: str) -> Run:
    return replace(run, said=outcome or run.said, detail=detail or run.detail)
