"""The zoom screen: its keys over a real scrape, its picture, and what it says when the source does not answer."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import pytest

from core.errors import Unreachable
from core.message import say
from panels.spec import PanelSpec, QuerySpec
from panels.zoom import RANGES
from signals.metrics.failover import MetricFailover
from signals.reading import Answer, Series
from signals.settings import SignalsSettings
from signals.sources import Sources
from tests.exporter import depth_board, depth_exporter
from tests.panels.judged import judge_panel
from tui.app import Warroom
from tui.config.load import load_config
from tui.feeds.signals import PanelJudged
from tui.i18n import CODES, Language
from tui.screens.zoom import ZoomScreen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import Any

    from textual.pilot import Pilot

NOW = 1_700_000_000.0
PANEL = PanelSpec(
    id="queues",
    title="Queues",
    title_zh="队列",
    chart="waiting",
    queries=(
        QuerySpec(name="waiting", expr="waiting", unit="count", by="queue", warn=50, burning=100),
        QuerySpec(name="oldest", expr="oldest", unit="s"),
    ),
)


class Curves:
    """A source whose curves are known to the cell; `problem` is the fault that can't be made on demand."""

    name, remote = "known", True
    problem: Unreachable | None = None

    async def query(self, expr: str, at: float | None = None) -> Answer:
        return await self.query_range(expr, at or NOW, at or NOW, 1)

    async def query_range(self, expr: str, start: float, end: float, step: float) -> Answer:
        if self.problem:
            raise self.problem
        times = tuple(start + step * index for index in range(int((end - start) / step) + 1))
        middle = len(times) // 2
        rising = tuple(10.0 + 133 * max(0, index - middle) / max(1, middle) for index in range(len(times)))
        level = tuple(12.0 + index % 3 for index in range(len(times)))
        named = (("matches", rising), ("[bold]ai", level))
        return Answer(
            expr,
            "matrix",
            tuple(Series((("queue", name),), times, values) for name, values in named),
            self.name,
            end,
        )

    async def metric_names(self) -> frozenset[str]:
        return frozenset({"waiting", "oldest"})

    async def has_had(self, metric: str) -> bool:
        return metric in await self.metric_names()


class Asker:
    """Answers a screen's questions at once, in the loop of the screen."""

    def __init__(self, source: Curves) -> None:
        self.specs = {PANEL.id: PANEL}
        self.sources = Sources(metrics=MetricFailover([source], SignalsSettings(), lambda _: None))

    def start(self) -> None: ...

    def stop(self) -> None: ...

    async def ask(self, question: Callable[[Sources], Any]) -> Any:
        return await question(self.sources)


def zoomed(code: str = "en", source: Curves | None = None) -> Warroom:
    app = Warroom(None, Language(next(one for one in CODES if one == code)))
    app.signals_thread = Asker(source or Curves())  # type: ignore[assignment]  # the part of it that screens use
    app.order = (PANEL.id,)
    app.service = "chimera prod"
    app.notice = None
    app.ascii_only = False
    return app


async def open_zoom(pilot: Pilot[str]) -> ZoomScreen:
    app = pilot.app
    assert isinstance(app, Warroom)
    series = Series((("queue", "matches"),), (time.time(),), (143.0,))
    answers = {"waiting": Answer("waiting", "vector", (series,), "known", time.time())}
    app.on_panel_judged(PanelJudged(judge_panel(PANEL, answers, time.time())))
    await pilot.press("enter")
    await pilot.app.workers.wait_for_complete()
    await pilot.pause()
    assert isinstance(app.screen, ZoomScreen)
    return app.screen


def shown(screen: ZoomScreen, width: int = 80, height: int = 21) -> str:
    return "\n".join(line.plain for line in screen.body(width, height, time.time()))


def cursor_of(screen: ZoomScreen) -> float:
    assert screen.view is not None
    return screen.view.cursor or float("inf")


@pytest.fixture
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: NOW)


@pytest.mark.usefixtures("_clock")
@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_its_picture(snap_compare: Callable[..., bool], size: tuple[int, int], code: str) -> None:
    async def prepare(pilot: Pilot[str]) -> None:
        await open_zoom(pilot)
        await pilot.press("left", "shift+left")

    assert snap_compare(zoomed(code), terminal_size=size, run_before=prepare)


async def test_the_keys_read_values_and_change_range_and_question() -> None:
    app = zoomed()
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await open_zoom(pilot)
        assert "last 30m" in shown(screen)
        assert "waiting" in shown(screen)
        assert screen.view is not None
        assert screen.view.cursor is None
        await pilot.press("left", "left")
        first = cursor_of(screen)
        await pilot.press("shift+left")
        assert cursor_of(screen) < first < time.time()
        await pilot.press("shift+right", "shift+right", "right")
        assert screen.view.cursor is None
        await pilot.press("left", "end")
        assert screen.view.cursor is None
        await pilot.press("z")
        assert screen.view.stretch is RANGES[3]
        await pilot.press("Z", "Z")
        assert screen.view.stretch is RANGES[1]
        await pilot.press("tab")
        assert screen.face.words.say(screen.view.query) == "oldest"
        await pilot.press("shift+tab")
        assert screen.face.words.say(screen.view.query) == "waiting"
        await pilot.app.workers.wait_for_complete()
        assert screen.view.zoom is not None
        await pilot.press("escape")
        assert not isinstance(app.screen, ZoomScreen)


async def test_an_answer_that_fails_keeps_the_picture_and_says_why() -> None:
    source = Curves()
    async with zoomed(source=source).run_test(size=(120, 40)) as pilot:
        screen = await open_zoom(pilot)
        source.problem = Unreachable(say("signals.no_source"))
        screen._asked_at = 0.0
        screen._follow()
        await pilot.app.workers.wait_for_complete()
        assert "no source of metrics" in shown(screen, 120)
        assert "matches" in shown(screen, 120)


@pytest.mark.parametrize("keys", [("z",), ("Z",), ("tab",), ("slash", "a", "enter")])
async def test_a_key_before_the_next_look_is_for_the_panel_that_the_cursor_stands_on_now(
    keys: tuple[str, ...],
) -> None:
    """The board's order changed a moment ago, and the panel there has fewer questions than the one that is shown."""
    app = zoomed()
    other = PanelSpec(id="cache", title="Cache", queries=(QuerySpec(name="hits", expr="hits"),))
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await open_zoom(pilot)
        await pilot.press("tab")
        assert app.signals_thread is not None
        app.signals_thread.specs["cache"] = other
        app.on_panel_judged(PanelJudged(judge_panel(other, {}, time.time())))
        app.order, app.chosen = ("cache", PANEL.id), "cache"
        await pilot.press(*keys)
        await pilot.app.workers.wait_for_complete()
        assert screen.view is not None
        assert (screen.view.number, screen.view.of) == (1, 1)
        assert screen.face.words.say(screen.view.query) == "hits"


async def test_another_panel_that_becomes_the_first_does_not_take_the_place_of_the_one_that_is_zoomed() -> (
    None
):
    app = zoomed()
    other = PanelSpec(
        id="cache", title="Cache", queries=(QuerySpec(name="hits", expr="hits", warn=1, burning=2),)
    )
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await open_zoom(pilot)
        assert app.signals_thread is not None
        app.signals_thread.specs["cache"] = other
        app.order = ("cache", PANEL.id)
        series = Series((), (time.time(),), (143.0,))
        answers = {"hits": Answer("hits", "vector", (series,), "known", time.time())}
        app.on_panel_judged(PanelJudged(judge_panel(other, answers, time.time())))
        await pilot.pause()
        assert app.panels_shown()[0].id == "cache"
        screen._follow()
        assert screen.view is not None
        assert screen.face.words.say(screen.view.query) == "waiting"


async def test_paused_asks_nothing() -> None:
    source = Curves()
    async with zoomed(source=source).run_test(size=(80, 24)) as pilot:
        screen = await open_zoom(pilot)
        await pilot.press("p")
        source.problem = Unreachable(say("signals.no_source"))
        screen._asked_at = 0.0
        screen._follow()
        await pilot.app.workers.wait_for_complete()
        assert "no source" not in shown(screen)


@pytest.fixture
def scraped(tmp_path: Path) -> Iterator[Path]:
    """A configuration over a real exporter whose gauge stands at 7."""
    file = tmp_path / "warroom.toml"
    with depth_exporter(7) as (address, _):
        file.write_text(depth_board(address), encoding="utf-8")
        yield file


async def test_a_real_exporter_shows_its_number_and_how_little_history_there_is(scraped: Path) -> None:
    app = Warroom(lambda: load_config(scraped), Language("en"))
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("enter")
        screen = app.screen
        assert isinstance(screen, ZoomScreen)
        for _ in range(200):
            await asyncio.sleep(0.1)
            if screen.view is not None and screen.view.zoom is not None and screen.view.zoom.chart.curves:
                break
        text = shown(screen, 120, 37)
        assert "of history" in text
        assert next(line for line in text.splitlines() if line.startswith("   depth")).split()[1] == "7"
