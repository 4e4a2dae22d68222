"""What is wrong in a scenario that can be read: names that name nothing, times that can't be, oracles that nobody can meet.

Pure: what there is (faults, actions, steps of runbooks, kinds of oracles) is handed in as `Known`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING

from pydantic import ValidationError

from core.invalid import invalid
from core.message import say
from core.text import clean
from core.units import quantity
from drills.scenarios.calls import as_runbook, moves, ways
from runbooks.lint.actions import lint_actions
from runbooks.lint.finding import Finding, from_problem
from runbooks.lint.lint import lint_check
from signals.regex import compile_regex

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from pydantic import BaseModel

    from core.message import Message
    from core.toml_file import Location
    from drills.faults.model import Fault
    from drills.scenarios.model import Injected, Scenario
    from drills.scenarios.read import ScenarioFile

NEED_WAYS = ("done", "order", "avoided")
"""Kinds that say nothing without `any_of`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What a scenario may name: `steps` are the ids of steps by runbook."""

    faults: Mapping[str, Fault]
    actions: Mapping[str, type[BaseModel]]
    steps: Mapping[str, Collection[str]]
    kinds: Collection[str]
    chaos: Mapping[str, str | None] = field(default_factory=dict)
    """Faults of `[actions.chaos]`, and what another value of each must match (RE2): those of a configured system."""


def lint_scenario(read: ScenarioFile, known: Known) -> list[Finding]:
    """All findings of a file; of one that can't be read, why."""
    findings = [from_problem(problem) for problem in read.problems]
    scenario = read.scenario
    if scenario is None:
        return findings
    lint = _Lint(read, scenario, known)
    findings += lint.timeline()
    findings += lint.identifiers()
    findings += lint.oracles()
    findings += lint.ways()
    findings += lint.autopilot()
    runbook = as_runbook(read, scenario, known.actions)
    findings += lint_actions(runbook, known.actions)
    findings += [
        finding
        for step in runbook.steps()
        for check in step.checks
        for finding in lint_check(check, read.file)
    ]
    return findings


@dataclass(frozen=True, slots=True)
class _Lint:
    """One scenario under the eyes of all rules."""

    read: ScenarioFile
    scenario: Scenario
    known: Known

    def _find(self, at: Location, rule: str, message: Message, fix: Message | None = None) -> Finding:
        return Finding(self.read.file, self.read.line(*at), rule, message, "certain", fix=fix)

    def timeline(self) -> Iterator[Finding]:
        """Faults that there are, with parameters that they take, over before the drill is."""
        limit_s = self.scenario.limit_s
        for index, injected in enumerate(self.scenario.timeline):
            at: Location = ("timeline", index)
            yield from self._fault(at, injected)
            limit = quantity(limit_s, "s")
            if injected.at_s >= limit_s:
                message = say("scenarios.beyond_limit", key="at_s", limit=limit)
                yield self._find((*at, "at_s"), "beyond-limit", message)
            elif injected.at_s + injected.for_s > limit_s:
                message = say("scenarios.outlasts", limit=limit)
                yield self._find((*at, "for_s"), "fault-outlasts", message)
        for index, signal in enumerate(self.scenario.signals):
            if signal.within_s > limit_s:
                message = say("scenarios.beyond_limit", key="within_s", limit=quantity(limit_s, "s"))
                yield self._find(("signals", index, "within_s"), "beyond-limit", message)

    def _fault(self, at: Location, injected: Injected) -> Iterator[Finding]:
        """One that its place has: a sandbox those of the program, a configured system those of `[actions.chaos]`."""
        name, where = injected.fault, self.scenario.where
        fault = self.known.faults.get(name) if where != "configured" else None
        if fault is not None:
            yield from self._parameters((*at, "params"), fault, injected.params)
        elif where != "sandbox" and name in self.known.chaos:
            yield from self._value((*at, "params"), name, injected.params)
        elif where == "configured" and name in self.known.faults:
            key = "sandbox_fault" if "configured" not in self.known.faults[name].where else "no_chaos"
            yield self._find((*at, "fault"), "sandbox-fault", say(f"scenarios.{key}", fault=name))
        else:
            known = [*(self.known.faults if where != "configured" else ()), *self.known.chaos]
            message = say("scenarios.unknown_fault", fault=clean(name, 80))
            yield self._find((*at, "fault"), "unknown-fault", message, _near(name, known))

    def _value(self, at: Location, fault: str, params: Mapping[str, str]) -> Iterator[Finding]:
        """A fault of `[actions.chaos]` has one parameter at most, which its `value` allows."""
        pattern = self.known.chaos[fault]
        for name in [*params][1:]:
            message = say("scenarios.fault_unknown_parameter", fault=fault, name=name)
            yield self._find((*at, name), "fault-parameter", message)
        for name, value in [*params.items()][:1]:
            if pattern is None or compile_regex(pattern).fullmatch(value) is None:
                detail = say("scenarios.value_wrong", pattern=pattern or "–")
                message = say("scenarios.fault_parameter", fault=fault, name=name, detail=detail)
                yield self._find((*at, name), "fault-parameter", message)

    def _parameters(self, at: Location, fault: Fault, params: Mapping[str, str]) -> Iterator[Finding]:
        known = fault.parameters.model_fields
        for name in params:
            if name not in known:
                message = say("scenarios.fault_unknown_parameter", fault=fault.id, name=name)
                yield self._find((*at, name), "fault-parameter", message, _near(name, known))
        try:
            fault.parameters.model_validate({name: params[name] for name in params if name in known})
        except ValidationError as error:
            for each in error.errors(include_input=False, include_url=False):
                name = str(each["loc"][0]) if each["loc"] else "?"
                message = say("scenarios.fault_parameter", fault=fault.id, name=name, detail=invalid(each))
                yield self._find((*at, name), "fault-parameter", message)

    def identifiers(self) -> Iterator[Finding]:
        """Samples, references and records go by ids: each stands for one thing."""
        places: list[tuple[Location, str]] = []
        for role, named in (
            ("steady", self.scenario.steady),
            ("signals", self.scenario.signals),
            ("recovered", self.scenario.recovered),
        ):
            places += [((role, index, "id"), each.id) for index, each in enumerate(named)]
        own = [(("oracles", index, "id"), each.id) for index, each in enumerate(self.scenario.oracles)]
        for group in (places, own):
            seen: Counter[str] = Counter()
            for at, name in group:
                seen[name] += 1
                if seen[name] == 2:
                    yield self._find(at, "duplicate-id", say("scenarios.duplicate_id", id=name))
        if self.scenario.runbook and self.scenario.runbook not in self.known.steps:
            yield self._no_runbook(("runbook",), self.scenario.runbook)

    def oracles(self) -> Iterator[Finding]:
        """Kinds that there are, with what they need, that wait for others which are there and not for each other."""
        ids = {oracle.id for oracle in self.scenario.oracles}
        for index, oracle in enumerate(self.scenario.oracles):
            at: Location = ("oracles", index)
            if oracle.kind not in self.known.kinds:
                message = say("scenarios.unknown_kind", kind=clean(oracle.kind, 80))
                fix = _near(oracle.kind, self.known.kinds)
                yield self._find((*at, "kind"), "unknown-oracle", message, fix)
            for key, needed, given in (
                ("any_of", oracle.kind in NEED_WAYS, oracle.any_of),
                ("checks", oracle.kind == "check", oracle.checks),
                ("after", oracle.kind == "order", oracle.after),
            ):
                if needed and not given:
                    message = say("scenarios.kind_needs", kind=oracle.kind, key=key)
                    yield self._find((*at, "kind"), "oracle-incomplete", message)
            for place, name in enumerate(oracle.after):
                if name not in ids:
                    message = say("scenarios.unknown_after", name=clean(name, 80))
                    yield self._find((*at, "after", place), "unknown-after", message, _near(name, ids))
            if oracle.by_s is not None and oracle.by_s > self.scenario.limit_s:
                limit = quantity(self.scenario.limit_s, "s")
                message = say("scenarios.beyond_limit", key="by_s", limit=limit)
                yield self._find((*at, "by_s"), "beyond-limit", message)
        yield from self._cycle()

    def _cycle(self) -> Iterator[Finding]:
        """What is left when all are taken away, round by round, that wait for none of the others left."""
        left = {oracle.id: set(oracle.after) for oracle in self.scenario.oracles}
        while free := [name for name, after in left.items() if not after & left.keys()]:
            for name in free:
                del left[name]
        waiting = [index for index, oracle in enumerate(self.scenario.oracles) if oracle.id in left]
        if waiting:
            message = say("scenarios.cycle", names=", ".join(left))
            yield self._find(("oracles", waiting[0], "after"), "oracle-cycle", message)

    def ways(self) -> Iterator[Finding]:
        """A run or a step, and a step that there is."""
        for at, way in ways(self.scenario):
            if bool(way.action) == bool(way.step):
                yield self._find(at, "way", say("scenarios.way"))
            if way.step:
                yield from self._step((*at, "step"), way.step)

    def autopilot(self) -> Iterator[Finding]:
        """Moves with what they need, that wait for what can happen."""
        signals = {signal.id for signal in self.scenario.signals}
        oracles = {oracle.id for oracle in self.scenario.oracles}
        for at, move in moves(self.scenario):
            kind, _, name = move.when.partition(":")
            fits = {"shown": name in signals, "met": name in oracles} | dict.fromkeys(
                ("lifted", "recovered", ""), not name
            )
            if not fits.get(kind, False):
                fix = _near(name, signals if kind == "shown" else oracles) if name else None
                message = say("scenarios.unknown_when", when=clean(move.when, 80))
                yield self._find((*at, "when"), "unknown-when", message, fix)
            if move.do == "run" and not move.action:
                yield self._find(at, "move-incomplete", say("scenarios.move_needs", do="run", key="action"))
            if move.do == "step":
                yield from self._step((*at, "step"), move.step)

    def _step(self, at: Location, name: str) -> Iterator[Finding]:
        runbook, _, step = name.rpartition("/")
        if not runbook:
            yield self._find(at, "unknown-step", say("scenarios.step_name", name=clean(name, 80) or "–"))
        elif runbook not in self.known.steps:
            yield self._no_runbook(at, runbook)
        elif step not in self.known.steps[runbook]:
            message = say("scenarios.unknown_step", runbook=runbook, step=clean(step, 80))
            yield self._find(at, "unknown-step", message, _near(step, self.known.steps[runbook]))

    def _no_runbook(self, at: Location, name: str) -> Finding:
        message = say("scenarios.unknown_runbook", runbook=clean(name, 80))
        return self._find(at, "unknown-runbook", message, _near(name, self.known.steps))


def _near(name: str, known: Collection[str]) -> Message | None:
    near = get_close_matches(name, known, n=1)
    return say("lint.did_you_mean", name=near[0]) if near else None
