"""What the events of a run say. A run is one execution of an action and a chain of its own, with an incident or without.

planned → approved → claimed → started → verified → finished | failed | cancelled | orphaned; afterwards perhaps undone.
Heartbeats and output are no events: the event that ends a run carries the size and the SHA-256 of its output.
Parameters are stored as given: who makes an event has taken the secrets out.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias
from uuid import UUID  # noqa: TC003  # pydantic reads the annotations at run time

from pydantic import Field

from incidents.events.fields import Block, BodyModel, Line, NonBlankLine, Utc
from incidents.events.phrase import Phrase  # noqa: TC001  # pydantic reads the annotations at run time

Danger = Literal["observe", "mitigate", "destructive"]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Output(BodyModel):
    """How long a run's whole output is, in bytes, and its hash, by which a later change of it is known.

    `lost` bytes more could not be written, `lost_why` is what the system said of that.
    """

    size: int = Field(ge=0)
    sha256: Sha256
    lost: int = Field(default=0, ge=0)
    lost_why: Line = ""


class UndoCall(BodyModel):
    """The action, with its parameters, that takes a run back."""

    action: NonBlankLine
    params: dict[Line, Block] = Field(default={}, max_length=100)


class RunPlanned(BodyModel):
    """The first event of every run, and never a later one.

    `digest` is the plan's: what was confirmed is what runs. `resource` is what the run needs for itself alone; a run with an
    empty one (it only observes) needs no claim. `plan` is the plan as it was shown. `identity` is who planned it, by what could be
    proven. `plan_rest` is what of the plan did not fit into `plan`. `part` and `parts` say which of the step's actions it is,
    of how many (`incidents.events.body.RunNoted`). `drill` is the scenario on whose time line it stands, empty where it does not.
    """

    kind: Literal["run_planned"] = "run_planned"
    action: NonBlankLine
    titled: Phrase | None = None
    danger: Danger
    params: dict[Line, Block] = Field(default={}, max_length=100)
    resource: Annotated[Line, Field(max_length=200)] = ""
    digest: Line = ""
    plan: Block = ""
    incident: UUID | None = None
    runbook: Line = ""
    step: Line = ""
    undoes: UUID | None = None
    identity: Line = ""
    plan_rest: tuple[Block, ...] = Field(default=(), max_length=60)
    part: int = Field(default=0, ge=0)
    parts: int = Field(default=0, ge=0)
    drill: Line = ""


class RunApproved(BodyModel):
    """Somebody confirmed the plan with this digest; `identity` is who, by what could be proven."""

    kind: Literal["run_approved"] = "run_approved"
    digest: Line = ""
    identity: Line = ""


class RunClaimed(BodyModel):
    """One runner has the run and its resource; `token` is the lease's fencing token, 0 where it needs no resource."""

    kind: Literal["run_claimed"] = "run_claimed"
    host: NonBlankLine
    runner: Line = ""
    token: int = Field(default=0, ge=0)


class RunStarted(BodyModel):
    """The work began; `process` is the number of the process on `host`, where there is one."""

    kind: Literal["run_started"] = "run_started"
    host: NonBlankLine
    process: int | None = None


class _Outcome(BodyModel):
    """`said` is a sentence of ours, `detail` what came from outside."""

    said: Phrase | None = None
    detail: Line = ""


class Restarted(BodyModel):
    """A worker whose main process became another one."""

    worker: Line
    before: int
    pid: int


class RunVerified(_Outcome):
    """Whether the world is as it should be after the work, by the action's own checks.

    `ok` where all passed. `failed` and `unknown` are the positions in `checks` of those that did not pass, and of those that
    nobody could tell; earlier releases did not write which was which. `restarted` are processes that were replaced.
    """

    kind: Literal["run_verified"] = "run_verified"
    ok: bool = True
    checks: tuple[Phrase, ...] = Field(default=(), max_length=50)
    failed: tuple[int, ...] = Field(default=(), max_length=50)
    unknown: tuple[int, ...] = Field(default=(), max_length=50)
    restarted: tuple[Restarted, ...] = Field(default=(), max_length=50)

    @property
    def verdict(self) -> bool | None:
        """None where nothing failed, and somebody could not tell."""
        return None if not self.ok and self.unknown and not self.failed else self.ok


class RunFinished(_Outcome):
    """Done. `undo` takes it back, `until` is how long its effect stays in force; None where it is over.

    `serves` is the release that users reach from now on; empty where it changed nothing of that.
    """

    kind: Literal["run_finished"] = "run_finished"
    exit_code: int | None = None
    output: Output | None = None
    undo: UndoCall | None = None
    until: Utc | None = None
    serves: Line = ""


class RunFailed(_Outcome):
    """It did not do what it should, or was refused before it did anything.

    `unclaimed` says that no runner had it when this was written: whoever writes that ends no run that another runner has.
    """

    kind: Literal["run_failed"] = "run_failed"
    unclaimed: bool = False
    exit_code: int | None = None
    output: Output | None = None


class RunCancelAsked(BodyModel):
    """Somebody wants it to end; its runner writes what came of that."""

    kind: Literal["run_cancel_asked"] = "run_cancel_asked"


class RunCancelled(_Outcome):
    """Somebody stopped it; `asked_by` is who."""

    kind: Literal["run_cancelled"] = "run_cancelled"
    asked_by: Line = ""
    output: Output | None = None


class RunOrphaned(_Outcome):
    """Nobody knows how it ended: its runner gave no sign of life. Said by a person, or by who found it."""

    kind: Literal["run_orphaned"] = "run_orphaned"
    last_heartbeat_at: Utc | None = None


class RunExtended(BodyModel):
    """Somebody lets its effect stay in force until another time."""

    kind: Literal["run_extended"] = "run_extended"
    until: Utc


class RunUndone(_Outcome):
    """What it did was taken back, by the run `by` where that was an action."""

    kind: Literal["run_undone"] = "run_undone"
    by: UUID | None = None


RunBody: TypeAlias = (
    RunPlanned
    | RunApproved
    | RunClaimed
    | RunStarted
    | RunVerified
    | RunFinished
    | RunFailed
    | RunCancelAsked
    | RunCancelled
    | RunOrphaned
    | RunExtended
    | RunUndone
)
RunEnd: TypeAlias = RunFinished | RunFailed | RunCancelled | RunOrphaned
"""What ends a run, and gives its resource back."""
