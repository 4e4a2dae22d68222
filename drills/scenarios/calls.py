"""A scenario as what a runbook's lint can read: its checks, and the actions that its ways and moves call, with their lines."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from runbooks.model import ActionCall, Phase, Runbook, Step

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pydantic import BaseModel

    from core.toml_file import Location
    from drills.scenarios.model import Move, Scenario, Way
    from drills.scenarios.read import ScenarioFile
    from runbooks.model import Block, Check


def as_runbook(read: ScenarioFile, scenario: Scenario, actions: Mapping[str, type[BaseModel]]) -> Runbook:
    """One step that has them all. What a way leaves open, and what only the drill knows (`$name`), is asked as a runbook asks."""
    calls = [*_way_calls(read, scenario, actions), *_move_calls(read, scenario)]
    blocks: tuple[Block, ...] = (*checks(read, scenario), *calls)
    step = Step(id="scenario", number="1", text=scenario.id, line=1, blocks=blocks, file=read.file)
    phase = Phase(id="scenario", number="1", title=scenario.id, line=1, steps=(step,))
    return Runbook(
        id=scenario.id,
        title=scenario.id,
        language="en",
        file=read.file,
        severity=scenario.severity,
        alerts=(),
        panels=(),
        intro=(),
        phases=(phase,),
    )


def checks(read: ScenarioFile, scenario: Scenario) -> Iterator[Check]:
    """All checks, each with the line at which it begins."""
    for role, named in (
        ("steady", scenario.steady),
        ("signals", scenario.signals),
        ("recovered", scenario.recovered),
    ):
        for index, each in enumerate(named):
            yield replace(each.check.check(), line=read.line(role, index, "check"))
    for index, oracle in enumerate(scenario.oracles):
        for place, settings in enumerate(oracle.checks):
            yield replace(settings.check(), line=read.line("oracles", index, "checks", place))


def ways(scenario: Scenario) -> Iterator[tuple[Location, Way]]:
    """Every way of every oracle, with its place."""
    for index, oracle in enumerate(scenario.oracles):
        for place, way in enumerate(oracle.any_of):
            yield ("oracles", index, "any_of", place), way


def moves(scenario: Scenario) -> Iterator[tuple[Location, Move]]:
    """Every move of the autopilot, with its place."""
    for kind, played in scenario.autopilot.items():
        for index, move in enumerate(played):
            yield ("autopilot", kind, index), move


def _way_calls(
    read: ScenarioFile, scenario: Scenario, actions: Mapping[str, type[BaseModel]]
) -> Iterator[ActionCall]:
    for at, way in ways(scenario):
        if way.action:
            model = actions.get(way.action)
            known = {} if model is None else model.model_fields
            left_open = {name: "?" for name in known if name not in way.params}
            yield _call(read, at, way.action, way.params, left_open)


def _move_calls(read: ScenarioFile, scenario: Scenario) -> Iterator[ActionCall]:
    for at, move in moves(scenario):
        if move.do == "run" and move.action:
            later = {name: "?" for name, value in move.params.items() if "$" in value}
            given = {name: value for name, value in move.params.items() if name not in later}
            yield _call(read, at, move.action, given, later | dict.fromkeys(move.secrets, "?"))


def _call(
    read: ScenarioFile, at: Location, action: str, params: Mapping[str, str], asks: Mapping[str, str]
) -> ActionCall:
    lines = {name: read.line(*at, "params", name) for name in (*params, *asks)}
    return ActionCall(action, dict(params), read.line(*at, "action"), dict(asks), lines)
