"""The command palette: everything the key map can do here, in both languages; and nothing is sent once it is closed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from textual.command import CommandInput

from tests.own_python import printed_by
from tests.tui.board import board, eight, shown, tell
from tests.tui.incident.stage import until
from tui.app import Warroom
from tui.palette import MAX_QUERY, Commands, Palette
from tui.screens.alerts import AlertsScreen
from tui.screens.help import HelpScreen
from tui.screens.page import Page
from tui.theme import THEME_NAMES

if TYPE_CHECKING:
    from textual.pilot import Pilot


async def opened(app: Warroom, pilot: Pilot[str], key: str = "colon") -> None:
    await pilot.press(key)
    await pilot.app.workers.wait_for_complete()
    await pilot.pause()
    assert isinstance(app.screen, Palette)


async def search(pilot: Pilot[str], words: str) -> None:
    await pilot.press(*(("space" if char == " " else char) for char in words))
    await pilot.app.workers.wait_for_complete()
    await pilot.pause()


@pytest.mark.parametrize("key", ["colon", "ctrl+p"])
@pytest.mark.parametrize(("code", "first"), [("en", "zoom  Enter"), ("zh", "放大  Enter")])
async def test_it_lists_what_can_be_done_here_with_the_keys(key: str, code: str, first: str) -> None:
    states = eight()
    app = board(*states, code=code)
    async with app.run_test(size=(80, 50)) as pilot:
        tell(app, *states)
        await opened(app, pilot, key)
        text = await shown(pilot)
        assert first in text
        for theme in THEME_NAMES[:1]:
            assert theme in text
        await pilot.press("escape")
        assert isinstance(app.screen, Page)


@pytest.mark.parametrize("code", ["en", "zh"])
@pytest.mark.parametrize("words", ["alerts", "告警"])
async def test_it_finds_by_the_words_of_either_language(code: str, words: str) -> None:
    states = eight()
    app = board(*states, code=code)
    async with app.run_test(size=(80, 30)) as pilot:
        tell(app, *states)
        await opened(app, pilot)
        await search(pilot, words)
        await pilot.press("enter")
        await until(lambda: isinstance(app.screen, AlertsScreen))


async def test_themes_languages_and_panels_are_commands() -> None:
    states = eight()
    app = board(*states)
    async with app.run_test(size=(80, 30)) as pilot:
        tell(app, *states)
        for words in ("theme: light", "language: 简体中文"):
            await opened(app, pilot)
            await search(pilot, words)
            await pilot.press("enter")
            await until(lambda: not isinstance(app.screen, Palette))
        await until(lambda: app.loaded_theme.name == "light" and app.words.code == "zh")
        await opened(app, pilot)
        await search(pilot, "go to COST")
        await pilot.press("enter")
        await until(lambda: app.chosen == "cost")


async def test_ranges_are_commands_on_the_zoom_screen_alone() -> None:
    states = eight()
    app = board(*states)
    async with app.run_test(size=(80, 40)) as pilot:
        tell(app, *states)
        for keys, has in ((("down",), False), (("enter",), True)):
            await pilot.press(*keys)
            below = app.screen
            found = [command.texts[0] for command in Commands(below)._commands()]
            assert ("range: 7d" in found) is has
            assert len(found) == len(set(found))


@pytest.mark.usefixtures("quick_pauses")
async def test_every_command_of_every_screen_runs() -> None:
    states = eight()
    app = board(*states)
    async with app.run_test(size=(80, 24)) as pilot:
        tell(app, *states)
        for keys in ((), ("l",), ("f1",), ("question_mark",), ("enter",)):
            app.action_board()
            await pilot.press(*keys)
            below = app.screen
            commands = list(Commands(below)._commands())
            for command in commands:
                if command.key in ("q", "Ctrl+Z"):
                    continue
                result = command.run()
                if asyncio.iscoroutine(result):
                    assert await result, command
                await pilot.pause()
                app.action_board()
                if app.paused:
                    app.action_pause()
                if len(app.screen_stack) == 1 and keys:
                    await pilot.press(*keys)


async def test_a_paste_that_came_as_keys_is_soon_over() -> None:
    """Each letter searches anew: five thousand of them held the board for a minute."""
    states = eight()
    app = board(*states)
    async with app.run_test(size=(80, 30)) as pilot:
        tell(app, *states)
        await opened(app, pilot)
        field = app.screen.query_one(CommandInput)
        field.insert_text_at_cursor("x" * MAX_QUERY)
        field.insert_text_at_cursor("y")
        assert field.value == "x" * MAX_QUERY


async def test_help_opens_from_it_with_the_keys_of_the_screen_below() -> None:
    states = eight()
    app = board(*states)
    async with app.run_test(size=(80, 24)) as pilot:
        tell(app, *states)
        await opened(app, pilot)
        await search(pilot, "keys")
        await pilot.press("enter")
        await until(lambda: isinstance(app.screen, HelpScreen))


def test_it_is_imported_when_it_is_first_opened() -> None:
    code = "import sys, tui.app; print('tui.palette' in sys.modules)"
    assert printed_by(code).strip() == "False"
