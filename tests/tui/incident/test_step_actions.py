"""Actions of a checklist's steps, by a key: plan, run, and the tick that the run's verified end makes, whoever watches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from incidents.events.body import Marked
from incidents.journal import open_journal
from tests.exporter import depth_exporter
from tests.page import Page, page_server
from tests.tui.actions.stage import has_ended, on_screen, plan_of, python, run_of
from tests.tui.incident.stage import configuration, incident_of, running, screen_of, shown, until
from tui.screens.actions import plan as plan_module
from tui.screens.actions.run import RunScreen
from tui.screens.confirm import Confirm

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.tui.incident.stage import Responder

ACTION = """
  ```action
  id: shop.slow
  rate: "20"
  ```
"""


@pytest.fixture
def answer() -> dict[str, Any]:
    """What the page that verifies answers."""
    return {"status": 200}


@pytest.fixture
def config(tmp_path: Path, answer: dict[str, Any]) -> Iterator[Path]:
    with depth_exporter(5) as (metrics, _), page_server(lambda _: Page(b"", answer["status"])) as url:
        file = configuration(
            tmp_path,
            metrics,
            actor="op1",
            journal=f"sqlite:///{tmp_path}/journal.db",
            more=f"""
[actions]
folder = "{tmp_path}/runs"
[[actions.add]]
id = "shop.slow"
title = "Slow the shop down"
danger = "mitigate"
argv = {python("import sys; print('rate', sys.argv[1])", "{rate}")}
parameters.rate.pattern = "[0-9]+"
resource = "shop"
undo = {python("print('undone')")}
lasts_s = 3600
verify = [{{ probe = "http", url = "{url}", expect = "status 200" }}]
""",
        )
        for code in ("en", "zh"):
            book = tmp_path / "runbooks" / code / "ban-near.md"
            text = book.read_text(encoding="utf-8")
            for step in ("throttle", "raise"):
                text = text.replace(f"<!-- id: {step} -->\n", f"<!-- id: {step} -->\n{ACTION}")
            book.write_text(text, encoding="utf-8")
        yield file


async def at_step(person: Responder, name: str) -> None:
    """The incident is open, and the cursor stands at the step."""
    await person.open_with_runbook()
    screen = screen_of(person.app)
    await until(lambda: person.app.incidents.actions is not None, "the actions are read")
    row = next(row for row in screen.rows() if row.step is not None and row.step.id == name)
    screen._move_to(row)
    screen.repaint()
    await person.pilot.pause()


async def test_a_step_is_a_button_and_its_verified_run_ticks_it(
    config: Path, answer: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan_module, "SEEN_S", 0.0)
    async with running(config) as person:
        app = person.app
        await at_step(person, "throttle")
        text = shown(app)
        assert "[a] Slow the shop down  mitigate  for 60 min" in text
        assert "shop.slow rate=20" in text
        answer["status"] = 500
        await person.press("a", then=lambda: plan_of(app))
        await person.press("enter", then=lambda: has_ended(app))
        await person.press("escape")
        await until(lambda: "done, NOT verified" in shown(app), "it is said at the step")
        assert person.state("throttle") == "started", "an unverified run ticks nothing"
        answer["status"] = 200
        await person.press("a", then=lambda: plan_of(app))
        await person.press("enter", then=lambda: isinstance(app.screen, RunScreen))
        await person.press("escape")
        await until(lambda: person.state("throttle") == "ticked", "by its run, not by a key")
        incident = incident_of(app)
        step = incident.steps[incident.key("ban-near", "throttle")]
        assert step.run == "RUN-2"
        ticked = next(row for row in screen_of(app).rows() if row.step and row.step.id == "throttle")
        await until(lambda: screen_of(app).cursor != ticked.key, "the cursor goes on by itself")
        screen_of(app)._move_to(ticked)
        await until(lambda: "in force until" in shown(app), shown(app))
        assert "by RUN-2, verified" in shown(app)
        await person.press("shift+tab", then=lambda: "Actions run" in shown(app))
        await person.press("down", "enter", then=lambda: isinstance(app.screen, RunScreen))
        await until(lambda: has_ended(app) and run_of(app), "the run of the pane")
        await person.press("escape")
        await person.press("m", "enter")  # mitigated
        await until(lambda: incident_of(app).status == "mitigated")
        await person.press("m", "enter", then=lambda: isinstance(app.screen, Confirm))
        await person.press("enter", then=lambda: "still in force" in on_screen(app))
        assert "RUN-2 shop.slow rate=20" in on_screen(app)
        await person.press("enter", then=lambda: incident_of(app).status == "resolved")
        marked = incident_of(app).events[-1].body
        assert isinstance(marked, Marked)
        assert [(given.question, given.about) for given in marked.answers][-1] == (
            "still_in_force",
            ("RUN-2",),
        )


async def test_a_pause_point_holds_its_action_and_a_closed_terminal_loses_no_tick(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan_module, "SEEN_S", 0.0)
    async with running(config) as person:
        app = person.app
        await at_step(person, "raise")
        await person.press("a", then=lambda: plan_of(app))
        assert "pause point" in on_screen(app)
        await person.press("enter")
        assert plan_of(app), "nothing is begun"
        await person.press("escape")
        screen_of(app)._move_to(next(r for r in screen_of(app).rows() if r.step and r.step.id == "throttle"))
        await person.press("a", then=lambda: plan_of(app))
        await person.press("enter", then=lambda: isinstance(app.screen, RunScreen))
        incident = incident_of(app).id
    from tui.config.load import load_config

    journal = open_journal(load_config(config).journal)
    try:
        await until(
            lambda: [step.state for step in journal.load(incident).steps.values()] == ["ticked"],
            "the runner writes it, with no program there",
        )
    finally:
        journal.close()
