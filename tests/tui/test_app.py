"""The board with states of our making: the cursor stays with its panel, the locale decides, nothing overflows."""

from __future__ import annotations

import gc
from dataclasses import replace

import pytest
from rich.cells import cell_len
from textual._styles_cache import StylesCache

from panels.draw.panel import panel_line
from panels.spec import PanelSpec, QuerySpec
from panels.state import PanelState
from signals.reading import Answer, Freshness, Series, Verdict
from tests.panels.judged import judge_panel
from tui.app import Warroom
from tui.feeds.signals import PanelJudged
from tui.i18n import Language
from tui.runtime.terminal import locale_is_utf8
from tui.screens.help import HelpScreen
from tui.screens.page import Page


def state(name: str, value: float, at: float = 1000.0) -> PanelState:
    query = QuerySpec(name="n", expr="n", warn=50, burning=100)
    series = Series((), (at,), (value,))
    spec = PanelSpec(id=name, title=name.upper(), queries=(query,))
    return judge_panel(spec, {"n": Answer("n", "vector", (series,), "t", at)}, at)


def board() -> Warroom:
    app = Warroom(None, Language("en"))
    app.order = ("a", "b", "c")
    return app


async def test_the_cursor_stays_with_its_panel_when_the_order_changes() -> None:
    app = board()
    async with app.run_test(size=(80, 24)) as pilot:
        for name in "abc":
            app.on_panel_judged(PanelJudged(state(name, 1)))
        await pilot.press("down")
        assert app.chosen == "b"
        app.on_panel_judged(PanelJudged(state("c", 500)))
        assert [one.id for one in app.by_attention()] == ["c", "a", "b"]
        chosen = app.under_cursor()
        assert chosen is not None
        assert chosen.id == "b"


async def test_a_screen_that_was_closed_is_not_kept() -> None:
    """Board, history and statistics are opened for days: what they drew must go with them."""

    def drawers() -> int:
        gc.collect()
        return sum(isinstance(thing, StylesCache) for thing in gc.get_objects())

    app = board()
    async with app.run_test(size=(80, 24)) as pilot:
        counts = []
        for _ in range(3):
            app.push_screen(HelpScreen())
            await pilot.pause()
            await pilot.press("escape")
            await pilot.pause()
            counts.append(drawers())
    assert len(set(counts)) == 1


async def test_pause_keeps_what_is_on_the_screen() -> None:
    app = board()
    async with app.run_test(size=(80, 24)) as pilot:
        app.on_panel_judged(PanelJudged(state("a", 1)))
        await pilot.press("p")
        app.on_panel_judged(PanelJudged(state("a", 500)))
        assert app.states["a"].verdict is Verdict.OK


@pytest.mark.parametrize("size", [(20, 5), (80, 24), (120, 40), (200, 60)])
@pytest.mark.parametrize("code", ["en", "zh"])
async def test_no_line_is_wider_than_the_terminal(size: tuple[int, int], code: str) -> None:
    app = board()
    app.words = Language("zh" if code == "zh" else "en")
    async with app.run_test(size=size):
        for name in "abc":
            app.on_panel_judged(PanelJudged(state(name, 500)))
        assert isinstance(app.screen, Page)
        lines = [app.screen.head(size[0], 1001), *app.screen.body(size[0], size[1] - 3, 1001)]
        assert max(line.cell_len for line in lines) <= size[0]
        assert cell_len(app.screen.foot(size[0])) <= size[0]


@pytest.mark.parametrize(
    ("environment", "speaks"),
    [
        ({"LANG": "C.UTF-8"}, True),
        ({"LANG": "C"}, False),
        ({"LC_ALL": "POSIX", "LANG": "de_DE.UTF-8"}, False),
        ({"LC_CTYPE": "zh_CN.utf8", "LANG": "C"}, True),
        ({}, False),
    ],
)
def test_the_locale_decides_whether_blocks_can_be_drawn(environment: dict[str, str], *, speaks: bool) -> None:
    assert locale_is_utf8(environment) is speaks


def test_one_old_number_makes_the_line_old() -> None:
    young, old = state("a", 1, 1000.0), state("a", 1, 400.0)
    mixed = replace(young, readings=(*young.readings, *old.readings))
    line = panel_line(mixed, Language("en").say, 80, 1001)
    assert "10min" in line.plain
    assert any(span.style == "stale" for span in line.spans)
    stale = replace(young, freshness=Freshness.STALE)
    assert any(span.style == "stale" for span in panel_line(stale, Language("en").say, 80, 1001).spans)
