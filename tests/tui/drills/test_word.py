"""A responder's board in a drill: the word, and incidents that are drills by themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drills.announce import announce
from tests.exporter import depth_exporter
from tests.tui.incident.stage import configuration, incident_of, running, shown, until, write_as

if TYPE_CHECKING:
    from pathlib import Path


async def test_the_board_says_drill_and_what_is_opened_then_is_one(tmp_path: Path) -> None:
    sandbox = tmp_path / "sandbox"
    sandbox.mkdir()
    with depth_exporter(143) as (metrics, _):
        journal = f"sqlite:///{tmp_path}/journal.db"
        more = f'[service]\nenvironment = "sandbox"\n[actions]\ncheckout = "{sandbox}"\n'
        config = configuration(tmp_path, metrics, actor="op1", journal=journal, more=more)
        config.write_text(config.read_text().replace('service.profile = "chimera"', "", 1))
        async with running(config) as person:
            app = person.app
            assert " DRILL " not in shown(app).splitlines()[0]
            with announce(sandbox):
                await until(lambda: " DRILL " in shown(app).splitlines()[0], "the head says it")
                await person.open_with_runbook()
                assert incident_of(app).drill
                await write_as("op2", config, "open", "--title", "other", "--sev", "SEV3")
                await until(lambda: len(app.incidents.snapshots) == 2, "the second one arrives")
                assert all(known.incident.drill for known in app.incidents.snapshots.values())
            await until(lambda: not app.is_drill, "it is over")
