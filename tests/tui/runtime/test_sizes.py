"""Sizes that follow each other while a screen is still busy with the last but one."""

from __future__ import annotations

import asyncio

import pytest
from textual.events import Callback, Resize
from textual.geometry import Size

from tests.tui.board import board, eight
from tui.screens.choose import Choose

SMALL, NOW = Size(20, 5), Size(80, 24)


@pytest.mark.parametrize("above", [None, "palette", "dialogue"])
async def test_a_screen_ends_with_the_size_of_the_terminal(above: str | None) -> None:
    """Textual's screen tells itself the size that it was laid out in, which supersedes a newer one that waits behind it."""
    app = board(*eight())
    async with app.run_test(size=(NOW.width, NOW.height)) as pilot:
        if above == "palette":
            await pilot.press(":")
        elif above:
            await app.push_screen(Choose("which?", ["this", "that"]))
        screen = app.screen
        screen.post_message(Resize(SMALL, SMALL))
        screen.post_message(Callback(callback=lambda: None))
        screen.post_message(Resize(NOW, NOW))
        await asyncio.sleep(0)  # not the pilot's pause, whose own message would stand between the two
        await pilot.pause()
        assert screen.outer_size == NOW
