"""What `?` and F1 show: every query whole, every key of the map; both scroll."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from signals.reading import Reading
from tests.tui.board import alerts, board, eight, metric, shown, tell
from tui.i18n import CODES, Language, LanguageCode
from tui.keymap import EVERYWHERE, KEYS, SHOWN
from tui.screens.page import Page

LONG = " or ".join(f'sum(rate(a_metric_with_a_long_name_total{{part="{part}"}}[5m]))' for part in range(12))


async def test_a_long_query_is_shown_whole_and_scrolls() -> None:
    state = metric("queues", 143)
    now = time.time()
    readings = (
        Reading(name="first", value=1.25, unit="s", at=now - 6, source="prometheus", query=LONG),
        *(
            Reading(
                name=f"r{number}",
                value=float(number),
                unit="count",
                at=now,
                source="scrape",
                query=f"q{number}",
            )
            for number in range(30)
        ),
        Reading(name="missing", value=None, unit="count", at=None, source="", query="absent_metric"),
    )
    state = replace(state, readings=readings)
    app = board(state)
    async with app.run_test(size=(60, 20)) as pilot:
        tell(app, state)
        await pilot.press("question_mark")
        screen = app.screen
        assert isinstance(screen, Page)
        whole = screen.body(60, 10_000, now)
        together = "".join(line.plain.strip() for line in whole).replace(" ", "")
        assert LONG.replace(" ", "") in together
        assert max(line.cell_len for line in whole) <= 60
        assert "first = 1.25 s   prometheus  6 s" in "\n".join(line.plain for line in whole)
        assert "more lines: PgDn" in await shown(pilot)
        assert "missing" not in await shown(pilot)
        await pilot.press("end")
        assert "missing = NO DATA" in await shown(pilot)
        assert "never" in await shown(pilot)
        await pilot.press("pageup", "pageup", "pageup", "pageup")
        assert "first = 1.25 s" in await shown(pilot) or "part" in await shown(pilot)
        await pilot.press("home", "slash", *"absent", "enter")
        assert "missing = NO DATA" in await shown(pilot)
        assert "r7 =" not in await shown(pilot)


async def test_where_to_read_on_is_shown_and_does_nothing_but_show() -> None:
    state = replace(metric("queues", 143), links=(("Grafana", "Core Metrics \x1b[2J[bold]"),))
    app = board(state)
    async with app.run_test(size=(80, 24)) as pilot:
        tell(app, state)
        await pilot.press("question_mark")
        assert "Grafana: Core Metrics [bold]" in await shown(pilot)


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize(
    ("page", "opening"), [("board", ""), ("zoom", "enter"), ("alerts", "l"), ("explain", "question_mark")]
)
async def test_help_shows_every_key_of_the_screen_at_80_by_24(
    page: str, opening: str, code: LanguageCode
) -> None:
    states = eight()
    app = board(*states, code=code)
    async with app.run_test(size=(80, 24)) as pilot:
        tell(app, *states)
        await pilot.press(*filter(None, [opening]), "f1")
        text = await shown(pilot)
        words = Language(code)
        for key in (*KEYS[page], *EVERYWHERE):
            assert words.text(key.text) in text, key
            name = SHOWN.get(key.key, key.key)
            assert name in text or (name.isdigit() and "1-8" in text), key
        assert ": PgDn" not in text  # nothing is left below


@pytest.mark.parametrize("size", [(20, 5), (40, 10)])
async def test_help_scrolls_where_it_does_not_fit(size: tuple[int, int]) -> None:
    state = alerts()
    app = board(state)
    async with app.run_test(size=size) as pilot:
        tell(app, state)
        await pilot.press("f1", "end")
        assert "quit" in await shown(pilot)
        await pilot.press("home")
        assert "on this screen" in await shown(pilot)


def test_every_key_has_its_text_in_both_languages() -> None:
    for keys in (*KEYS.values(), EVERYWHERE):
        for key in keys:
            assert all(not Language(code).text(key.text).startswith("keys.") for code in CODES), key
