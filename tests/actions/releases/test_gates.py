"""Gates: all are run, each red one is named with why, and no shell reads anything."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from actions.model import Outcome
from actions.parameters import read_parameters
from actions.planning import make_plan
from actions.registry import own_actions
from actions.release_settings import ReleasesSettings
from tests.actions.build import context
from tui.i18n import Language

PYTHON = [sys.executable, "-S", "-c"]
GATES: list[dict[str, Any]] = [
    {"id": "types", "argv": [*PYTHON, "print('ok')"]},
    {"id": "tests", "argv": [*PYTHON, "print('1 failed'); raise SystemExit(3)"]},
    {"id": "slow", "argv": [*PYTHON, "import time; time.sleep(60)"], "timeout_s": 0.3},
    {"id": "missing", "argv": ["/nonexistent/audit"]},
    {"id": "of-release", "argv": [*PYTHON, "import os, sys; print(sys.argv, os.getcwd(), os.environ['MODE'])", "{version}", "$(touch x); y"], "cwd": "/usr", "environment": {"MODE": "ci"}},
]  # fmt: skip


def run(*gates: dict[str, Any], printed: list[str], **params: str) -> Outcome:
    where = context(printed, releases=ReleasesSettings.model_validate({"gates": gates}))
    action = own_actions()["release.gates"]
    given = read_parameters(action.parameters, params)
    plan = make_plan(action, given, where)
    assert [step.argv[0] for step in plan.steps] == [gate["argv"][0] for gate in gates]
    assert plan.blockers == ()
    outcome: Outcome = action.run(given, plan, where)
    return outcome


def test_every_gate_is_run_and_each_red_one_is_named_with_its_reason() -> None:
    printed: list[str] = []
    outcome = run(*GATES, printed=printed, version="v2")
    assert outcome.findings == 3
    assert outcome.document is not None
    gates: Any = outcome.document["gates"]
    assert [(gate["id"], gate["green"], gate["exit_code"]) for gate in gates] == [
        ("types", True, 0),
        ("tests", False, 3),
        ("slow", False, None),
        ("missing", False, None),
        ("of-release", True, 0),
    ]
    assert gates[1]["output"] == "1 failed\n"
    assert all(gate["seconds"] >= 0 for gate in gates)
    assert (
        Language("en")
        .say(outcome.text)
        .startswith("3 of 5 gates are red (tests, slow, missing); tests is red")
    )
    assert "['-c', 'v2', '$(touch x); y'] /usr ci" in printed
    assert Language("en").say(run(GATES[0], printed=[]).text).startswith("all 1 gates are green")


def test_a_gate_that_looks_at_a_release_asks_for_it_and_an_unknown_one_is_named() -> None:
    where = context(releases=ReleasesSettings.model_validate({"gates": GATES}))
    action = own_actions()["release.gates"]
    for params, key in (({}, "releases.gate_needs_version"), ({"only": "lint"}, "releases.no_gate")):
        assert make_plan(action, read_parameters(action.parameters, params), where).blockers[0].key == key


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"gates": [{"id": "a", "argv": ["{version}"]}]}, "program itself"),
        ({"gates": [{"id": "a", "argv": ["x", "{tag}"]}]}, "tag"),
        ({"gates": [{"id": "a", "argv": ["x"]}] * 2}, "same id"),
        ({"adapter": "own", "commands": {"list": ["x"], "deploy": [["x", "{what}"]]}}, "what"),
        ({"adapter": "own", "commands": {"list": ["x"]}}, "commands.deploy"),
        ({"adapter": "own", "strategy": "blue-green", "commands": {"list": ["x"], "deploy": [["x"]]}}, "commands.switch"),
        ({"adapter": "systemd", "name": "web"}, "folder"),
        ({"scripts": {"alembic_ini": "/srv/alembic.ini"}}, "version"),
        ({"scripts": {}}, "either"),
        ({"slots": ["a", "a"]}, "same"),
    ],
)  # fmt: skip
def test_a_configuration_that_can_not_work_is_refused(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        ReleasesSettings.model_validate(settings)
