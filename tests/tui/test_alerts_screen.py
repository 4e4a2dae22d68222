"""The list of alerts: its cursor, its groups, what is new, what it explains and which runbook it names."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest
from rich.cells import cell_len

from core.message import say
from panels.state import PanelState
from runbooks.library import load_library
from runbooks.settings import RunbooksSettings
from tests.tui.board import alert, alerts, board, metric, shown, tell
from tui.activity import IDLE_S, Activity
from tui.app import Warroom
from tui.feeds.journal import JournalState
from tui.screens.alerts import AlertsScreen
from tui.screens.explain import ExplainScreen
from tui.screens.zoom import ZoomScreen


def many() -> PanelState:
    """Made when asked for: a whole run comes here minutes after it read this file."""
    return alerts(
        alert("Page", queue="matches", since_s=300),
        alert("Page", queue="ai", since_s=30),
        alert("Ticket", severity="ticket", since_s=4000),
        replace(alert("Soon", "pending"), fires_at=time.time() + 599),
        alert("Known", "silenced"),
        alert("Deployed", severity="info"),
        broken=(("Unreadable", say("signals.no_source")),),
    )


def listed(app: Warroom) -> AlertsScreen:
    assert isinstance(app.screen, AlertsScreen)
    return app.screen


async def test_it_opens_by_its_key_and_as_the_zoom_of_its_panel() -> None:
    state = metric("queues", 1)
    app = board(state, many())
    async with app.run_test(size=(80, 24)) as pilot:
        tell(app, state, many())
        await pilot.press("l")
        listed(app)
        await pilot.press("l")
        assert not isinstance(app.screen, AlertsScreen)
        await pilot.press("enter")  # the alerts are the worst panel
        listed(app)
        await pilot.press("escape", "down", "enter")
        assert isinstance(app.screen, ZoomScreen)


async def test_causes_stand_together_and_states_are_told_apart() -> None:
    app = board(many())
    async with app.run_test(size=(100, 30)) as pilot:
        tell(app, many())
        await pilot.press("l")
        lines = [line.rstrip() for line in (await shown(pilot)).splitlines()]
        assert "3 firing  1 pending  1 silenced" in lines[1]
        assert lines[2].startswith("  ✖ Page  2×")
        assert "book-of-Page" in lines[2]
        assert lines[3].startswith("▶   ✖ queue=ai")
        assert "summary of Page" in lines[4]
        assert any(line.startswith("    ✖ queue=matches") for line in lines)
        assert any(
            line.startswith("  ▲ Ticket") and "firing ticket" in line and "66 min" in line for line in lines
        )
        soon = next(index for index, line in enumerate(lines) if line.startswith("  ▲ Soon"))
        assert "page in 9 min" in lines[soon]
        ticket = next(index for index, line in enumerate(lines) if line.startswith("  ▲ Ticket"))
        assert soon < ticket, "what will page stands over what never does"
        assert any(line.startswith("  – Known") and "silenced" in line for line in lines)
        assert any("Unreadable is unknown: no source" in line for line in lines)


async def test_the_cursor_stays_with_its_alert_and_unfolds_it() -> None:
    state = many()
    app = board(state)
    async with app.run_test(size=(100, 30)) as pilot:
        tell(app, state)
        await pilot.press("l", "down", "down", "down")
        chosen = listed(app).chosen()
        assert chosen is not None
        assert chosen.name == "Ticket"
        before = state.alerts
        assert before is not None
        tell(app, alerts(alert("Another"), *before.alerts))
        assert listed(app).chosen() == chosen
        await pilot.press("end")
        last = listed(app).chosen()
        assert last is not None
        assert last.name == "Known"
        await pilot.press("down", "home")
        first = listed(app).chosen()
        assert first is not None
        assert first.name == "Page"


async def test_a_long_list_scrolls_with_its_cursor() -> None:
    many = alerts(*(alert(f"Alert{number:02}", since_s=number * 10) for number in range(60)))
    app = board(many)
    async with app.run_test(size=(80, 12)) as pilot:
        tell(app, many)
        await pilot.press("l")
        assert "Alert00" in await shown(pilot)
        assert "Alert40" not in await shown(pilot)
        for _ in range(40):
            await pilot.press("down")
        assert "▶ ✖ Alert40" in await shown(pilot)
        assert "summary of Alert40" in await shown(pilot)
        await pilot.press("pagedown", "pagedown", "pagedown")
        assert "▶ ✖ Alert59" in await shown(pilot)
        await pilot.press("pageup")
        assert "Alert59" not in (await shown(pilot)).splitlines()[2]


async def test_what_fired_since_the_last_look_is_marked() -> None:
    app = board(many())
    async with app.run_test(size=(100, 30)) as pilot:
        tell(app, many())
        await pilot.press("l")
        now = time.time()
        app.activity = Activity(now, now - IDLE_S)
        app.repaint()
        await pilot.pause()
        marked = [line for line in (await shown(pilot)).splitlines() if "●" in line]
        assert len(marked) == 1
        assert "queue=ai" in marked[0]
        lines = listed(app).body(100, 27, now)
        styled = [
            line.plain[span.start : span.end]
            for line in lines
            for span in line.spans
            if span.style == "cursor"
        ]
        assert styled == ["▶", "●"]  # no blank: a theme may reverse them


async def test_everything_known_of_an_alert_is_explained() -> None:
    app = board(many())
    async with app.run_test(size=(80, 24)) as pilot:
        tell(app, many())
        await pilot.press("l", "question_mark")
        assert isinstance(app.screen, ExplainScreen)
        text = await shown(pilot)
        for part in (
            "vector(1) > 0 # Page",
            "1.5",
            "queue",
            "ai",
            "prometheus",
            "book-of-Page",
            "summary of Page",
        ):
            assert part in text, part
        await pilot.press("down")
        assert "matches" in await shown(pilot)
        await pilot.press("escape", "escape")
        assert len(app.screen_stack) == 1


async def test_the_filter_looks_into_labels_and_summaries() -> None:
    app = board(many())
    async with app.run_test(size=(80, 24)) as pilot:
        tell(app, many())
        await pilot.press("l", "slash", *"queue=mat", "enter")
        assert "queue=matches" in await shown(pilot)
        assert "Ticket" not in await shown(pilot)
        assert "filter: queue=mat" in (await shown(pilot)).splitlines()[0]
        await pilot.press("slash", *"zzz")
        assert "no alert matches 'queue=matzzz'" in await shown(pilot)
        await pilot.press("escape")
        assert "Ticket" in await shown(pilot)
        listed(app)


async def test_its_key_opens_the_runbook_that_answers_the_alert(tmp_path: Path) -> None:
    (tmp_path / "page.md").write_text(
        "---\nid: page\ntitle: What to do when it pages\nalerts: [Page]\n---\n\n## First\n\n- [ ] Look at it\n",
        encoding="utf-8",
    )
    app = board(many())
    async with app.run_test(size=(110, 30)) as pilot:
        tell(app, many())
        await pilot.press("l")
        assert "book-of-Page" in await shown(pilot)  # what the alert itself names
        app.incidents.update_journal(JournalState(place="here"))  # the key waits for both
        app.incidents.update_library(load_library(RunbooksSettings(folders=(tmp_path,)), "en"))
        await pilot.pause()
        assert "What to do when it pages" in await shown(pilot)
        await pilot.press("r")
        assert "What to do when it pages: open where?" in await shown(pilot)
        await pilot.press("2", "enter")  # only to be read
        assert "Look at it" in await shown(pilot)


async def test_an_explanation_stands_in_columns_in_chinese_too() -> None:
    app = board(many(), code="zh")
    async with app.run_test(size=(80, 24)) as pilot:
        tell(app, many())
        await pilot.press("l", "question_mark")
        lines = (await shown(pilot)).splitlines()
        places = [
            cell_len(line[: line.index(value)])
            for line in lines
            for value in ("触发中 page", "1.5")
            if value in line
        ]
        assert places == [19, 19]


@pytest.mark.parametrize("code", ["en", "zh"])
async def test_no_source_of_alerts_is_said_and_nothing_breaks(code: str) -> None:
    from panels.spec import PanelSpec
    from tests.panels.judged import judge_alerts

    none = judge_alerts(PanelSpec(id="alerts", title="Alerts", kind="alerts"), None, time.time())
    app = board(none, code=code)
    async with app.run_test(size=(40, 10)) as pilot:
        await pilot.press("l", "down", "r", "question_mark", "escape")
        tell(app, none)
        await pilot.pause()
        assert ("NO DATA" if code == "en" else "无数据") in await shown(pilot)


async def test_markup_in_an_alert_stays_text() -> None:
    state = alerts(alert("[red]x[/]", queue="[b]y"))
    app = board(state)
    async with app.run_test(size=(80, 24)) as pilot:
        tell(app, state)
        await pilot.press("l")
        assert "[red]x[/]" in await shown(pilot)
        assert "queue=[b]y" in await shown(pilot)
