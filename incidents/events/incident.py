"""What an incident is at one moment: everything that follows from its events, and nothing else.

`incidents.events.fold` makes it. Every part is immutable, so that a screen may hold it while others write.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping
    from uuid import UUID

    from incidents.events.audit_body import AuditItem
    from incidents.events.body import EvidencePinned, Moment, Outcome, Role, RunNoted, Severity
    from incidents.events.event import Event
    from incidents.events.phrase import Phrase

Status = Literal["open", "mitigated", "resolved"]
ROLES: tuple[Role, ...] = ("ic", "ops", "comms", "scribe")
"""In the order in which they are shown."""


class StepKey(NamedTuple):
    """A step is named by its runbook (empty only where the incident has none) and its id there."""

    runbook: str
    step: str


class Step(NamedTuple):
    """How far a step is. `at` and `by` are of the last change; `started_at` is when work on it began.

    What its checks said is in `checks`, or in `observed` as somebody typed it: see `incidents.report.describe`. `run` is the label
    of the run whose verified end ticked it; empty where a person did.
    """

    state: Literal["open", "started", "ticked", "skipped", "failed"]
    by: str
    at: dt.datetime
    started_at: dt.datetime
    reason: str = ""
    observed: str = ""
    remarks: tuple[str, ...] = ()
    checks: tuple[Phrase, ...] = ()
    outcome: Outcome = ""
    run: str = ""


class Offer(NamedTuple):
    """A role that waits to be accepted."""

    by: str
    to: str
    at: dt.datetime


class Note(NamedTuple):
    """A note with its event, by which it can be undone."""

    event: UUID
    by: str
    at: dt.datetime
    text: str


class Evidence(NamedTuple):
    """A pinned panel."""

    event: UUID
    by: str
    at: dt.datetime
    pinned: EvidencePinned


class Firing(NamedTuple):
    """From when to when an alert fired."""

    since: dt.datetime
    until: dt.datetime


class Alert(NamedTuple):
    """An attached alert; `resolved_at` is None while it fires. `earlier` is when it fired before it fired again."""

    name: str
    severity: str
    summary: str
    since: dt.datetime | None
    attached_at: dt.datetime
    resolved_at: dt.datetime | None = None
    earlier: tuple[Firing, ...] = ()


class Delivery(NamedTuple):
    """What became of one sending."""

    target: str
    at: dt.datetime
    ok: bool
    detail: str


class Update(NamedTuple):
    """A status update and its sendings."""

    event: UUID
    by: str
    at: dt.datetime
    text: str
    deliveries: tuple[Delivery, ...] = ()


class FoundItem(NamedTuple):
    """A value that an audit found, as the last audit saw it, and the step that looked first."""

    item: AuditItem
    looked: StepKey
    run: str


class FollowUp(NamedTuple):
    """Work for afterwards."""

    event: UUID
    text: str
    owner: str
    due: dt.date | None
    done: bool = False


@dataclass(frozen=True, slots=True)
class Incident:
    """The fold of `events` (all of them, the undone ones too, in order of sequence)."""

    id: UUID
    title: str
    severity: Severity
    drill: bool
    status: Status
    opened_at: dt.datetime
    opened_by: str
    events: tuple[Event, ...]
    undone: frozenset[UUID]
    runbooks: tuple[str, ...]
    roles: Mapping[Role, str]
    offers: Mapping[Role, Offer]
    steps: Mapping[StepKey, Step]
    at_step: StepKey | None
    confirmed: frozenset[StepKey]
    times: Mapping[Moment, dt.datetime]
    notes: tuple[Note, ...]
    evidence: tuple[Evidence, ...]
    alerts: Mapping[str, Alert]
    updates: tuple[Update, ...]
    follow_ups: tuple[FollowUp, ...]
    runs: Mapping[str, RunNoted]
    found_items: Mapping[str, FoundItem]

    @property
    def sequence(self) -> int:
        """Of the last event."""
        return self.events[-1].sequence

    def key(self, runbook: str, name: str) -> StepKey:
        """The step (or phase) `name` of `runbook`; without a runbook that of the incident's first."""
        return StepKey(runbook or (self.runbooks[0] if self.runbooks else ""), name)

    def step_runs(self, key: StepKey) -> tuple[RunNoted, ...]:
        """The runs of a step, in the order in which they began."""
        runs = self.runs.values()
        return tuple(run for run in runs if run.step and self.key(run.runbook, run.step) == key)

    @property
    def digest(self) -> str:
        """Of the last event."""
        return self.events[-1].digest
