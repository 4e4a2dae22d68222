"""The cost desk on the screen: its pictures, its keys, and that a lever is pulled by the action that anybody may do."""

from __future__ import annotations

import datetime as dt
import time
from typing import TYPE_CHECKING

import pytest

from panels.costs.settings import CostsSettings
from signals.alerts.failover import AlertFailover
from signals.alerts.rules import RuleAlerts
from signals.metrics.failover import MetricFailover
from signals.settings import SignalsSettings
from signals.sources import Sources
from tests.chimera import BOARD, COSTS
from tests.page import Page, page_server
from tests.panels.costs.pages import OWN, RingSource, history
from tests.tui.actions.stage import configuration, has_ended, on_screen, plan_of, run_of, running
from tests.tui.incident.stage import until
from tui.app import Warroom
from tui.i18n import CODES, Language
from tui.screens.actions import plan as plan_module
from tui.screens.board import BoardScreen
from tui.screens.costs import CostsScreen
from tui.screens.form import Form

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Any

    from textual.pilot import Pilot

NOW = dt.datetime(2026, 11, 21, 12, tzinfo=dt.UTC).timestamp()
RULES = """
groups:
  - name: finops
    rules:
      - alert: MonthlyBudgetProjectedToExceed
        expr: sum(rate(chimera_llm_cost_usd_total[1h])) * 3600 * 24 * 30 > 50
"""


class Asker:
    """Answers a screen's questions at once, in the loop of the screen, from a capture."""

    def __init__(self, text: str, rules: Path) -> None:
        self.specs = {spec.id: spec for spec in BOARD}
        source, settings = RingSource(text, NOW), SignalsSettings()
        alerts = AlertFailover([RuleAlerts(source, [rules], lambda: NOW)], settings, lambda _: None)
        self.sources = Sources(metrics=MetricFailover([source], settings, lambda _: None), alerts=alerts)

    def start(self) -> None: ...

    def stop(self) -> None: ...

    async def ask(self, question: Callable[[Sources], Any]) -> Any:
        return await question(self.sources)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Warroom]:
    """The App before the desk was opened: fifteen days of a dollar and a third, of a month of twenty and a half."""
    monkeypatch.setattr(time, "time", lambda: NOW)
    (tmp_path / "rules.yml").write_text(RULES)
    asker = Asker(history(OWN, NOW, days=15, step=1800), tmp_path / "rules.yml")

    def app_in(code: str) -> Warroom:
        app = Warroom(None, Language(next(each for each in CODES if each == code)), theme="dark")
        app.signals_thread = asker  # type: ignore[assignment]  # the part of it that screens use
        app.service, app.notice, app.ascii_only = "chimera prod", None, False
        app.costs = CostsSettings(time_zone="Asia/Shanghai").over(COSTS)
        return app

    return app_in


def page(app: object) -> object:
    """What is on top."""
    assert isinstance(app, Warroom)
    return app.screen


async def opened(pilot: Pilot[str]) -> CostsScreen:
    await pilot.press("dollar_sign")
    await pilot.app.workers.wait_for_complete()
    await pilot.pause()
    assert isinstance(pilot.app.screen, CostsScreen)
    return pilot.app.screen


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_the_desk(
    snap_compare: Callable[..., bool], desk: Callable[[str], Warroom], size: tuple[int, int], code: str
) -> None:
    assert snap_compare(desk(code), terminal_size=size, run_before=opened)


async def test_an_assumption_is_turned_and_a_wrong_one_stays_in_its_form(
    desk: Callable[[str], Warroom],
) -> None:
    async with desk("en").run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot)
        assert [round(each.saved or 0, 3) for each in screen.outcomes()] == [0.1, 0.333, 0.667, 0.3]
        await pilot.press("down", "e")
        await pilot.pause()
        assert isinstance(page(pilot.app), Form)
        await pilot.press("ctrl+u", *"180%", "enter")
        await pilot.pause()
        assert isinstance(page(pilot.app), Form)
        assert "between 0 and 1" in on_screen(pilot.app)  # type: ignore[arg-type]
        await pilot.press("ctrl+u", *"70%", "enter")
        await pilot.pause()
        assert page(pilot.app) is screen
        assert [round(each.saved or 0, 3) for each in screen.outcomes()] == [0.1, 0.6, 0.667, 0.3]
        assert "70 % of lookups hit" in on_screen(pilot.app)  # type: ignore[arg-type]


async def test_what_does_not_fit_is_told_and_scrolled_to(desk: Callable[[str], Warroom]) -> None:
    async with desk("en").run_test(size=(80, 20)) as pilot:
        await opened(pilot)
        assert "more lines" in on_screen(pilot.app)  # type: ignore[arg-type]
        assert "Rules before the model" in on_screen(pilot.app)  # type: ignore[arg-type]
        await pilot.press("end")
        await pilot.pause()
        assert "Days" in on_screen(pilot.app)  # type: ignore[arg-type]


@pytest.mark.parametrize("size", [(20, 5), (80, 24)])
async def test_a_small_terminal_and_one_of_ascii_show_it_too(
    desk: Callable[[str], Warroom], size: tuple[int, int]
) -> None:
    app = desk("en")
    app.ascii_only = True
    async with app.run_test(size=size) as pilot:
        await opened(pilot)
        await pilot.press("down", "pagedown", "end", "home")
        await pilot.pause()
        assert on_screen(app).isascii()
        assert "Cost desk" in on_screen(app)


async def test_the_same_key_closes_it(desk: Callable[[str], Warroom]) -> None:
    async with desk("en").run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        await pilot.press("dollar_sign")
        await pilot.pause()
        assert isinstance(pilot.app.screen, BoardScreen)


async def test_without_a_word_on_costs_the_desk_says_what_to_write(desk: Callable[[str], Warroom]) -> None:
    app = desk("en")
    app.costs = CostsSettings()
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        assert "[costs] pack" in " ".join(on_screen(app).split())


async def test_a_lever_is_pulled_by_plan_question_and_run_and_one_without_a_switch_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan_module, "SEEN_S", 0.0)
    with page_server(lambda _: Page(OWN.encode())) as address:
        config = configuration(
            tmp_path,
            f"""
[[signals.scrape.targets]]
url = "{address}/metrics"
interval_s = 1
[costs]
spend = [{{ metric = "chimera_llm_cost_usd_total", model = "model" }}]
levers.cache = {{ action = "shop.set", parameters = {{ value = "on" }} }}
levers.model = {{ action = "degrade.set", parameters = {{ switch = "dial", position = "low" }} }}
""",
        )
        async with running(config) as person:
            app = person.app
            await person.press("dollar_sign", then=lambda: isinstance(app.screen, CostsScreen))
            await until(lambda: "no switch" in on_screen(app), "the desk and the catalogue", 30)
            await person.press("a", then=lambda: app.notice is not None)
            assert "[costs.levers.prompts] names no action" in app.words.say(app.notice)  # type: ignore[arg-type]
            await person.press("down", "down")
            await person.press("a", then=lambda: "no dial" in on_screen(app))
            await person.press(
                "up", then=lambda: "pulled by: shop.set value=on" in " ".join(on_screen(app).split())
            )
            await person.press("a", then=lambda: plan_of(app) is not None)
            assert not (tmp_path / "switch").exists(), "nothing is done before somebody says yes"
            await person.press("enter", then=lambda: run_of(app) is not None)
            await until(lambda: has_ended(app), "the run", 60)
        assert (tmp_path / "switch").read_text() == "on"
