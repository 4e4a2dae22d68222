"""A form takes each key for the field that it was typed for, also when many come at once."""

from __future__ import annotations

from textual.events import Key

from tests.tui.board import board
from tui.screens.form import Field, Form


async def test_keys_of_one_burst_go_where_they_were_meant() -> None:
    app = board()
    got: list[tuple[str, ...] | None] = []
    async with app.run_test(size=(80, 24)) as pilot:
        app.push_screen(Form("Follow-up", [Field("text"), Field("owner")]), got.append)
        await pilot.pause()
        for key in ("a", "b", "tab", "o", "p", "1"):
            app.post_message(Key(key, key if len(key) == 1 else "\t"))
        await pilot.pause()
        await pilot.press("enter")
    assert got == [("ab", "op1")]
