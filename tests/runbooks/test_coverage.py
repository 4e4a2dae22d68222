"""The table of `runbooks/COVERAGE.md`: no item of the operations manual is left out; every step and command in it exists."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from drills.faults.registry import faults
from drills.probes.registry import probes
from drills.scenarios.library import load_scenarios, scenario_folders
from drills.settings import DrillsSettings
from runbooks.library import LANGUAGES, Library, load_library
from tests.chimera import RUNBOOKS
from tui.cli.dispatch import load_command
from tui.cli.parser import Parser, add_shared_options
from tui.i18n import Language

if TYPE_CHECKING:
    from collections.abc import Sequence

ITEMS = {
    "Deploy and rollback": range(4, 28),
    "Alerts": range(30, 38),
    "Major incidents": range(40, 47),
    "Chaos": range(49, 54),
    "FinOps": range(56, 59),
    "References": range(61, 64),
}
"""The lines of the manual that hold an item, by chapter."""
TABLE = Path(__file__).parents[2] / "runbooks" / "COVERAGE.md"
ROW = re.compile(r"\| (?P<line>\d+) \| (?P<chapter>[^|]+) \| (?P<what>[^|]+) \| (?P<steps>[^|]+) \|")


def rows() -> list[re.Match[str]]:
    lines = [line for line in TABLE.read_text(encoding="utf-8").splitlines() if line.startswith("|")][2:]
    found = [ROW.fullmatch(line) for line in lines]
    assert None not in found, [line for line in lines if not ROW.fullmatch(line)]
    return [one for one in found if one]


@pytest.fixture(scope="module", params=LANGUAGES)
def library(request: pytest.FixtureRequest) -> Library:
    return load_library(RUNBOOKS, request.param)


def test_every_item_of_the_manual_has_its_row() -> None:
    told = [(row["chapter"], int(row["line"])) for row in rows()]
    assert told == [(chapter, line) for chapter, lines in ITEMS.items() for line in lines]


def test_every_step_that_is_named_exists(library: Library) -> None:
    for row in rows():
        named = re.findall(r"`([^`/]+)/([^`]+)`", row["steps"])
        assert named, row[0]
        for runbook_id, step in named:
            runbook = library.get(runbook_id)
            assert runbook is not None, f"{row['line']}: no runbook {runbook_id}"
            assert step in {one.id for one in runbook.steps()}, f"{row['line']}: no step {runbook_id}/{step}"


def commands(row: re.Match[str]) -> list[list[str]]:
    return [call.split() for call in re.findall(r"`warroom ([^`]+)`", row["steps"])]


def test_nothing_but_steps_and_commands_is_named() -> None:
    for row in rows():
        rest = re.sub(r"`[a-z0-9-]+/[a-z0-9.-]+`|`warroom [a-z0-9 -]+`", "", row["steps"])
        assert rest.strip() == "", row[0]


def test_every_command_that_is_named_can_be_called() -> None:
    for name, *arguments in (call for row in rows() for call in commands(row)):
        parser = Parser(prog=name, add_help=False)
        add_shared_options(parser, Language("en"))
        load_command(name).add_arguments(parser, Language("en"))
        parser.parse_args(arguments)  # ends the test where it does not know one


def test_what_a_drill_is_called_with_exists() -> None:
    known = {
        "inject": faults(),
        "probe": probes(),
        "run": {each.id for each in load_scenarios(scenario_folders(DrillsSettings())).scenarios},
    }
    for name, verb, *names in (call for row in rows() for call in commands(row) if len(call) > 1):
        if name == "drill" and verb in known:
            assert set(names) <= set(known[verb]), (verb, names)


@pytest.mark.parametrize(
    ("lines", "command"), [(range(49, 54), "drill"), ((56, 57, 58), "cost"), ((62,), "stress")]
)
def test_what_only_a_command_can_do_has_one(lines: Sequence[int], command: str) -> None:
    for row in rows():
        if int(row["line"]) in lines:
            assert command in [name for name, *_ in commands(row)], row[0]


def test_every_runbook_answers_for_something_in_the_manual(library: Library) -> None:
    named = {one for row in rows() for one in re.findall(r"`([^`/]+)/", row["steps"])}
    assert named == {one.id for one in library.runbooks}
