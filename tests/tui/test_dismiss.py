"""A dialogue goes once, however often its keys are pressed."""

from __future__ import annotations

import pytest
from textual.events import Key

from tests.tui.board import board
from tui.palette import Palette
from tui.screens.confirm import Confirm
from tui.screens.form import Field, Form


@pytest.mark.parametrize("key", ["enter", "escape"])
@pytest.mark.parametrize("opened", ["form", "confirm", "palette"])
async def test_a_key_that_is_pressed_twice_takes_away_one_screen(opened: str, key: str) -> None:
    """The second came before the first had its effect: it took the board away, or ended the program."""
    app = board()
    async with app.run_test(size=(80, 24)) as pilot:
        below = app.screen
        if opened == "palette":
            app.action_palette()
            await pilot.pause()
            await pilot.press("t", "h", "e", "m", "e")
            await app.workers.wait_for_complete()
        else:
            app.push_screen(Form("Note", [Field("text")]) if opened == "form" else Confirm("Sure?"))
        await pilot.pause()
        for _ in range(6):
            app.screen.post_message(Key(key, "\r" if key == "enter" else None))
            app.post_message(Key(key, "\r" if key == "enter" else None))
        await pilot.pause()
        await pilot.pause()
        while app.screen is not below and isinstance(app.screen, Form | Palette | Confirm):
            await pilot.press("escape")
        assert below in app.screen_stack
