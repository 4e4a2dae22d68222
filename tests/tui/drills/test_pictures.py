"""What a drill master sees: the list of what can be played, a drill that goes on, and what came of one."""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from core.message import say
from drills.conduct import Played
from drills.faults.model import Injection
from drills.oracles.model import Response
from drills.record import DrillFacts, MasterNote
from drills.records import record_of, save
from drills.scenarios.library import find_scenario, load_scenarios, scenario_folders
from drills.score import score
from drills.settings import DrillsSettings
from drills.state import CheckState, DrillState, Due
from signals.reading import Verdict
from tui.app import Warroom
from tui.config.model import Config
from tui.drills.master import Ended
from tui.i18n import CODES, Language
from tui.screens.drill import DrillScreen
from tui.screens.drills import DrillsScreen

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.pilot import Pilot

START = dt.datetime(2026, 11, 21, 12, tzinfo=dt.UTC)
NOW = (START + dt.timedelta(seconds=75)).timestamp()
FOLDERS = scenario_folders(DrillsSettings())
SIZES = [(80, 24), (120, 40)]


def at(seconds: float) -> dt.datetime:
    return START + dt.timedelta(seconds=seconds)


def facts(**more: object) -> DrillFacts:
    values: dict[str, object] = {
        "id": "d1",
        "scenario": "blind",
        "target": "sandbox",
        "master": "ada",
        "started_at": START,
    }
    return DrillFacts(**values | more)  # type: ignore[arg-type]  # each test gives what the dataclass wants


def running() -> DrillState:
    """A minute and a quarter after its beginning: one fault is lifted, one is there, one was made by hand and failed."""
    scenario = find_scenario(FOLDERS, "blind")
    first = Injection(
        id="a", fault="llm-provider-slow", state="lifted", since=at(0), until=at(40), lifted_at=at(40)
    )
    second = Injection(id="b", fault="prometheus-down", state="injected", since=at(30), until=at(150))
    made = facts(
        injections=(first, second),
        notes=(MasterNote(at(50), "they look at the wrong panel"), MasterNote(at(60), "hint", is_hint=True)),
    )
    response = Response(scenario=scenario, facts=made, incident=None, runs=(), met={}, labels={})
    text = say("quantity.plain", text="4.2")
    shows, well = scenario.signals[0].id, scenario.recovered[0].id
    checks = (
        CheckState(id=shows, role="signal", verdict=Verdict.OK, text=text, at=at(74), since=at(35)),
        CheckState(id=well, role="recovered", verdict=Verdict.UNKNOWN, text=text, at=at(74)),
    )
    return DrillState(
        scenario=scenario,
        facts=made,
        phase="running",
        now=at(75),
        elapsed_s=75,
        limit_s=scenario.limit_s,
        timeline=(
            Due(at_s=0, fault=first.fault, for_s=40, injection=first),
            Due(at_s=30, fault=second.fault, for_s=120, injection=second),
            Due(at_s=100, fault="queue-flood", params={"count": "3000"}, for_s=60),
            Due(at_s=70, fault="cdn-404", for_s=60, by_hand=True, problem=say("faults.no_sandbox")),
        ),
        checks=checks,
        oracles=score(response).oracles,
        incident="INC-3",
        problems=(say("drill.no_hint", oracle="closed"),),
    )


def app_in(code: str, tmp_path: Path) -> Warroom:
    app = Warroom(None, Language(next(each for each in CODES if each == code)), theme="dark")
    app.service, app.notice, app.ascii_only = "chimera prod", None, False
    app.drill_master.open(Config(drills=DrillsSettings(records=tmp_path)))
    return app


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: NOW)


async def opened(pilot: Pilot[str]) -> None:
    await pilot.press("d")
    await pilot.app.workers.wait_for_complete()
    await pilot.pause()


def record(folder: Path, scenario: str, day: int, ending: str) -> None:
    """A result of somebody who did nothing, or a drill that goes on elsewhere."""
    began = START - dt.timedelta(days=30 - day)
    made = facts(id=f"{scenario}{day}", scenario=scenario, started_at=began, ending=ending)
    response = Response(
        scenario=find_scenario(FOLDERS, scenario), facts=made, incident=None, runs=(), met={}, labels={}
    )
    save(folder, record_of(made, response.scenario, score(response)))


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("size", SIZES)
def test_the_list(
    snap_compare: Callable[..., bool], tmp_path: Path, size: tuple[int, int], code: str
) -> None:
    record(tmp_path, "blind", 3, "recovered")
    record(tmp_path, "key-leak", 4, "running")
    (tmp_path / "broken.json").write_text("{")
    assert snap_compare(app_in(code, tmp_path), terminal_size=size, run_before=opened)


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("size", SIZES)
def test_a_drill_that_goes_on(
    snap_compare: Callable[..., bool], tmp_path: Path, size: tuple[int, int], code: str
) -> None:
    app = app_in(code, tmp_path)
    master, state = app.drill_master, running()
    master.scenario, master.state, master.is_news = state.scenario, state, True
    master.place = Path("/home/ada/warroom-sandbox-ab12cd34/warroom.toml")
    assert snap_compare(app, terminal_size=size, run_before=opened)


@pytest.mark.parametrize("code", CODES)
def test_what_came_of_it(snap_compare: Callable[..., bool], tmp_path: Path, code: str) -> None:
    app = app_in(code, tmp_path)
    master, state = app.drill_master, running()
    ended = replace(state.facts, ending="timed_out", ended_at=at(600), recovered_at=at(200))
    response = Response(scenario=state.scenario, facts=ended, incident=None, runs=(), met={}, labels={})
    result = score(response)
    file = Path("/home/ada/.local/state/warroom/drills/20261121T120000Z-d1.json")
    record = record_of(ended, state.scenario, result)
    master.scenario, master.is_news = state.scenario, True
    master.state = replace(state, phase="over", oracles=result.oracles, facts=ended)
    master.ended = Ended(Played(ended, result, record, file), None, file.with_suffix("") / "report.md")
    assert snap_compare(app, terminal_size=(80, 24), run_before=opened)


@pytest.mark.parametrize("size", [(20, 5), (80, 24)])
async def test_a_small_terminal_and_one_of_ascii_show_it_too(tmp_path: Path, size: tuple[int, int]) -> None:
    from tests.tui.actions.stage import on_screen

    app = app_in("en", tmp_path)
    app.ascii_only = True
    master, state = app.drill_master, running()
    async with app.run_test(size=size) as pilot:
        await opened(pilot)
        assert isinstance(app.screen, DrillsScreen)
        assert on_screen(app).isascii()
        await pilot.press("d")
        master.scenario, master.state, master.is_news = state.scenario, state, True
        await opened(pilot)
        assert isinstance(app.screen, DrillScreen)
        await pilot.press("pagedown", "end", "home")
        await pilot.pause()
        assert on_screen(app).isascii()
        assert "blind" in on_screen(app) or size[0] < 80


def test_a_state_that_is_old_says_so(tmp_path: Path) -> None:
    from tui.drills.draw import Look, draw_drill
    from tui.drills.master import Standing

    state = running()
    drill = Standing(scenario=state.scenario, state=state)
    look = Look(Language("en"), 80, 24)
    assert "ago" not in draw_drill(drill, look, NOW)[0].plain
    assert "as of 12 s ago" in draw_drill(drill, look, NOW + 12)[0].plain


def test_every_bundled_scenario_fits_the_list(tmp_path: Path) -> None:
    """Its id and the beginning of its title are on its line at 80 columns, and what it breaks is seen below."""
    from tui.drills.draw import Look, draw_list
    from tui.drills.master import Playbook

    library = load_scenarios(FOLDERS)
    for code in CODES:
        for number, scenario in enumerate(library.scenarios):
            lines = [
                line.plain
                for line in draw_list(Playbook(library, {}, 0), number, Look(Language(code), 80, 21))
            ]
            assert any(scenario.id in line and scenario.title.of(code)[:10] in line for line in lines)
            assert scenario.timeline[0].fault in "".join(line.strip() for line in lines)
