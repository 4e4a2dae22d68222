"""The board in every size: the worst and the chosen panel are there, and more room shows more."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from core.message import say
from panels.changes import Change
from panels.state import BOARD_SPAN_S, LONG_SPAN_S
from signals.connections.breaker import Notice
from tests.tui.board import IDS, alert, alerts, board, eight, metric, shown, tell
from tui.activity import IDLE_S, READ_S, Activity
from tui.feeds.signals import SourceNotice
from tui.screens.page import Page

SIZES = [
    (20, 5),
    (40, 10),
    (60, 20),
    (80, 24),
    (100, 30),
    (120, 40),
    (160, 45),
    (200, 60),
    (10, 3),
    (250, 20),
]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("code", ["en", "zh"])
async def test_the_worst_and_the_chosen_panel_are_there_in_every_size(
    size: tuple[int, int], code: str
) -> None:
    states = eight()
    app = board(*states, code=code)
    async with app.run_test(size=size) as pilot:
        tell(app, *states)
        for _ in range(len(IDS)):
            await pilot.press("down")
            chosen = app.under_cursor()
            assert chosen is not None
            screen = app.screen
            assert isinstance(screen, Page)
            lines = screen.body(size[0], max(1, size[1] - 3), time.time())
            text = "\n".join(line.plain for line in lines[: max(1, size[1] - 3)])
            title = app.words.say(chosen.title)[:2]
            assert title in text
            assert text.count("▶") == 1
            assert "✖" in text or size[1] - 3 <= 1
            assert max(line.cell_len for line in lines) <= size[0]
            assert screen.keys(size[0]).cell_len == size[0]
            assert screen.head(size[0], time.time()).cell_len <= size[0]


async def test_the_panel_under_the_cursor_unfolds_with_its_chart_at_80_by_24() -> None:
    states = eight()
    app = board(*states)
    async with app.run_test(size=(80, 24)) as pilot:
        tell(app, *states)
        await pilot.pause()
        text = await shown(pilot)
        assert "queues_one is 143, over 100" in text
        assert "limit 100" in text
        assert "┤" in text
        for name in IDS:
            assert name.upper()[:5] in text or name == "alerts"
        assert "nothing new since your last look" in text


async def test_120_by_40_is_a_grid_and_200_by_60_looks_back_longer_with_the_changes_at_the_side() -> None:
    states = eight()
    app = board(*states)
    async with app.run_test(size=(120, 40)) as pilot:
        tell(app, *states)
        await pilot.pause()
        assert app.chart_span_s == BOARD_SPAN_S
        lines = (await shown(pilot)).splitlines()
        assert sum(line.count("┤") for line in lines) == 2 * 7
        assert "QUEUES" in lines[1]
        assert "SLO" in lines[1]  # beside each other
        await pilot.resize_terminal(200, 60)
        await pilot.pause()
        tell(app, *states)
        await pilot.pause()
        assert app.chart_span_s == LONG_SPAN_S
        lines = (await shown(pilot)).splitlines()
        assert "nothing new since your last look" in lines[1][150:]
        assert sum("nothing new" in line for line in lines) == 1
        assert all(line[156] == "│" for line in lines[1:57])
        row = next(line for line in lines if line.startswith("     ✖ n queues_one"))
        assert "limit 100" in row[:78]  # the row has all its columns, and the chart the width of the panel
        assert max(line.rfind("┊", 0, 78) for line in lines) > 50
        await pilot.resize_terminal(80, 24)
        await pilot.pause()
        assert app.chart_span_s == BOARD_SPAN_S


@pytest.mark.parametrize("width", [40, 80, 120])
@pytest.mark.parametrize(("code", "mark"), [("en", "via scrape"), ("zh", "经 scrape")])
async def test_the_head_names_the_source_that_stands_in_as_long_as_it_does(
    width: int, code: str, mark: str
) -> None:
    states = eight()
    app = board(*states, code=code)
    async with app.run_test(size=(width, 24)):
        for stand_in in ("", "scrape", ""):
            tell(app, *states[:-1], replace(states[-1], stand_in=stand_in))
            screen = app.screen
            assert isinstance(screen, Page)
            assert (mark in screen.head(width, time.time()).plain) == bool(stand_in)


async def test_a_longer_past_is_drawn_when_it_is_there() -> None:
    state = metric("queues", 143)
    short = state.charts[0]
    past = replace(short.curves[0], times=tuple(time.time() - 7000 + 100 * step for step in range(70)))
    past = replace(past, values=tuple(900.0 for _ in past.times))
    state = replace(state, charts=(short, replace(short, span_s=LONG_SPAN_S, curves=(past,))))
    app = board(state)
    async with app.run_test(size=(200, 60)) as pilot:
        tell(app, state)
        await pilot.pause()
        assert "1k" in await shown(pilot)
        await pilot.resize_terminal(80, 24)
        await pilot.pause()
        assert "1k" not in await shown(pilot)
        assert "200" in await shown(pilot)


async def test_what_changed_while_nobody_looked_is_marked_until_somebody_rests() -> None:
    states = eight()
    app = board(*states)
    async with app.run_test(size=(80, 24)) as pilot:
        tell(app, *states)
        now = time.time()
        app.activity = Activity(now - IDLE_S - 5, now - 600)
        tell(app, metric("llm", 60), alerts(alert("TooSlow")))
        await pilot.pause()
        text = await shown(pilot)
        assert "2 new since your last look" in text
        newest = next(line for line in text.splitlines() if "●" in line)
        assert "alert TooSlow is firing" in newest
        assert "LLM: n llm_one is 60, over 50" in text
        await pilot.press("down")  # one look: what is new stays new while it is read
        await pilot.press("up")
        assert "2 new" in await shown(pilot)
        app.activity = Activity(now + 1, now + 1)
        app.repaint()
        await pilot.pause()
        assert "nothing new" in await shown(pilot)
        assert "alert TooSlow is firing" in await shown(pilot)


async def test_the_board_says_in_chinese_what_changed() -> None:
    states = eight()
    app = board(*states, code="zh")
    async with app.run_test(size=(120, 40)) as pilot:
        tell(app, *states)
        app.activity = Activity(time.time() - IDLE_S - 5, 0)
        tell(app, metric("llm", 143))
        await pilot.pause()
        last = (await shown(pilot)).splitlines()[-3]
        assert "1 条新变化" in last
        assert "llm面板 告急" in last


async def test_a_switch_of_source_stays_until_a_key_says_it_was_read() -> None:
    states = eight()
    app = board(*states)
    async with app.run_test(size=(80, 24)) as pilot:
        tell(app, *states)
        switched = say("signals.back", source="prometheus")
        app.on_source_notice(SourceNotice(Notice(time.time(), switched)))
        await pilot.pause()
        text = app.words.say(switched)[:40]
        notice_line = -2
        assert text in (await shown(pilot)).splitlines()[notice_line]
        await pilot.press("down")  # meant for what stood there before
        assert text in (await shown(pilot)).splitlines()[notice_line]
        assert app._notice is not None
        app._notice = replace(app._notice, at=app._notice.at - READ_S - 1)
        tell(app, metric("cost", 2))
        assert text in (await shown(pilot)).splitlines()[notice_line]
        await pilot.press("down")
        await pilot.pause()
        assert text not in (await shown(pilot)).splitlines()[notice_line]
        assert isinstance(app.change_log.changes[0], Change)
        assert text in await shown(pilot)  # the log keeps it


async def test_paused_is_loud_and_shown_in_the_head() -> None:
    states = eight()
    app = board(*states)
    async with app.run_test(size=(80, 24)) as pilot:
        tell(app, *states)
        await pilot.press("p")
        await pilot.pause()
        assert "PAUSED" in (await shown(pilot)).splitlines()[0]
        screen = app.screen
        assert isinstance(screen, Page)
        head = screen.head(80, time.time())
        assert any(
            span.style == "stale" and "PAUSED" in head.plain[span.start : span.end] for span in head.spans
        )


async def test_the_filter_keeps_the_panels_that_have_the_words() -> None:
    states = eight()
    app = board(*states)
    async with app.run_test(size=(80, 24)) as pilot:
        tell(app, *states)
        await pilot.press("slash", *"qll")  # q is a letter now
        assert "/qll" in await shown(pilot)
        assert "no panel matches 'qll'" in await shown(pilot)
        assert app.under_cursor() is None
        await pilot.press("backspace", "backspace", "backspace", *"LLM")
        assert [state.id for state in app.panels_shown()] == ["llm"]
        await pilot.press("enter")
        assert "filter: LLM" in (await shown(pilot)).splitlines()[0]
        assert "✖1" in (await shown(pilot)).splitlines()[0]  # what is filtered out still counts
        await pilot.press("escape")
        assert len(app.panels_shown()) == 8
        assert "filter" not in (await shown(pilot)).splitlines()[0]


async def test_the_footer_leaves_out_whole_keys_and_never_help_and_quit() -> None:
    app = board(*eight())
    async with app.run_test(size=(80, 24)):
        screen = app.screen
        assert isinstance(screen, Page)
        for width in range(20, 100):
            foot = screen.foot(width)
            assert foot.rstrip().endswith("F1 keys  q quit"), width
            assert len(foot) == width
