"""From a YAML file to a `Scenario`: everything that is wrong in it, with its line. It never raises for what is in the text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import ValidationError

from core.errors import WarroomError
from core.files import read_text
from core.message import say
from core.text import clean
from core.toml_file import explain, nearest_line
from drills.scenarios.model import Scenario
from drills.scenarios.yaml_file import MAX_BYTES, BrokenYaml, Tree, read_yaml
from runbooks.model import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from pydantic_core import ErrorDetails

    from core.toml_file import Location

LANGUAGES = ("en", "zh")
_OF_PROGRAM = "of_team_profile"


@dataclass(frozen=True, slots=True)
class ScenarioFile:
    """What a file holds: None where it is no scenario. `lines` is where each key and each part of a list stands."""

    file: str
    scenario: Scenario | None
    problems: tuple[Problem, ...]
    lines: Mapping[Location, int]

    def line(self, *at: str | int) -> int:
        """Where that stands, else the nearest thing around it."""
        return nearest_line(at, self.lines)


def read_scenario_file(path: Path, *, bundled: bool = False) -> ScenarioFile:
    """Raises `WarroomError` where the file can't be read at all."""
    file = clean(str(path))
    try:
        text = read_text(path, MAX_BYTES)
    except UnicodeDecodeError:
        return ScenarioFile(file, None, (Problem(file, 1, "not-utf8", say("scenarios.not_utf8")),), {(): 1})
    except OSError as error:
        detail = error.strerror or "?"
        raise WarroomError(say("scenarios.unreadable", file=file, detail=detail)) from error
    return read_scenario(text, file, bundled=bundled)


def read_scenario(text: str, file: str, *, bundled: bool = False) -> ScenarioFile:
    """The scenario in `text`; checks of one that is not `bundled` ask whom `[runbooks]` names, and nobody else."""
    try:
        read = read_yaml(text)
    except BrokenYaml as broken:
        return ScenarioFile(file, None, (Problem(file, broken.line, broken.rule, broken.message),), {(): 1})
    values = dict(read.values)
    problems: list[Problem] = []
    for at, check in _checks(values):
        if _OF_PROGRAM in check:
            line = nearest_line((*at, _OF_PROGRAM), read.lines)
            problems.append(Problem(file, line, "scenario-key", say("scenarios.of_program", key=_OF_PROGRAM)))
        check[_OF_PROGRAM] = "false" if bundled else "true"
    scenario = None
    try:
        scenario = Scenario.model_validate(values)
    except ValidationError as error:
        problems += [_problem(file, each, read.lines) for each in _wrong(error)]
    problems.sort(key=lambda problem: problem.line)
    return ScenarioFile(file, scenario if not problems else None, tuple(problems), read.lines)


def _wrong(error: ValidationError) -> list[ErrorDetails]:
    """A list all of whose parts are wrong is not also too short: pydantic counts those that are right."""
    details = error.errors(include_url=False, include_input=False)
    within = {each["loc"][:depth] for each in details for depth in range(len(each["loc"]))}
    return [each for each in details if each["type"] != "too_short" or each["loc"] not in within]


def _problem(file: str, detail: ErrorDetails, lines: Mapping[Location, int]) -> Problem:
    at = tuple(detail["loc"])
    line = nearest_line(at, lines)
    key = clean(".".join(map(str, at)), 120) or "-"
    if detail["type"] == "missing" and at[-1] in LANGUAGES:
        text = say("scenarios.missing_language", key=clean(".".join(map(str, at[:-1]))), language=str(at[-1]))
        return Problem(file, line, "missing-language", text)
    if detail["type"] == "missing":
        return Problem(file, line, "scenario-missing", say("scenarios.missing", key=key))
    what = explain(Scenario, detail)
    rule = "scenario-key" if detail["type"] == "extra_forbidden" else "scenario-value"
    return Problem(file, line, rule, say("scenarios.wrong", key=key, what=what))


def _checks(values: Mapping[str, Tree]) -> Iterator[tuple[Location, dict[str, Tree]]]:
    """Every check of the tree as far as it has the model's shape, with its place."""
    for role in ("steady", "signals", "recovered"):
        for index, item in enumerate(_items(values.get(role))):
            check = item.get("check") if isinstance(item, dict) else None
            if isinstance(check, dict):
                yield (role, index, "check"), check
    for index, oracle in enumerate(_items(values.get("oracles"))):
        checks = oracle.get("checks") if isinstance(oracle, dict) else None
        for place, check in enumerate(_items(checks)):
            if isinstance(check, dict):
                yield ("oracles", index, "checks", place), check


def _items(tree: Tree | None) -> list[Tree]:
    return tree if isinstance(tree, list) else []
