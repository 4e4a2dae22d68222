"""What an event can say: one frozen model a kind, told apart by `kind`.

Here are the kinds of an incident; those of a run are in `run_body`, those of an audit in `audit_body`, what their fields
are made of in `fields`. To add a kind:
a model here, its place in `Body`, and what it changes in `incidents.events.fold`. Fields are never renamed or removed:
journals of earlier releases must still open; a new field has a default.
"""

from __future__ import annotations

import datetime as dt  # noqa: TC003  # pydantic reads the annotations at run time
from typing import Annotated, Literal, TypeAlias, get_args
from uuid import UUID  # noqa: TC003  # pydantic reads the annotations at run time

from pydantic import Field, TypeAdapter

from incidents.events.audit_body import AuditItemsFound
from incidents.events.fields import (
    Block,
    BodyModel,
    Line,
    NonBlankBlock,
    NonBlankLine,
    Number,
    Utc,
)
from incidents.events.phrase import Phrase  # noqa: TC001  # pydantic reads the annotations at run time
from incidents.events.run_body import RunBody

Severity = Literal["SEV1", "SEV2", "SEV3", "SEV4"]
Role = Literal["ic", "ops", "comms", "scribe"]
Moment = Literal["started", "detected", "acknowledged", "mitigated", "resolved"]
"""`started`: when the harm began, from evidence; the others: when people got there (MTTD, MTTA, MTTM, MTTR)."""
MOMENTS: tuple[Moment, ...] = get_args(Moment)


QuestionKind = Literal["gate_not_green", "killers_open", "not_over", "still_in_force", "changed"]
"""What `response.guard` asks before something doubtful is written."""


class Answer(BodyModel):
    """A question that the writer answered with yes before the event was written.

    `about` says what it was about: steps by their ids, events by their sequence, runs by their labels, or alerts. `how` tells whether a person was
    asked, or the option `--yes` answered for everything.
    """

    question: QuestionKind
    about: tuple[Line, ...] = Field(default=(), max_length=200)
    how: Literal["asked", "--yes"] = "asked"


class _AnsweredBody(BodyModel):
    """A kind that is written only after a question where something is doubtful."""

    answers: tuple[Answer, ...] = Field(default=(), max_length=10)


class Opened(BodyModel):
    """The first event of every incident, and never a later one."""

    kind: Literal["opened"] = "opened"
    title: NonBlankLine
    severity: Severity
    runbook: Line = ""
    drill: bool = False
    started_at: Utc | None = None
    detected_at: Utc | None = None


class TitleChanged(_AnsweredBody):
    """A better name."""

    kind: Literal["title_changed"] = "title_changed"
    title: NonBlankLine


class SeverityChanged(_AnsweredBody):
    """It is worse, or less bad, than thought."""

    kind: Literal["severity_changed"] = "severity_changed"
    severity: Severity
    reason: Line = ""


class Marked(_AnsweredBody):
    """One of the times of the incident, which may lie before the event that tells it."""

    kind: Literal["marked"] = "marked"
    moment: Moment
    at: Utc


class Reopened(_AnsweredBody):
    """It was not over."""

    kind: Literal["reopened"] = "reopened"
    reason: NonBlankLine


class RoleTaken(_AnsweredBody):
    """Takes a free role for the actor; with a reason also one that somebody else holds (who may be out of reach)."""

    kind: Literal["role_taken"] = "role_taken"
    role: Role
    reason: Line = ""


class RoleOffered(_AnsweredBody):
    """The first half of a handover: the holder stays responsible until the other one accepts."""

    kind: Literal["role_offered"] = "role_offered"
    role: Role
    to: NonBlankLine


class RoleAccepted(_AnsweredBody):
    """The second half of a handover, said by the one to whom the role was offered."""

    kind: Literal["role_accepted"] = "role_accepted"
    role: Role


class RoleReleased(_AnsweredBody):
    """The holder lays the role down."""

    kind: Literal["role_released"] = "role_released"
    role: Role


class RunbookAttached(BodyModel):
    """One more manual that this incident follows."""

    kind: Literal["runbook_attached"] = "runbook_attached"
    runbook: NonBlankLine


class _StepBody(_AnsweredBody):
    runbook: Line = ""
    step: NonBlankLine


class StepStarted(_StepBody):
    """Somebody is at this step; the one that was interrupted is thus known."""

    kind: Literal["step_started"] = "step_started"


Outcome = Literal["", "passed", "not_passed", "unmeasured"]
"""What the checks of a step said when it was ticked, in a word; empty where it has none, or somebody said what they saw."""


class StepTicked(_StepBody):
    """Done. `checks`: what the step's checks said at that moment; `observed`: the same as somebody typed it.

    Earlier releases wrote the checks into `observed`, in the language of the writer.
    """

    kind: Literal["step_ticked"] = "step_ticked"
    observed: Line = ""
    checks: tuple[Phrase, ...] = Field(default=(), max_length=50)
    outcome: Outcome = ""


class StepSkipped(_StepBody):
    """Left out on purpose."""

    kind: Literal["step_skipped"] = "step_skipped"
    reason: NonBlankLine


class StepFailed(_StepBody):
    """Tried, and it did not do what it should."""

    kind: Literal["step_failed"] = "step_failed"
    reason: NonBlankLine
    observed: Line = ""
    checks: tuple[Phrase, ...] = Field(default=(), max_length=50)


class StepReopened(_StepBody):
    """To be done again."""

    kind: Literal["step_reopened"] = "step_reopened"
    reason: Line = ""


class StepAnnotated(_StepBody):
    """A remark on a step."""

    kind: Literal["step_annotated"] = "step_annotated"
    text: NonBlankBlock


class PauseConfirmed(_AnsweredBody):
    """The IC lets the checklist go on behind the pause point of `phase`."""

    kind: Literal["pause_confirmed"] = "pause_confirmed"
    runbook: Line = ""
    phase: NonBlankLine


class Noted(BodyModel):
    """What somebody saw, thinks or did."""

    kind: Literal["noted"] = "noted"
    text: NonBlankBlock


class Curve(BodyModel):
    """One curve of pinned evidence; `at` are Unix seconds, a `None` is a gap. `named` stands before `name`."""

    name: Line = ""
    named: Phrase | None = None
    at: tuple[Number, ...] = Field(max_length=5000)
    values: tuple[Number | None, ...] = Field(max_length=5000)


class EvidencePinned(BodyModel):
    """A panel's window as the responders saw it, with its data.

    `titled` and `said` are its title and its line; earlier releases wrote them as `title` and `line`, in the language
    of the writer.
    """

    kind: Literal["evidence_pinned"] = "evidence_pinned"
    panel: NonBlankLine
    title: Line = ""
    titled: Phrase | None = None
    line: Line = Field(default="", description="the panel's line in words at that moment")
    said: Phrase | None = None
    verdict: Literal["ok", "warn", "burning", "unknown", ""] = ""
    unit: Line = ""
    limit: Number | None = None
    curves: tuple[Curve, ...] = Field(default=(), max_length=16)
    query: Block = ""
    source: Line = ""


class AlertAttached(BodyModel):
    """An alert that belongs to this incident; `fingerprint` is Alertmanager's, or any stable name."""

    kind: Literal["alert_attached"] = "alert_attached"
    fingerprint: NonBlankLine
    name: NonBlankLine
    severity: Line = ""
    since: Utc | None = None
    summary: Line = ""


class AlertResolved(BodyModel):
    """An attached alert fires no more."""

    kind: Literal["alert_resolved"] = "alert_resolved"
    fingerprint: NonBlankLine
    at: Utc


class AlertFiredAgain(BodyModel):
    """An attached alert that had stopped fires again, since `at`."""

    kind: Literal["alert_fired_again"] = "alert_fired_again"
    fingerprint: NonBlankLine
    at: Utc


class UpdateWritten(_AnsweredBody):
    """A status update: restarts the update clock."""

    kind: Literal["update_written"] = "update_written"
    text: NonBlankBlock


class UpdateDelivered(BodyModel):
    """What became of one sending of an update. `update` is the id of its `UpdateWritten`."""

    kind: Literal["update_delivered"] = "update_delivered"
    update: UUID
    target: NonBlankLine
    ok: bool
    detail: Line = ""


class FollowUpAdded(BodyModel):
    """Work for afterwards, with an owner."""

    kind: Literal["follow_up_added"] = "follow_up_added"
    text: NonBlankLine
    owner: Line = ""
    due: dt.date | None = None


class FollowUpDone(_AnsweredBody):
    """`follow_up` is the id of its `FollowUpAdded`."""

    kind: Literal["follow_up_done"] = "follow_up_done"
    follow_up: UUID


class RunNoted(BodyModel):
    """Where a run stands, in the incident that it belongs to; the run itself is a chain of its own, see `run_body`.

    `run` is its label or id, `run_id` its id. A step is ticked by a run that was verified, once each of its `parts` actions was:
    this one is number `part` (from 1; 0 ticks nothing). `verified` and `checks` are what its check said, None where nothing was
    checked. The world is changed, so it can't be undone here.
    """

    kind: Literal["run_noted"] = "run_noted"
    run: NonBlankLine
    action: NonBlankLine
    state: Literal[
        "planned", "claimed", "running", "verified", "finished", "failed", "cancelled", "orphaned", "undone"
    ]
    runbook: Line = ""
    step: Line = ""
    detail: Line = ""
    run_id: UUID | None = None
    part: int = Field(default=0, ge=0)
    parts: int = Field(default=0, ge=0)
    verified: bool | None = None
    checks: tuple[Phrase, ...] = Field(default=(), max_length=50)
    said: Phrase | None = None


class Undone(_AnsweredBody):
    """Takes an event back (also an undo, which brings back what that one took). Both stay in the journal."""

    kind: Literal["undone"] = "undone"
    event: UUID
    reason: Line = ""


Body: TypeAlias = (
    Opened
    | TitleChanged
    | SeverityChanged
    | Marked
    | Reopened
    | RoleTaken
    | RoleOffered
    | RoleAccepted
    | RoleReleased
    | RunbookAttached
    | StepStarted
    | StepTicked
    | StepSkipped
    | StepFailed
    | StepReopened
    | StepAnnotated
    | PauseConfirmed
    | Noted
    | EvidencePinned
    | AlertAttached
    | AlertResolved
    | AlertFiredAgain
    | UpdateWritten
    | UpdateDelivered
    | FollowUpAdded
    | FollowUpDone
    | RunNoted
    | AuditItemsFound
    | Undone
)


class Unreadable(BodyModel):
    """Stands for an event that this release can't read (a damaged or a newer one); never written."""

    kind: Literal["unreadable"] = "unreadable"
    was: str
    detail: str


AnyBody: TypeAlias = Body | RunBody | Unreadable
BODY: TypeAdapter[Body | RunBody] = TypeAdapter(Annotated[Body | RunBody, Field(discriminator="kind")])
STEP_KINDS = ("step_started", "step_ticked", "step_skipped", "step_failed", "step_reopened")
"""The kinds that move a step."""
