"""`warroom cost` over a real Prometheus: what it prints, as text and as JSON, and what it refuses."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest

from tests.alerting import PROMETHEUS, prometheus
from tests.panels.costs.pages import OWN, history
from tests.tui.config.test_config import warroom
from tui.runtime.exit import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from subprocess import CompletedProcess

pytestmark = pytest.mark.skipif(PROMETHEUS is None, reason="needs prometheus on PATH")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("cost")
    rule = {
        "alert": "MonthlyBudgetProjectedToExceed",
        "expr": "sum(rate(chimera_llm_cost_usd_total[1h])) * 3600 * 24 * 30 > 40",
    }
    with prometheus(folder / "prometheus", [rule], history=history(OWN, time.time())) as url:
        (folder / "warroom.toml").write_text(f"""
[service]
name = "chimera"
profile = "chimera"
[signals.prometheus]
url = "{url}"
[costs]
monthly_budget_usd = 1000
[costs.levers.model]
parameters = {{ switch = "dial", position = "low" }}
""")
        yield folder


def cost(folder: Path, *given: str) -> CompletedProcess[str]:
    return warroom("--config", str(folder / "warroom.toml"), "cost", *given, folder=folder)


def test_it_prints_the_month_and_the_levers_with_what_pulls_them(folder: Path) -> None:
    done = cost(folder)
    assert done.returncode == ExitCode.OK, done.stderr
    text = " ".join(done.stdout.split())
    for part in (
        "within the budget of $1000.00",
        "$60.00 of $40.00, firing since",
        "(prometheus)",
        "the rule's limit is $40.00, the budget $1000.00",
        "pulled by: degrade.set switch=cache position=on",
        "[actions.switches] has no dial",
        "no switch: [costs.levers.prompts] names no action",
        "list prices of late 2025",
    ):
        assert part in text, part


def test_what_if_turns_an_assumption_and_says_what_several_save_together(folder: Path) -> None:
    done = cost(folder, "--json", "--what-if", "prompts.cut=50%", "--what-if", "cache.hits=0.7")
    assert done.returncode == ExitCode.OK, done.stderr
    said = json.loads(done.stdout)
    saved = {lever["id"]: lever["saved"] for lever in said["levers"]}
    assert saved == {"prompts": pytest.approx(0.25, abs=0.001), "cache": pytest.approx(0.6, abs=0.001)}
    assert said["levers"][0]["assumptions"] == {"cut": 0.5}
    assert (said["levers"][0]["can_be_pulled"], said["levers"][1]["can_be_pulled"]) == (False, True)
    assert said["rule"]["state"] == "firing"
    assert said["projected"]["low_usd"] <= said["projected"]["high_usd"] < 1000
    plain = cost(folder, "--what-if", "prompts.cut=50%", "--what-if", "cache.hits=0.7")
    assert "together: saves 70 %" in plain.stdout


@pytest.mark.parametrize("given", ["prompts.cut", "prompts.cut=", "prompts.cut=2", "magic=1"])
def test_an_assumption_that_makes_no_sense_is_one_line_and_3(folder: Path, given: str) -> None:
    done = cost(folder, "--what-if", given)
    assert (done.returncode, done.stdout) == (ExitCode.USAGE, "")
    assert done.stderr.count("\n") == 1
