"""The checklist of an incident as rows: what stands where, what is done, where people are, and what stops them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from incidents.events.incident import StepKey

if TYPE_CHECKING:
    from collections.abc import Sequence

    from incidents.events.incident import Incident
    from incidents.events.incident import Step as StepState
    from runbooks.model import Phase, Runbook, Step

FINISHED = ("ticked", "skipped", "failed")
RowKey = tuple[str, str, str]


class Missing(NamedTuple):
    """A runbook that the incident follows and this program does not have."""

    id: str


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the checklist. The cursor stands on steps and pause points only."""

    kind: Literal["runbook", "phase", "step", "pause"]
    runbook: Runbook | Missing
    phase: Phase | None = None
    step: Step | None = None

    @property
    def key(self) -> RowKey:
        """What the cursor remembers: it stays with its row when the rows around it change."""
        inner = self.step.id if self.step else self.phase.id if self.phase else ""
        return self.runbook.id, self.kind, inner

    @property
    def step_key(self) -> StepKey:
        """The step as the journal names it."""
        return StepKey(self.runbook.id, self.step.id if self.step else "")


def checklist_rows(runbooks: Sequence[Runbook | Missing]) -> tuple[Row, ...]:
    """All rows; the name of a runbook stands over its phases where there is more than one."""
    rows: list[Row] = []
    for runbook in runbooks:
        if len(runbooks) > 1 or isinstance(runbook, Missing):
            rows.append(Row("runbook", runbook))
        if isinstance(runbook, Missing):
            continue
        for phase in runbook.phases:
            if not phase.steps and not phase.pause:
                continue
            rows.append(Row("phase", runbook, phase))
            rows += [Row("step", runbook, phase, step) for step in phase.steps]
            if phase.pause:
                rows.append(Row("pause", runbook, phase))
    return tuple(rows)


def can_stand(row: Row) -> bool:
    """Whether the cursor stops here."""
    return row.kind in ("step", "pause")


def step_state(incident: Incident | None, row: Row) -> StepState | None:
    """How far the row's step is; who scripts may have named it by its number."""
    if incident is None or row.step is None:
        return None
    by_id = incident.steps.get(incident.key(row.runbook.id, row.step.id))
    return by_id or incident.steps.get(incident.key(row.runbook.id, row.step.number))


def finished_before(incident: Incident, runbook: Runbook, step: Step) -> float:
    """When the step before was finished (Unix seconds), from which on a gate counts; infinite while it is not."""
    steps = list(runbook.steps())
    at = steps.index(step)
    if at == 0:
        return incident.opened_at.timestamp()
    state = step_state(incident, Row("step", runbook, step=steps[at - 1]))
    return state.at.timestamp() if state is not None and state.state in FINISHED else math.inf


def is_done(incident: Incident | None, row: Row) -> bool:
    """Whether nobody has to do anything about this row any more."""
    if row.kind == "pause":
        return is_confirmed(incident, row)
    state = step_state(incident, row)
    return state is not None and state.state in FINISHED


def is_confirmed(incident: Incident | None, row: Row) -> bool:
    """Whether the pause point of the row's phase is behind us."""
    if incident is None or row.phase is None:
        return False
    names = (row.phase.id, row.phase.number)
    return any(incident.key(row.runbook.id, name) in incident.confirmed for name in names)


def is_here(incident: Incident | None, row: Row) -> bool:
    """Whether this is the step at which people are, or were interrupted."""
    if incident is None or incident.at_step is None or row.step is None:
        return False
    at = incident.at_step
    return at.runbook == row.runbook.id and at.step in (row.step.id, row.step.number)


def stopped_by(incident: Incident | None, rows: Sequence[Row], row: Row) -> Row | None:
    """The pause point before `row` that the IC has not confirmed yet: until then the checklist goes no further."""
    for before in rows:
        if before == row:
            return None
        if before.kind == "pause" and before.runbook == row.runbook and not is_confirmed(incident, before):
            return before
    return None


def open_steps(incident: Incident | None, rows: Sequence[Row], at: Row) -> list[Row]:
    """The steps of the phase of `at` that are not done."""
    return [
        row
        for row in rows
        if row.phase == at.phase
        and row.runbook == at.runbook
        and row.step is not None
        and not is_done(incident, row)
    ]


def open_killers(incident: Incident | None, rows: Sequence[Row], pause: Row) -> list[Row]:
    """The killer items of the phase before a pause point that are not done."""
    return [row for row in open_steps(incident, rows, pause) if row.step is not None and row.step.killer]


def next_killer(incident: Incident | None, rows: Sequence[Row], at: RowKey | None) -> Row | None:
    """The next killer item behind the cursor that is not done; behind the last one the first again."""
    wanted = [row for row in rows if row.step is not None and row.step.killer and not is_done(incident, row)]
    keys = [row.key for row in rows]
    here = keys.index(at) if at in keys else -1
    return next((row for row in wanted if keys.index(row.key) > here), wanted[0] if wanted else None)


def phase_beyond(rows: Sequence[Row], here: Row, step: int) -> Row | None:
    """The first row of the next phase; with a negative `step` that of this one, or from there of the one before."""
    standing = [row for row in rows if can_stand(row)]
    at = standing.index(here)
    phases = [(row.runbook.id, row.phase) for row in standing]
    firsts = [index for index, phase in enumerate(phases) if not index or phases[index - 1] != phase]
    beyond = [index for index in firsts if index > at] if step > 0 else [i for i in firsts[::-1] if i < at]
    return standing[beyond[0]] if beyond else None


def first_row(incident: Incident | None, rows: Sequence[Row]) -> Row | None:
    """Where a newcomer should look: at the interrupted step, else at the first that is not done."""
    standing = [row for row in rows if can_stand(row)]
    here = next((row for row in standing if is_here(incident, row)), None)
    undone = (
        row for row in standing if not is_done(incident, row) and not (row.phase and row.phase.prevention)
    )
    return here or next(undone, standing[0] if standing else None)


class Progress(NamedTuple):
    """The steps of a phase: how many nobody has to do any more, of how many; and which of them were doubtful."""

    done: int
    steps: int
    failed: int = 0
    not_passed: int = 0
    unmeasured: int = 0


def progress(incident: Incident | None, rows: Sequence[Row], phase_row: Row) -> Progress:
    """How far a phase is."""
    own = [
        row
        for row in rows
        if row.kind == "step" and row.phase == phase_row.phase and row.runbook == phase_row.runbook
    ]
    states = [state for row in own if (state := step_state(incident, row)) is not None]
    ticks = [state.outcome for state in states if state.state == "ticked"]
    return Progress(
        done=sum(is_done(incident, row) for row in own),
        steps=len(own),
        failed=sum(state.state == "failed" for state in states),
        not_passed=ticks.count("not_passed"),
        unmeasured=ticks.count("unmeasured"),
    )


def phase_position(rows: Sequence[Row], phase_row: Row) -> tuple[int, int]:
    """Which phase of its runbook this is (from 1), of how many."""
    phases = [row.phase for row in rows if row.kind == "phase" and row.runbook == phase_row.runbook]
    return (phases.index(phase_row.phase) + 1 if phase_row.phase in phases else 0), len(phases)
