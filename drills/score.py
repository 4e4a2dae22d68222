"""What a response was worth, from 0 to 100, its times, and what the drill taught about the runbook. Pure.

The score is the share of the oracles' weights that passed, less `HINT_COST` for each hint. An oracle that nobody could decide
has not passed, and is said. Times run from the first fault (`drills.oracles.verdict.first_fault`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from core.message import say
from drills.oracles.deeds import live_events, verified_at
from drills.oracles.judge import judge_all
from drills.oracles.verdict import first_fault
from incidents.events.body import Marked, RoleAccepted, RoleTaken

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterator

    from core.message import Message
    from drills.oracles.model import OracleResult, Response
    from drills.scenarios.model import Scenario
    from incidents.events.incident import Step, StepKey
    from incidents.events.run import Run

    Say = Callable[[Message], str]

HINT_COST = 5
"""Points (of 100) that a hint costs."""
Kind = Literal["done", "skipped", "wrong"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """Seconds since the first fault; None for what did not happen.

    `detect_s` until the first thing that a responder wrote or ran, `acknowledge_s` until somebody took the lead, `mitigate_s` until
    a run that changes something was verified or somebody called it mitigated, `recover_s` until all was well for good.
    """

    detect_s: float | None = None
    acknowledge_s: float | None = None
    mitigate_s: float | None = None
    recover_s: float | None = None

    def to_json(self) -> dict[str, float | None]:
        """By name."""
        return {
            "detect_s": self.detect_s,
            "acknowledge_s": self.acknowledge_s,
            "mitigate_s": self.mitigate_s,
            "recover_s": self.recover_s,
        }


@dataclass(frozen=True, slots=True)
class StepNote:
    """A step of a runbook, or a run: done, left out with a reason, or wrong (it failed, or should not have been)."""

    name: str
    kind: Kind
    text: Message


@dataclass(frozen=True, slots=True)
class Lack:
    """What a runbook, or the scenario, could not do: for its owner."""

    about: str
    text: Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """See the module. `score` counts as a result only where the drill ended by itself (`ending`)."""

    scenario: Scenario
    score: int
    oracles: tuple[OracleResult, ...]
    times: Times
    budget_burnt: float | None
    ending: str
    hints: int = 0
    steps: tuple[StepNote, ...] = ()
    lacks: tuple[Lack, ...] = ()

    @property
    def undecided(self) -> tuple[str, ...]:
        """The oracles that nobody could decide."""
        return tuple(result.id for result in self.oracles if result.passed is None)

    def to_json(self, words: Say) -> dict[str, object]:
        """As `warroom drill run --json` prints it; sentences in the language of `words`."""
        return {
            "scenario": self.scenario.id,
            "score": self.score,
            "oracles": [
                {"id": result.id, "passed": result.passed, "evidence": words(result.evidence)}
                for result in self.oracles
            ],
            "times": self.times.to_json(),
            "budget_burnt": self.budget_burnt,
            "ending": self.ending,
            "hints": self.hints,
            "steps": [
                {"name": step.name, "kind": step.kind, "text": words(step.text)} for step in self.steps
            ],
            "findings": [{"about": lack.about, "text": words(lack.text)} for lack in self.lacks],
        }


def score(response: Response) -> Score:
    """Judge the response as of now; while the drill goes on, what may still come is undecided."""
    results = judge_all(response)
    specs = response.scenario.oracles
    earned = sum(spec.weight for spec, result in zip(specs, results, strict=True) if result.passed)
    hints = sum(note.is_hint for note in response.facts.notes)
    points = 100 * earned / sum(spec.weight for spec in specs) - HINT_COST * hints
    return Score(
        scenario=response.scenario,
        score=max(0, round(points)),
        oracles=results,
        times=times(response),
        budget_burnt=response.facts.budget_burnt,
        ending=response.facts.ending,
        hints=hints,
        steps=tuple(_steps(response, results)),
        lacks=tuple(_lacks(response)),
    )


def times(response: Response) -> Times:
    """What happened before the first fault counts as 0 s."""
    start = first_fault(response.facts)

    def since(moments: Iterator[dt.datetime]) -> float | None:
        first = min(moments, default=None)
        return None if first is None else round(max(0.0, (first - start).total_seconds()), 1)

    recovered = response.facts.recovered_at
    return Times(
        detect_s=since(_human(response)),
        acknowledge_s=since(_acknowledged(response)),
        mitigate_s=since(_mitigated(response)),
        recover_s=since(iter(() if recovered is None else (recovered,))),
    )


def _human(response: Response) -> Iterator[dt.datetime]:
    if response.incident is not None:
        yield response.incident.opened_at
    yield from (run.planned_at for run in response.runs)


def _acknowledged(response: Response) -> Iterator[dt.datetime]:
    for event in live_events(response.incident):
        match event.body:
            case RoleTaken(role="ic") | RoleAccepted(role="ic") | Marked(moment="acknowledged"):
                yield event.at
            case _:
                pass


def _mitigated(response: Response) -> Iterator[dt.datetime]:
    for run in response.runs:
        at = verified_at(run)
        if at is not None and run.planned.danger != "observe":
            yield at
    for event in live_events(response.incident):
        if isinstance(event.body, Marked) and event.body.moment in ("mitigated", "resolved"):
            yield event.at


def _steps(response: Response, results: tuple[OracleResult, ...]) -> Iterator[StepNote]:
    incident = response.incident
    for key, step in {} if incident is None else incident.steps.items():
        name = _name(key)
        match step.state:
            case "ticked":
                yield StepNote(name, "done", say("score.step_done", by=step.by))
            case "skipped":
                yield StepNote(name, "skipped", say("score.step_skipped", by=step.by, reason=step.reason))
            case "failed":
                yield StepNote(name, "wrong", say("score.step_failed", by=step.by, reason=step.reason))
            case _:
                pass
    for run in response.runs:
        if run.state == "failed" or run.verified is False:
            yield StepNote(f"{response.labels[run.id]} {run.action}", "wrong", _why(run))
    for spec, result in zip(response.scenario.oracles, results, strict=True):
        if spec.kind == "avoided" and result.passed is False and result.at is not None:
            yield StepNote(spec.id, "wrong", result.evidence)


def _lacks(response: Response) -> Iterator[Lack]:
    incident = response.incident
    for key, step in {} if incident is None else incident.steps.items():
        text = _lack(step)
        if text is not None:
            yield Lack(_name(key), text)
    for run in response.runs:
        if run.state == "failed" and run.started_at is None:
            yield Lack(run.action, say("score.refused", by=run.planned_by, why=_why(run)))
        elif run.state == "orphaned" or (run.state == "finished" and run.verified is None):
            yield Lack(run.action, say("score.unverified"))
    for check in dict.fromkeys(response.facts.unknown):
        yield Lack(check, say("score.unmeasured"))


def _lack(step: Step) -> Message | None:
    if step.state == "failed":
        return say("score.not_doable", by=step.by, reason=step.reason)
    if step.state == "skipped":
        return say("score.left_out", by=step.by, reason=step.reason)
    return say("score.check_unknown") if step.outcome == "unmeasured" else None


def _why(run: Run) -> Message:
    if run.said is not None:
        return run.said.message
    return say("score.run_failed", detail=run.detail or "–")


def _name(key: StepKey) -> str:
    return f"{key.runbook}/{key.step}" if key.runbook else key.step
