"""Every bundled scenario, played by the autopilot on a real sandbox: `make drills`.

A good responder scores 100 (`make drills-good` plays these alone), nobody at most 20, plausible but wrong moves between: these two on one
sandbox, for what one has left behind must not keep the next from beginning.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from drills.scenarios.library import load_scenarios, scenario_folders
from drills.settings import DrillsSettings
from tests.e2e.stack import Stack, running
from tests.terminal import PROGRAM

pytestmark = [pytest.mark.drill, pytest.mark.timeout(500)]
SCENARIOS = [
    scenario.id
    for scenario in load_scenarios(scenario_folders(DrillsSettings())).scenarios
    if scenario.autopilot
]


def play(stack: Stack, home: Path, scenario: str, autopilot: str) -> dict[str, object]:
    """What `--json` prints, and everything else that was said under `notices`."""
    options = [
        "--config",
        stack.told["config"],
        "drill",
        "run",
        scenario,
        f"--autopilot={autopilot}",
        "--fast",
    ]
    done = subprocess.run(
        [PROGRAM, *options, "--json"],
        capture_output=True,
        text=True,
        env=os.environ | {"HOME": str(home), "XDG_STATE_HOME": str(home)},
        timeout=1200,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    played: dict[str, object] = json.loads(done.stdout)
    return played | {"notices": done.stderr}


@pytest.mark.gate
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_good_responder_scores_everything(scenario: str, tmp_path: Path) -> None:
    with running() as stack:
        good = play(stack, tmp_path, scenario, "good")
    assert (good["score"], good["ending"]) == (100, "recovered"), json.dumps(good, indent=1)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_nobody_scores_little_and_wrong_moves_score_between(scenario: str, tmp_path: Path) -> None:
    with running() as stack:
        idle = play(stack, tmp_path, scenario, "idle")
        wrong = play(stack, tmp_path, scenario, "wrong")
    scores = idle["score"], wrong["score"]
    assert isinstance(scores[0], int)
    assert isinstance(scores[1], int)
    assert scores[0] <= 20 < scores[1] < 100, json.dumps([idle, wrong], indent=1)
