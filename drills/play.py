"""How far a drill is: its clock, what is injected and what is due, the responders' incident and runs; and when it is over."""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from core.errors import WarroomError
from core.message import say
from drills.faults.errors import NotInjected
from drills.oracles.deeds import first_deed
from drills.oracles.model import Response
from drills.record import MasterNote
from drills.state import Abort, DrillState, Due, Hint, Inject, Note, Pause, Resume
from incidents.events import body as b
from signals.reading import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from core.message import Message
    from drills.board import ChecksBoard
    from drills.faults.model import Injecting, Injection
    from drills.oracles.model import OracleResult
    from drills.record import DrillFacts, Ending
    from drills.scenarios.model import Scenario
    from drills.state import DrillCommand, Phase
    from incidents.events.incident import Incident
    from incidents.events.run import Run
    from incidents.journal import Journal
    from incidents.journal.history import Summary

HOLD_S = 4.0
"""So long all must have been well again before it counts: one good sample may be luck."""


class Play:
    """Belongs to the thread that conducts."""

    def __init__(
        self,
        scenario: Scenario,
        facts: DrillFacts,
        injector: Injecting,
        board: ChecksBoard,
        limit_s: float,
        *,
        ends_beside_real: bool = False,
    ) -> None:
        self.scenario, self.facts, self.injector, self.board = scenario, facts, injector, board
        self.limit_s, self._ends_beside_real = limit_s, ends_beside_real
        self.phase: Phase = "running"
        self.problems: list[Message] = []
        self.is_aborted = False
        self._clock_s, self._resumed_at = 0.0, time.monotonic()
        self._due = [
            Due(at_s=each.at_s, fault=each.fault, params=each.params, for_s=each.for_s)
            for each in scenario.timeline
        ]
        self._incident: Incident | None = None
        self._label = ""
        self._well_since: dt.datetime | None = None
        self._was_unwell = False
        self._is_done = False

    @property
    def elapsed_s(self) -> float:
        """On the drill's own clock, which stands still during a pause."""
        return self._clock_s + (0.0 if self.phase == "paused" else time.monotonic() - self._resumed_at)

    def obey(self, command: DrillCommand, journal: Journal) -> None:
        """Do what the master asks for; what can't be done is a problem that is shown."""
        now = dt.datetime.now(dt.UTC)
        match command:
            case Pause() if self.phase == "running":
                self._clock_s, self.phase = self.elapsed_s, "paused"
            case Resume() if self.phase == "paused":
                self._resumed_at, self.phase = time.monotonic(), "running"
            case Abort(why=why):
                self.is_aborted = True
                if why:
                    self._note(MasterNote(now, why))
            case Note(text=text):
                self._note(MasterNote(now, text))
            case Hint(oracle=oracle):
                self._hint(oracle, journal, now)
            case Inject(fault=fault, params=params, for_s=for_s):
                try:
                    lasts_s = for_s or self.injector.lasts_s(fault)
                except WarroomError as error:
                    self.problems.append(error.message)
                else:
                    due = Due(at_s=self.elapsed_s, fault=fault, params=params, for_s=lasts_s, by_hand=True)
                    self._due.append(due)
            case _:
                pass

    def inject_due(self) -> None:
        """Break what the time line says; a fault that could not be injected is said and not tried again."""
        if self.phase != "running":
            return
        for index, due in enumerate(self._due):
            if due.injection is None and due.problem is None and due.at_s <= self.elapsed_s:
                try:
                    made = self.injector.inject(due.fault, due.params, due.for_s)
                except WarroomError as error:
                    self._due[index] = replace(due, problem=error.message)
                    self.problems.append(error.message)
                    if not isinstance(error, NotInjected):
                        raise
                else:
                    self._due[index] = replace(due, injection=made)

    def measured(self) -> None:
        """Take down what the round of measuring showed: which signals are there, and whether all is well again."""
        self._refresh_injections()
        if not self.facts.injections:
            return
        shown = dict(self.facts.shown)
        for state in self.board.of("signal"):
            if state.verdict is Verdict.OK:
                shown.setdefault(state.id, state.at)
        recovered = self.board.of("recovered")
        is_well = bool(recovered) and all(state.verdict is Verdict.OK for state in recovered)
        # A scenario without signals may break what no check sees, as a key in a commit is: then deeds end it.
        is_unseen = not self.scenario.signals and (self._all_lifted or self._is_done)
        self._was_unwell = self._was_unwell or bool(shown) or not is_well or is_unseen
        if not is_well or not self._was_unwell:
            self._well_since = None
        elif self._well_since is None:
            self._well_since = max(state.at for state in recovered)
        self.facts = replace(
            self.facts,
            shown=shown,
            recovered_at=self._well_since,
            samples=tuple(self.board.samples),
            unknown=self.board.never_measured(),
        )

    def scored(self, results: Iterable[OracleResult]) -> tuple[OracleResult, ...]:
        """Take down whether the responders have done all that the scenario asks them to do."""
        results = tuple(results)
        needed = {each.id for each in self.scenario.oracles if each.kind == "done"}
        self._is_done = bool(needed) and all(each.passed for each in results if each.id in needed)
        return results

    def look(self, journal: Journal) -> Response:
        """What the responders have done until now."""
        known: list[tuple[str, Run]] = []
        try:
            opened = [each for each in journal.history() if each.opened_at >= self.facts.started_at]
            self._end_beside([each for each in opened if not each.drill])
            if any(each.drill for each in opened):
                first = min((each for each in opened if each.drill), key=lambda each: each.opened_at)
                self._incident, self._label = journal.load(first.id), first.label
            known = _of_responders([*reversed(journal.runs())], self.facts.started_at)
        except WarroomError as error:
            if error.message not in self.problems:
                self.problems.append(error.message)
        incident = self._incident
        if incident is not None:
            hints = {note.text for note in self.facts.notes if note.is_hint}  # the master's only words there
            played = (event for event in incident.events if getattr(event.body, "text", "") not in hints)
            players = tuple(dict.fromkeys(event.actor for event in played))
            self.facts = replace(self.facts, incident=incident.id, players=players)
        return Response(
            scenario=self.scenario,
            facts=self.facts,
            incident=incident,
            runs=tuple(run for _, run in known),
            labels={run.id: label for label, run in known},
            met={},
        )

    def ending(self, response: Response, grace_s: float) -> Ending | None:
        """Whether it is over: all faults were there, all is well for good, and the responders have closed their incident."""
        if self.elapsed_s > self.limit_s:
            return "timed_out"
        is_ahead = any(due.injection is None and due.problem is None for due in self._due)
        if is_ahead or any(each.state == "injecting" for each in self.facts.injections):
            return None
        if all(each.state == "failed" for each in self.facts.injections):  # nothing could be broken
            return "aborted"
        at = self.facts.recovered_at
        if at is None:
            return None
        well_s = (dt.datetime.now(dt.UTC) - at).total_seconds()
        incident = response.incident
        if incident is not None:
            return "recovered" if incident.status == "resolved" and well_s >= HOLD_S else None
        return (
            "recovered" if self._all_lifted and first_deed(response) is None and well_s >= grace_s else None
        )

    def end(self, ending: Ending, at: dt.datetime, burnt: float | None) -> None:
        """The last facts."""
        self._refresh_injections()
        self.facts = replace(self.facts, ending=ending, ended_at=at, budget_burnt=burnt)

    def state(self, oracles: tuple[OracleResult, ...]) -> DrillState:
        """For the master."""
        return DrillState(
            scenario=self.scenario,
            facts=self.facts,
            phase=self.phase,
            now=dt.datetime.now(dt.UTC),
            elapsed_s=self.elapsed_s,
            limit_s=self.limit_s,
            timeline=tuple(self._due),
            checks=tuple(self.board.states.values()),
            oracles=oracles,
            incident=self._label,
            problems=tuple(self.problems),
        )

    @property
    def _all_lifted(self) -> bool:
        return all(each.state in ("lifted", "failed") for each in self.facts.injections)

    def _end_beside(self, real: Sequence[Summary]) -> None:
        """Outside of a sandbox an incident that is no drill may be real: nothing stays broken on purpose beside it."""
        if real and self._ends_beside_real and not self.is_aborted:
            self.is_aborted = True
            self.problems.append(say("drill.real_incident", label=real[0].label, title=real[0].title))

    def _refresh_injections(self) -> None:
        try:
            known = (
                *self.facts.injections,
                *self.injector.injections(),
            )  # a sandbox that is gone has none any more
        except WarroomError as error:  # what is known stays
            if error.message not in self.problems:
                self.problems.append(error.message)
            return
        injections = {each.id: each for each in known}
        self._due = [self._refreshed(due, injections) for due in self._due]
        self.facts = replace(self.facts, injections=tuple(injections.values()))

    def _refreshed(self, due: Due, injections: Mapping[str, Injection]) -> Due:
        """With how far its injection is; one that began and failed is said once."""
        if due.injection is None:
            return due
        now = injections.get(due.injection.id, due.injection)
        if now.state != "failed" or due.problem is not None:
            return replace(due, injection=now)
        problem = say("faults.not_injected", fault=now.fault, why=now.detail or "–")
        self.problems.append(problem)
        return replace(due, injection=now, problem=problem)

    def _note(self, note: MasterNote) -> None:
        self.facts = replace(self.facts, notes=(*self.facts.notes, note))

    def _hint(self, oracle: str, journal: Journal, now: dt.datetime) -> None:
        """Into the responders' timeline, in both languages: nobody knows here which one they read."""
        spec = next((each for each in self.scenario.oracles if each.id == oracle), None)
        if spec is None or spec.hint is None or self._incident is None:
            self.problems.append(say("drill.no_hint", oracle=oracle))
            return
        text = f"{spec.hint.en} / {spec.hint.zh}"
        try:
            journal.append(self._incident.id, self.facts.master, b.Noted(text=text))
        except WarroomError as error:
            self.problems.append(error.message)
            return
        self._note(MasterNote(now, text, is_hint=True))


def _of_responders(runs: Sequence[tuple[str, Run]], since: dt.datetime) -> list[tuple[str, Run]]:
    """Without those that break the target for the drill, and that lift them."""
    of_drill = {run.id for _, run in runs if run.planned.drill}
    return [
        (label, run)
        for label, run in runs
        if run.planned_at >= since and run.id not in of_drill and run.planned.undoes not in of_drill
    ]
