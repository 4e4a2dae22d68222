"""`undone`: what was put in force was taken back: by an undo, or by a later run of what takes it back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.message import say
from drills.oracles.deeds import describe_run, is_way, well_ended_at
from drills.oracles.model import OracleKind
from drills.oracles.verdict import met, missing, moment

if TYPE_CHECKING:
    import datetime as dt

    from drills.oracles.model import OracleResult, Response
    from drills.scenarios.model import OracleSpec
    from incidents.events.run import Run


def judge(spec: OracleSpec, response: Response) -> OracleResult:
    """Without `any_of` all that lasts; where nothing was put in force nothing was taken back."""
    lasting = [
        run
        for run in response.runs
        if run.was_begun
        and run.planned.undoes is None
        and (run.undo is not None or run.until is not None)
        and (not spec.any_of or any(is_way(way, run) for way in spec.any_of))
    ]
    lasting = [run for run in lasting if not _is_undo(run, response)]
    if not lasting:
        return missing(spec, response, say("oracles.nothing_in_force"))
    ends: list[dt.datetime] = []
    for run in lasting:
        end = _taken_back_at(run, response)
        if end is None:
            since = run.started_at or run.planned_at
            return missing(spec, response, describe_run(response, run, "in_force", since))
        ends.append(end)
    at = max(ends)
    return met(spec, response, at, say("oracles.taken_back", count=len(lasting), at=moment(response, at)))


def _taken_back_at(run: Run, response: Response) -> dt.datetime | None:
    for other in response.runs:
        ended = well_ended_at(other)
        if ended is None or other.id == run.id:
            continue
        if other.planned.undoes == run.id or _undoes(other, run):
            return ended
    return run.events[-1].at if run.state == "undone" else None


def _undoes(other: Run, run: Run) -> bool:
    """Whether `other`, which began later, is the call that takes `run` back."""
    call = run.undo
    later = other.planned_at >= (run.ended_at or run.planned_at)
    return (
        call is not None
        and later
        and other.action == call.action
        and all(other.params.get(name) == value for name, value in call.params.items())
    )


def _is_undo(run: Run, response: Response) -> bool:
    """Whether it is what took another one back, though it was begun by hand."""
    return any(other.id != run.id and _undoes(run, other) for other in response.runs)


KIND = OracleKind("undone", judge)
