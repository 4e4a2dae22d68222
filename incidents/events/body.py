"""What an event can say: one frozen model a kind, told apart by `kind`.

Text is cleaned when an event is made, so that nothing in a journal can move a cursor. Times are UTC. To add a kind:
a model here, its place in `Body`, and what it changes in `incidents.events.fold`. Fields are never renamed or removed:
journals of earlier releases must still open; a new field has a default.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal, TypeAlias, get_args
from uuid import UUID  # noqa: TC003  # pydantic reads the annotations at run time

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter
from pydantic_core import PydanticCustomError

from core.text import clean, clean_block
from incidents.events.phrase import Phrase  # noqa: TC001  # pydantic reads the annotations at run time

Severity = Literal["SEV1", "SEV2", "SEV3", "SEV4"]
Role = Literal["ic", "ops", "comms", "scribe"]
Moment = Literal["started", "detected", "acknowledged", "mitigated", "resolved"]
"""`started`: when the harm began, from evidence; the others: when people got there (MTTD, MTTA, MTTM, MTTR)."""
MOMENTS: tuple[Moment, ...] = get_args(Moment)


def _utc(at: dt.datetime) -> dt.datetime:
    return at.replace(tzinfo=dt.UTC) if at.tzinfo is None else at.astimezone(dt.UTC)


def _non_blank(text: str) -> str:
    if not text.strip():
        raise PydanticCustomError("blank", "it must say something")
    return text


Line = Annotated[str, AfterValidator(clean)]
Block = Annotated[str, AfterValidator(clean_block)]
NonBlankLine = Annotated[str, AfterValidator(clean), AfterValidator(_non_blank)]
NonBlankBlock = Annotated[str, AfterValidator(clean_block), AfterValidator(_non_blank)]
Utc = Annotated[dt.datetime, AfterValidator(_utc)]
Number = Annotated[float, Field(allow_inf_nan=False)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


QuestionKind = Literal["gate_not_green", "killers_open", "not_over", "changed"]
"""What `response.guard` asks before something doubtful is written."""


class Answer(_Body):
    """A question that the writer answered with yes before the event was written.

    `about` says what it was about: steps by their ids, events by their sequence, or alerts. `how` tells whether a person was
    asked, or the option `--yes` answered for everything.
    """

    question: QuestionKind
    about: tuple[Line, ...] = Field(default=(), max_length=200)
    how: Literal["asked", "--yes"] = "asked"


class _AnsweredBody(_Body):
    """A kind that is written only after a question where something is doubtful."""

    answers: tuple[Answer, ...] = Field(default=(), max_length=10)


class Opened(_Body):
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


class RunbookAttached(_Body):
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


class Noted(_Body):
    """What somebody saw, thinks or did."""

    kind: Literal["noted"] = "noted"
    text: NonBlankBlock


class Curve(_Body):
    """One curve of pinned evidence; `at` are Unix seconds, a `None` is a gap. `named` stands before `name`."""

    name: Line = ""
    named: Phrase | None = None
    at: tuple[Number, ...] = Field(max_length=5000)
    values: tuple[Number | None, ...] = Field(max_length=5000)


class EvidencePinned(_Body):
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


class AlertAttached(_Body):
    """An alert that belongs to this incident; `fingerprint` is Alertmanager's, or any stable name."""

    kind: Literal["alert_attached"] = "alert_attached"
    fingerprint: NonBlankLine
    name: NonBlankLine
    severity: Line = ""
    since: Utc | None = None
    summary: Line = ""


class AlertResolved(_Body):
    """An attached alert fires no more."""

    kind: Literal["alert_resolved"] = "alert_resolved"
    fingerprint: NonBlankLine
    at: Utc


class AlertFiredAgain(_Body):
    """An attached alert that had stopped fires again, since `at`."""

    kind: Literal["alert_fired_again"] = "alert_fired_again"
    fingerprint: NonBlankLine
    at: Utc


class UpdateWritten(_AnsweredBody):
    """A status update: restarts the update clock."""

    kind: Literal["update_written"] = "update_written"
    text: NonBlankBlock


class UpdateDelivered(_Body):
    """What became of one sending of an update. `update` is the id of its `UpdateWritten`."""

    kind: Literal["update_delivered"] = "update_delivered"
    update: UUID
    target: NonBlankLine
    ok: bool
    detail: Line = ""


class FollowUpAdded(_Body):
    """Work for afterwards, with an owner."""

    kind: Literal["follow_up_added"] = "follow_up_added"
    text: NonBlankLine
    owner: Line = ""
    due: dt.date | None = None


class FollowUpDone(_AnsweredBody):
    """`follow_up` is the id of its `FollowUpAdded`."""

    kind: Literal["follow_up_done"] = "follow_up_done"
    follow_up: UUID


class RunNoted(_Body):
    """Where one execution of an action stands; the world is changed, so it can't be undone here."""

    kind: Literal["run_noted"] = "run_noted"
    run: NonBlankLine
    action: NonBlankLine
    state: Literal["claimed", "running", "verified", "failed", "cancelled", "undone"]
    runbook: Line = ""
    step: Line = ""
    detail: Line = ""


class Undone(_Body):
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
    | Undone
)


class Unreadable(_Body):
    """Stands for an event that this release can't read (a damaged or a newer one); never written."""

    kind: Literal["unreadable"] = "unreadable"
    was: str
    detail: str


AnyBody: TypeAlias = Body | Unreadable
BODY: TypeAdapter[Body] = TypeAdapter(Annotated[Body, Field(discriminator="kind")])
STEP_KINDS = ("step_started", "step_ticked", "step_skipped", "step_failed", "step_reopened")
"""The kinds that move a step."""
