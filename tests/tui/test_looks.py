"""What a person would not want to see at night: question marks for words, keys for nothing, colour where nothing is."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from core.message import say
from panels.draw.axis import time_axis
from panels.draw.chart import draw_chart, scale_of
from panels.projection import with_forecast
from panels.state import Chart
from signals.reading import Series
from tests.tui.board_states import states
from tests.tui.test_pictures import board, told
from tui.i18n import Language
from tui.screens.board import BoardScreen
from tui.screens.choose import Choose
from tui.screens.form import Field, Form
from tui.screens.page import Page, key_line

if TYPE_CHECKING:
    from core.message import Message
    from tui.app import Warroom

NOW = 1_700_000_000.0
SAY = Language("en").say


def falling(unit: str = "count") -> Chart:
    times = tuple(NOW - 1800 + 30 * step for step in range(61))
    curve = Series((), times, tuple(0.5 + step / 125 for step in range(61)))
    return Chart(
        title=say("panels.text", text="x"),
        unit=unit,
        curves=(curve,),
        names=(say("panels.text", text="x"),),
        limit=0.1,
    )


def test_no_blank_wears_the_cursor() -> None:
    axis = time_axis(NOW, 60, 1800, 450)
    for line in draw_chart(falling(), axis, 10, SAY, cursor=NOW - 900):
        for span in line.spans:
            assert span.style != "cursor" or " " not in line.plain[span.start : span.end]


def test_a_share_is_never_drawn_above_all() -> None:
    chart = with_forecast(falling("ratio"), NOW, 450)
    assert scale_of(chart) == (0.0, 1.0)
    assert chart.forecast is not None
    assert max(chart.forecast.high.values) <= 1
    assert max(with_forecast(falling(), NOW, 450).forecast.high.values) > 1  # type: ignore[union-attr]  # it has one


async def test_a_terminal_of_ascii_alone_speaks_english() -> None:
    app = board("zh", "dark")
    app.ascii_only = True
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        assert spoken(app) == ("en", say("tui.only_ascii"))
        app.notice = None
        app.set_language("zh")
        assert spoken(app) == ("en", say("tui.only_ascii"))
        await pilot.press("colon")
        await pilot.pause()
        strips = app.screen._compositor.render_strips()
        assert all("─" not in segment.text for strip in strips for segment in strip)


def spoken(app: Warroom) -> tuple[str, Message | None]:
    return app.words.code, app.notice


def test_a_terminal_of_every_character_speaks_what_was_asked() -> None:
    assert board("zh").words.code == "zh"


@pytest.mark.parametrize("panel", ["1", "3", "5", "7"])
async def test_the_explanation_is_in_the_language_of_the_screen(panel: str) -> None:
    app = board("zh", "dark")
    async with app.run_test(size=(120, 60)) as pilot:
        await told(panel, "question_mark")(pilot)  # type: ignore[misc]  # a coroutine
        screen = app.screen
        assert isinstance(screen, Page)
        lines = [line.plain for line in screen.body(120, 57, NOW)]
        named = [line.split(" = ")[0] for line in lines if re.match(r" {5}\S.* = ", line)]
        assert named
        assert not [
            name for name in named if re.search(r"waiting|errors|requests|workers|month|invalid", name)
        ]
        assert not [line for line in lines if " count " in line]


async def test_what_is_said_of_the_panel_under_the_cursor_is_not_said_of_all() -> None:
    app = board(theme="dark")
    young = (say("panels.young", span="3 min"),)
    warned = {name: replace(state, warnings=young) for name, state in states().items()}
    async with app.run_test(size=(120, 40)) as pilot:
        await told()(pilot)  # type: ignore[misc]  # a coroutine
        app.states.update(warned)
        screen = app.screen
        assert isinstance(screen, BoardScreen)
        text = "\n".join(line.plain for line in screen.body(120, 37, NOW))
        assert text.count("only 3 min of history") == 1


async def test_a_form_of_one_field_has_no_next_one() -> None:
    app = board(theme="dark")
    async with app.run_test(size=(80, 24)) as pilot:
        one, two = Form("?", [Field("a")]), Form("?", [Field("a"), Field("b")])
        app.push_screen(one)
        await pilot.pause()
        assert [key for key, _ in one.foot()] == ["Enter", "Esc"]
        app.push_screen(two)
        await pilot.pause()
        assert [key for key, _ in two.foot()] == ["Enter", "Tab", "Esc"]


async def test_a_long_question_is_asked_whole() -> None:
    app = board(theme="dark")
    question = "offer incident command to somebody " * 3 + "why?"
    async with app.run_test(size=(80, 24)) as pilot:
        app.push_screen(Choose(question, ["one", "two " * 40]))
        await pilot.pause()
        text = [
            "".join(segment.text for segment in strip) for strip in app.screen._compositor.render_strips()
        ]
        assert " ".join(question.split()) in " ".join(" ".join(text).split())
        assert any(line.rstrip().endswith("…") for line in text)


def test_keys_that_have_no_room_go_whole() -> None:
    keys = [("Enter", "go on"), ("Tab", "next field"), ("Esc", "cancel")]
    assert key_line(keys, 80, last=1).plain.split("  ")[:3] == [
        " Enter go on",
        "Tab next field",
        "Esc cancel",
    ]
    assert key_line(keys, 28, last=1).plain.split() == ["Enter", "go", "on", "Esc", "cancel"]
    assert key_line(keys, 14, last=1).plain.split() == ["Esc", "cancel"]
