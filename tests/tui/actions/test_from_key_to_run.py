"""From a wish to a run: parameters, plan, confirmation by danger, the run on the screen, and its undo."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.tui.actions.stage import configuration, has_ended, on_screen, plan_of, run_of, running
from tests.tui.incident.stage import until
from tui.screens.actions import plan as plan_module
from tui.screens.actions.run import RunScreen
from tui.screens.actions.start import propose
from tui.screens.form import Form

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


async def test_a_mitigation_is_asked_planned_confirmed_by_one_key_run_and_taken_back(tmp_path: Path) -> None:
    async with running(configuration(tmp_path)) as person:
        app, switch = person.app, tmp_path / "switch"
        propose(app, "shop.set")
        await until(lambda: isinstance(app.screen, Form), "its parameter is asked")
        await person.press("right", "enter", then=lambda: plan_of(app))
        await person.pilot.pause(plan_module.SEEN_S)
        shown = on_screen(app)
        assert "shop.set  mitigate  Set the switch" in shown
        assert "shop.set.undo value=slow" in shown
        assert not switch.exists(), "nothing is done before it is confirmed"
        await person.press("enter", then=lambda: has_ended(app))
        assert switch.read_text() == "slow"
        assert "wrote slow" in on_screen(app)
        assert "u take it back" in on_screen(app)
        await person.press("u", then=lambda: plan_of(app))
        await person.pilot.pause(plan_module.SEEN_S)
        await person.press("enter", then=lambda: has_ended(app) and switch.read_text() == "off")
        run = run_of(app)
        assert run is not None
        assert run.planned.undoes is not None
        await person.press("escape")
        await until(lambda: isinstance(app.screen, RunScreen) and app.screen.known, "the first run again")


async def test_a_destructive_plan_wants_its_target_typed_and_an_observing_one_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan_module, "SEEN_S", 0.0)
    async with running(configuration(tmp_path)) as person:
        app = person.app
        propose(app, "shop.wipe")
        await until(lambda: plan_of(app), "the plan")
        dialogue = app.screen
        assert isinstance(dialogue, plan_module.PlanDialogue)
        await person.press("enter")
        await person.type("shop_d")
        await person.press("enter")
        assert plan_of(app), "half a name confirms nothing"
        assert "type shop_db" in on_screen(app)
        await person.type("b")
        await person.press("enter", then=lambda: has_ended(app))
        run = run_of(app)
        assert run is not None
        assert run.state == "finished"
        dialogue.draw()  # its worker may come once more after the answer
        propose(app, "shop.look")
        await until(lambda: has_ended(app) and "calm" in on_screen(app), "it is run without a question")
        assert "u take it back" not in on_screen(app), "it only looked"


async def test_what_may_be_left_out_is_typed_with_its_default_in_the_field(tmp_path: Path) -> None:
    config = configuration(tmp_path)
    config.write_text(
        f'[signals.postgres]\nurl = "postgresql://nobody@127.0.0.1:1/none"\n{config.read_text()}'
    )
    async with running(config) as person:
        app = person.app
        propose(app, "migrate.downgrade", edit=True)
        await until(lambda: isinstance(app.screen, Form), "its parameters are asked")
        await person.pilot.pause()

        def rows() -> list[list[str]]:
            return [line.replace("›", " ").split() for line in on_screen(app).splitlines()]

        await until(lambda: ["to", "-1"] in rows(), "its default stands there")
        await person.press("tab", "tab", "tab", "backspace", "backspace")
        await person.type("base")
        await until(lambda: ["to", "base"] in rows(), "and is another one")
