"""Every key of every screen: what it does, and that none of them breaks anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from core.message import say
from tests.tui.board_states import states
from tests.tui.test_pictures import board, told
from tui.app import Warroom
from tui.i18n import CODES, Language
from tui.keymap import EVERYWHERE, KEYS
from tui.screens.page import Page
from tui.theme import THEME_NAMES

if TYPE_CHECKING:
    from collections.abc import Callable

TO = {"board": (), "zoom": ("1", "enter"), "explain": ("question_mark",), "help": ("f1",)}
"""How to get to a screen."""


def page(app: Warroom) -> str:
    return app.screen.page if isinstance(app.screen, Page) else ""


EFFECTS: list[tuple[str, str, Callable[[Warroom], object], object]] = [
    # screen, key, what to look at, and what it must be
    ("board", "down", lambda app: app.under_cursor() is app.by_attention()[1], True),
    ("board", "up", lambda app: app.under_cursor() is app.by_attention()[-1], True),
    (
        "board",
        "enter",
        page,
        "alerts",
    ),  # the panel under the cursor is that of the alerts, the first of the burning
    ("board", "question_mark", page, "explain"),
    *(("board", str(n), lambda app, n=n: app.chosen == app.order[n - 1], True) for n in range(1, 9)),
    ("explain", "down", lambda app: app.under_cursor() is app.by_attention()[1], True),
    ("explain", "up", lambda app: app.under_cursor() is app.by_attention()[-1], True),
    ("explain", "question_mark", page, "board"),
    ("zoom", "enter", page, "board"),
    ("zoom", "question_mark", page, "explain"),
    *((screen, "escape", page, "board") for screen in ("zoom", "explain", "help")),
    *((screen, "g", page, "board") for screen in TO),
    *((screen, "p", lambda app: app.paused, True) for screen in TO),
    *((screen, "t", lambda app: app.loaded_theme.name, THEME_NAMES[1]) for screen in TO),
    *((screen, "L", lambda app: app.words.code, CODES[1]) for screen in TO),
    *((screen, "f1", page, "help") for screen in ("board", "zoom", "explain")),
    ("help", "f1", page, "board"),
    *((screen, "d", page, "drills") for screen in TO),
    *((screen, "f9", lambda app: app.notice, say("tour.only_sandbox")) for screen in TO),
    *((screen, "q", lambda app: app._exit, True) for screen in TO),
]


@pytest.mark.parametrize(
    ("screen", "key", "look", "expected"), EFFECTS, ids=[f"{one[0]}-{one[1]}" for one in EFFECTS]
)
async def test_a_key_does_what_it_says(
    screen: str, key: str, look: Callable[[Warroom], object], expected: object
) -> None:
    app = board(theme="dark")
    async with app.run_test(size=(80, 24)) as pilot:
        await told(*TO[screen])(pilot)  # type: ignore[misc]  # a coroutine
        assert page(app) == screen
        await pilot.press(key)
        await pilot.pause()
        assert look(app) == expected


@pytest.mark.usefixtures("quick_pauses")
@pytest.mark.parametrize("screen", TO)
@pytest.mark.parametrize("size", [(80, 24), (20, 5)])
async def test_no_key_breaks_anything_with_states_and_without(screen: str, size: tuple[int, int]) -> None:
    for known in (True, False):
        app = board(theme="dark")
        async with app.run_test(size=size) as pilot:
            if known:
                await told()(pilot)  # type: ignore[misc]  # a coroutine
            for key in (*KEYS[screen], *EVERYWHERE):
                if key.action == "app.quit":
                    continue
                app.action_board()
                await pilot.press(*TO[screen], key.key, key.key)
                await pilot.pause()
                assert app.is_running
                app.action_board()  # whatever it opened can be left
                await pilot.pause()
                assert page(app) == "board", key
        assert app.return_code in (0, None)


async def test_scrolling_shows_every_reading_of_a_panel_and_moving_starts_at_its_top() -> None:
    app = board(theme="dark")
    async with app.run_test(size=(80, 12)) as pilot:
        await told("5", "question_mark")(pilot)  # type: ignore[misc]  # a coroutine
        screen = app.screen
        assert isinstance(screen, Page)

        def shown() -> str:
            return "\n".join(line.plain for line in screen.body(80, 9, app_now()))

        seen = shown()
        assert "more lines" in seen
        for _ in range(6):
            await pilot.press("pagedown")
            seen += shown()
        assert "more lines" not in shown()
        for reading in states()["ban"].readings:
            called = Language("en").say(reading.called or say("tui.never"))
            assert f"{called} = {reading.value:g}" in seen, reading.name
        await pilot.press("down")
        assert shown().startswith("   ")
        assert "more lines" in shown()


def app_now() -> float:
    from tests.tui.board_states import NOW

    return NOW
