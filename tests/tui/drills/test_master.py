"""A drill conducted by keys on a real sandbox: steered, left, and ended before the program is."""

from __future__ import annotations

from contextlib import closing, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from core.files import make_private_folder
from drills.announce import announce
from incidents.events.body import Opened
from incidents.journal import open_journal
from incidents.settings import JournalSettings
from profiles.profile import BUNDLED
from tests.drills.faults.world import env_has
from tests.e2e.stack import Stack
from tests.e2e.stack import running as sandbox
from tests.tui.actions.stage import on_screen
from tests.tui.incident.stage import Responder, app_of, until, write_as
from tui.screens.board import BoardScreen
from tui.screens.choose import Choose
from tui.screens.confirm import Confirm
from tui.screens.drill import DrillScreen
from tui.screens.drills import DrillsScreen
from tui.screens.form import Form

if TYPE_CHECKING:
    from collections.abc import Iterator

    from textual.screen import Screen

    from tui.app import Warroom

BROKEN = env_has("CHAOS_LLM_LATENCY_MS")


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with sandbox() as started:
        yield started


def on_top(app: Warroom) -> Screen[object]:
    return app.screen


async def choose(person: Responder, scenario: str) -> None:
    """The list, its cursor on this scenario, and the plan of it."""
    app = person.app
    await person.press("d", then=lambda: isinstance(app.screen, DrillsScreen) and app.screen.book is not None)
    await until(lambda: scenario in on_screen(app), "the list")
    while f"› {scenario}" not in on_screen(app):
        await person.press("down")
    await person.press("enter", then=lambda: isinstance(app.screen, Confirm))


async def begin(person: Responder, scenario: str) -> None:
    await choose(person, scenario)
    await person.press("enter", then=lambda: isinstance(person.app.screen, DrillScreen))


async def test_a_drill_is_steered_by_keys_left_and_lifted_before_the_program_ends(
    stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half of its time is the sandbox that comes up."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    config = Path(stack.told["config"])
    app = app_of(config)
    app.config_path = config
    async with app.run_test(size=(80, 24)) as pilot:
        person, master = Responder(app, pilot), app.drill_master
        await until(lambda: app.incidents.journal.place, "the journal opens", 40)
        await begin(person, "latency-llm")
        await until(lambda: BROKEN(stack), "it is broken", 90)
        await until(lambda: " DRILL " in on_screen(app).splitlines()[0], "the board says it, too")
        await until(lambda: "broken, 8:" in on_screen(app), "the time line")
        await person.press("space", then=lambda: "PAUSED" in on_screen(app))
        await person.press("space", then=lambda: "running" in on_screen(app))
        await person.press("k", then=lambda: "no incident" in on_screen(app))
        await person.press("n", then=lambda: isinstance(on_top(app), Form))
        await person.type("look at the clock")
        await person.press("enter", then=lambda: master.state and master.state.facts.notes)
        await write_as("op2", config, "open", "--title", "slow", "--sev", "SEV2")
        await until(lambda: master.state and master.state.incident, "the conductor sees the incident")
        await person.press("k", then=lambda: isinstance(on_top(app), Choose))
        await person.press("enter", then=lambda: master.state and len(master.state.facts.notes) == 2)
        await person.press("f", then=lambda: "cdn-404" in on_screen(app))
        await person.press("3", "enter", then=lambda: isinstance(on_top(app), Form))
        await person.press("ctrl+u", *"soon", "enter", then=lambda: "a duration such as" in on_screen(app))
        await person.press("ctrl+u", *"90s", "enter", then=lambda: isinstance(on_top(app), DrillScreen))
        await until(lambda: "cdn-404  by hand  broken, 1:" in on_screen(app), "another fault")
        await person.press("g", then=lambda: isinstance(on_top(app), BoardScreen))
        assert master.is_playing
        await person.press("q", then=lambda: isinstance(on_top(app), Confirm))
        await person.press("escape", then=lambda: isinstance(on_top(app), BoardScreen))
        assert BROKEN(stack)
        await person.press("q", then=lambda: isinstance(on_top(app), Confirm))
        await person.press("enter", then=lambda: app._exit)
    await write_as("op2", config, "resolve", "1", "--yes")
    assert not BROKEN(stack)
    assert master.ended is not None
    assert master.ended.played is not None
    facts = master.ended.played.facts
    assert [each.state for each in facts.injections] == ["lifted", "lifted"]
    assert facts.players == ("op2",), "who gives a hint plays nothing"
    assert (facts.ending, facts.notes[0].text) == ("aborted", "look at the clock")
    assert master.ended.report is not None
    assert "look at the clock" in master.ended.report.read_text()


def write_config(why: str, stack: Stack, folder: Path) -> Path:
    """The sandbox's own, and beside it an open incident, or a scenario for another system."""
    text = Path(stack.told["config"]).read_text()
    if why == "incident":
        journal = f"sqlite:///{folder}/own.db"
        text = text[: text.index("[journal]")] + f'[journal]\nurl = "{journal}"\n'
        with closing(open_journal(JournalSettings(url=journal))) as opened:
            opened.open_incident("op1", Opened(title="Ban near", severity="SEV2"))
    if why == "foreign":
        make_private_folder(folder / "drills")
        bundled = (BUNDLED / "chimera" / "drills" / "latency-llm.yaml").read_text()
        mine = bundled.replace("id: latency-llm", "id: mine").replace("where: sandbox", "where: configured")
        (folder / "drills" / "mine.yaml").write_text(mine)
        text += f'[drills]\nscenarios = ["{folder / "drills"}"]\n'
    config = folder / "warroom.toml"
    config.write_text(text)
    return config


@pytest.mark.parametrize("why", ["conducted", "incident", "foreign"])
async def test_what_keeps_a_drill_from_beginning_is_said(
    why: str, stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody else conducts; something real is open; the scenario is for another system."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    config = write_config(why, stack, tmp_path)
    scenario = "mine" if why == "foreign" else "latency-llm"
    app = app_of(config)
    app.config_path = config
    expected = {
        "conducted": "it has to end first",
        "incident": "no drill beside it",
        "foreign": "chaos.inject",
    }
    async with app.run_test(size=(120, 24)) as pilot:
        await until(app.drill_master.runs_here, "the configuration is read")
        with announce(Path(stack.folder)) if why == "conducted" else nullcontext():
            await begin(Responder(app, pilot), scenario)
            await until(lambda: app.drill_master.ended, "it is refused", 30)
            await until(lambda: expected[why] in " ".join(on_screen(app).split()), f"why: {on_screen(app)}")
    assert not BROKEN(stack)
    assert not (tmp_path / "warroom" / "drills").exists()
