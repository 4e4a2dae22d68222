"""The history screen over a real journal: past incidents are found, opened to be read, and counted."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.tui.incident.stage import incident_of, running, shown, until, write_as
from tui.screens.form import Form
from tui.screens.incident import IncidentScreen

if TYPE_CHECKING:
    from pathlib import Path


async def test_history_finds_and_opens_the_past_to_be_read(config: Path) -> None:
    await write_as("op1", config, "open", "--title", "Old one", "--severity", "SEV3")
    await write_as("op1", config, "note", "1", "a needle")
    await write_as("op1", config, "resolve", "1", "--yes")  # its panel burns
    await write_as("op1", config, "open", "--title", "Another", "--severity", "SEV3")
    await write_as("op1", config, "resolve", "2", "--yes")
    async with running(config) as op1:
        await op1.press("h", then=lambda: "Old one" in shown(op1.app))
        assert re.search(r"MTTR 0:\d\d ", shown(op1.app))
        await op1.press("slash")
        await op1.type("needle")
        await op1.press("enter", then=lambda: "Another" not in shown(op1.app))
        await op1.press("enter", then=lambda: "PAST" in shown(op1.app))
        assert "noted: a needle" in shown(op1.app)
        await op1.press("n")
        assert "nothing is written" in shown(op1.app)


async def test_a_drill_stands_in_the_history_and_in_none_of_its_statistics(config: Path) -> None:
    await write_as("op1", config, "open", "--title", "Real", "--severity", "SEV3", "--runbook", "ban-near")
    await write_as("op1", config, "resolve", "1", "--yes")  # its panel burns
    drill = ("--title", "Played", "--severity", "SEV3", "--runbook", "ban-near", "--drill")
    await write_as("op1", config, "open", *drill)
    await write_as("op1", config, "tick", "2", "1.1")
    await write_as("op1", config, "mark", "2", "mitigated")
    await write_as("op1", config, "resolve", "2", "--yes")
    async with running(config) as op1:
        await op1.press("h", then=lambda: "DRILL Played" in shown(op1.app))
        head = shown(op1.app).splitlines()[1]
        assert "incidents: 1, drills apart" in head, head
        assert "MTTM –" in head, "the drill alone was mitigated"
        await op1.press("s", then=lambda: "Played" not in shown(op1.app))
        assert "Declare," not in shown(op1.app), "the drill alone has a step that was done"


async def test_a_resolved_incident_is_opened_again_from_the_history(config: Path) -> None:
    await write_as("op1", config, "open", "--title", "Old one", "--severity", "SEV3")
    await write_as("op1", config, "resolve", "1", "--yes")  # its panel burns
    async with running(config) as op1:
        await op1.press("h", then=lambda: "Old one" in shown(op1.app))
        await op1.press("o", then=lambda: isinstance(op1.app.screen, Form))
        await op1.type("it is back")
        await op1.press("enter", then=lambda: isinstance(op1.app.screen, IncidentScreen))
        await until(lambda: incident_of(op1.app).status == "open", "it goes on")


async def test_history_tells_which_step_costs_most_time_and_which_is_skipped(config: Path) -> None:
    await write_as("op1", config, "open", "--title", "One", "--severity", "SEV3", "--runbook", "ban-near")
    await write_as("op1", config, "tick", "1", "1.1")
    await write_as("op1", config, "skip", "1", "1.3", "--reason", "nobody else")
    async with running(config) as op1:
        await op1.press("h", then=lambda: "One" in shown(op1.app))
        await op1.press(
            "s", then=lambda: "skipped most: ban-near 1.3 Look who else sends (1×)" in shown(op1.app)
        )
        lines = [line.split() for line in shown(op1.app).splitlines()]
        ticked = next(line for line in lines if "Declare," in line)
        assert ticked[2:5] == ["1", "0", "0"]
        await op1.press("s", then=lambda: "INC-1" in shown(op1.app).splitlines()[3])
