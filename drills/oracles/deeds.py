"""What the responders did, as the journal has it: runs of actions and ticked steps, and which of them is a scenario's way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.message import say
from drills.oracles.verdict import moment
from incidents.events.body import Marked
from incidents.events.incident import StepKey
from incidents.events.run_body import RunFinished, RunVerified

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator

    from core.message import Message
    from drills.oracles.model import Response
    from drills.scenarios.model import Way
    from incidents.events.event import Event
    from incidents.events.incident import Incident
    from incidents.events.run import Run


@dataclass(frozen=True, slots=True)
class Deed:
    """Something that was done. `counts` is None where nobody can tell whether it did what it should."""

    at: dt.datetime
    counts: bool | None
    text: Message


def live_events(incident: Incident | None) -> Iterator[Event]:
    """The events that were not taken back, in their order."""
    if incident is not None:
        yield from (event for event in incident.events if event.id not in incident.undone)


def verified_at(run: Run) -> dt.datetime | None:
    """When the action's own check said yes; an undo later does not change that."""
    return next(
        (event.at for event in run.events if isinstance(event.body, RunVerified) and event.body.ok), None
    )


def well_ended_at(run: Run) -> dt.datetime | None:
    """When it was verified and ended well; None where either did not happen."""
    verified = verified_at(run)
    finished = any(isinstance(event.body, RunFinished) for event in run.events)
    return verified if finished and run.verified is not False else None


def is_way(way: Way, run: Run) -> bool:
    """Whether the run is of the way's action, with at least its parameters."""
    return way.action == run.action and all(
        run.params.get(name) == value for name, value in way.params.items()
    )


def describe_run(response: Response, run: Run, key: str, at: dt.datetime) -> Message:
    """`oracles.run_<key>`: which run of what, by whom, when."""
    params = "".join(f" {name}={value}" for name, value in run.params.items())
    return say(
        f"oracles.run_{key}",
        run=response.labels[run.id],
        action=f"{run.action}{params}",
        by=run.planned_by,
        at=moment(response, at),
    )


def step_key(way: Way) -> StepKey:
    """The step that the way names as `runbook/step`."""
    runbook, _, step = way.step.rpartition("/")
    return StepKey(runbook, step)


def deeds(way: Way, response: Response) -> Iterator[Deed]:
    """All that was done of one way."""
    if way.action:
        for run in response.runs:
            if is_way(way, run) and run.was_begun:
                yield _run_deed(response, run)
    if way.step and response.incident is not None:
        step = response.incident.steps.get(step_key(way))
        if step is not None and step.state == "ticked":
            fails = step.outcome == "not_passed"
            key = "failed" if fails else "unmeasured" if step.outcome == "unmeasured" else "done"
            at = moment(response, step.at)
            text = say(f"oracles.step_{key}", step=way.step, by=step.by, at=at)
            yield Deed(step.at, counts=not fails, text=text)


def _run_deed(response: Response, run: Run) -> Deed:
    ended = well_ended_at(run)
    if ended is not None:
        return Deed(ended, counts=True, text=describe_run(response, run, "verified", ended))
    at = run.ended_at or run.started_at or run.planned_at
    if not run.has_ended:
        return Deed(at, counts=None, text=describe_run(response, run, "running", at))
    if run.state in ("finished", "undone") and run.verified is None:
        return Deed(at, counts=None, text=describe_run(response, run, "unverified", at))
    return Deed(at, counts=False, text=describe_run(response, run, "failed", at))


def first_deed(response: Response) -> dt.datetime | None:
    """When a responder first did something about it: began what changes the world, ticked a step, or called it mitigated.

    What happens although nobody did anything is no merit: several kinds ask for this.
    """
    times = [
        run.started_at
        for run in response.runs
        if run.started_at is not None and run.planned.danger != "observe"
    ]
    if response.incident is not None:
        times += [step.at for step in response.incident.steps.values() if step.state == "ticked"]
        times += [
            event.at
            for event in live_events(response.incident)
            if isinstance(event.body, Marked) and event.body.moment == "mitigated"
        ]
    return min(times, default=None)
