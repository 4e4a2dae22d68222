"""A form takes each key for the field that it was typed for, and loses nothing of what was typed."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import pytest
from textual.events import Key, Paste

from core.message import Message, say
from core.text import clean, clean_block
from tests.tui.board import board, shown
from tests.tui.incident.stage import until
from tui.app import Warroom
from tui.i18n import Language
from tui.palette import Palette
from tui.screens.choose import Choose
from tui.screens.confirm import Choice, Confirm
from tui.screens.form import Field, Form
from tui.screens.help import HelpScreen
from tui.screens.submit import ask
from tui.widgets.fields import MAX_LINE

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.screen import Screen


def burst(app: Warroom, *keys: str) -> None:
    """All at once, as a slow line brings them in one read."""
    characters = {"enter": "\r", "tab": "\t", "space": " ", "slash": "/", "colon": ":"}
    for key in keys:
        app.post_message(Key(key, key if len(key) == 1 else characters.get(key)))


async def test_the_field_that_takes_the_keys_is_marked() -> None:
    app = board()
    async with app.run_test(size=(80, 24)) as pilot:
        await app.push_screen(Form("Follow-up", [Field("text"), Field("owner")]))
        for marked, other in (("text", "owner"), ("owner", "text")):
            lines = [line.strip() for line in (await shown(pilot)).splitlines()]
            assert f"›{marked}" in lines
            assert other in lines
            await pilot.press("tab")


async def test_keys_of_one_burst_go_where_they_were_meant() -> None:
    app = board()
    got: list[tuple[str, ...] | None] = []
    async with app.run_test(size=(80, 24)) as pilot:
        form = Form("Follow-up", [Field("text"), Field("owner")])
        app.push_screen(form, got.append)
        await pilot.pause()
        burst(app, "a", "b", "tab", "o", "p", "1")
        await until(lambda: form.typed == ("ab", "op1"))
        await pilot.press("enter")
    assert got == [("ab", "op1")]


@pytest.mark.parametrize("second", ["form", "question", "nothing"])
async def test_keys_behind_an_answer_wait_for_what_it_leads_to(second: str) -> None:
    app = board()
    form, asked = Form("Note", [Field("note")]), Confirm("Really?", [])
    async with app.run_test(size=(80, 24)):

        async def work() -> Message | None:
            assert await ask(app, Choose("Where?", ["here", "there"])) == 0
            await asyncio.to_thread(time.sleep, 0.2)  # as a journal on another machine takes it
            if second != "nothing":
                await (ask(app, form) if second == "form" else ask(app, asked))
            return None

        app.incidents.run(work())
        await until(lambda: isinstance(app.screen, Choose))
        burst(app, "enter", "f1")
        if second == "nothing":
            await until(lambda: isinstance(app.screen, HelpScreen))
            return
        burst(app, "h", "i")
        await until(lambda: app.screen is (form if second == "form" else asked))
        # F1 is no key of either: it opened no help below, and is no letter.
        if second == "form":
            await until(lambda: form.typed == ("hi",))
        await until(lambda: not app.input_queue.is_busy)
        assert len(app.screen_stack) == 2
        burst(app, "escape")
        await until(lambda: len(app.screen_stack) == 1)


async def test_a_secret_is_typed_where_it_is_asked_and_not_into_a_field_that_is_filled_and_shown() -> None:
    app = board()
    got: list[tuple[str, ...] | None] = []
    async with app.run_test(size=(80, 24)) as pilot:
        form = Form(
            "Rotate", [Field("secret", "riot"), Field("value", secret=True), Field("backup", needed=False)]
        )
        app.push_screen(form, got.append)
        await pilot.pause()
        burst(app, *"hunter2", "enter")
        await until(lambda: got)
    assert got == [("riot", "hunter2", "")]


@pytest.mark.parametrize("lines", [False, True])
async def test_a_form_closes_at_enter_and_the_keys_behind_it_are_for_the_screen_below(*, lines: bool) -> None:
    app = board()
    got: list[tuple[str, ...] | None] = []
    async with app.run_test(size=(80, 24)):
        app.push_screen(Form("Note", [Field("note", lines=lines)]), got.append)
        burst(app, *"world", "enter", "f1")
        await until(lambda: isinstance(app.screen, HelpScreen))
    assert got == [("world",)]


async def test_a_filter_takes_the_keys_of_its_own_burst() -> None:
    app = board()
    async with app.run_test(size=(80, 24)):
        burst(app, "slash", *"queue", "enter", "f1")
        await until(lambda: isinstance(app.screen, HelpScreen))
        assert app.panel_filter.text == "queue"


async def test_a_digit_chooses_and_only_enter_takes() -> None:
    app = board()
    got: list[int | None] = []
    async with app.run_test(size=(80, 24)) as pilot:
        app.push_screen(Choose("which?", ["one", "two", "three"]), got.append)
        await pilot.pause()
        await pilot.press("2", "9")
        assert isinstance(app.screen, Choose)
        assert got == []
        await pilot.press("enter")
    assert got == [1]


async def test_a_wrong_value_keeps_the_form_with_all_that_was_typed() -> None:
    app = board()
    got: list[tuple[str, ...] | None] = []
    async with app.run_test(size=(80, 24)) as pilot:
        form = Form(
            "Follow-up",
            [Field("what"), Field("due")],
            check=lambda given: None if given[1] == "2026-12-01" else say("incident.bad_date", text=given[1]),
        )
        app.push_screen(form, got.append)
        await pilot.pause()
        await pilot.press(*"cap", "tab", *"soon", "enter")
        assert app.screen is form
        assert "'soon' is no date" in form.asked
        assert form.typed == ("cap", "soon")
        await pilot.press(*["backspace"] * 4, *"2026", "minus", *"12", "minus", *"01", "enter")
    assert got == [("cap", "2026-12-01")]


async def test_what_is_too_long_is_said_and_nothing_is_cut() -> None:
    app = board()
    got: list[tuple[str, ...] | None] = []
    async with app.run_test(size=(80, 24)) as pilot:
        form = Form("Title", [Field("title")])
        app.push_screen(form, got.append)
        await pilot.pause()
        app.post_message(Paste("x" * (MAX_LINE + 3)))
        await pilot.pause()
        await pilot.press("enter")
        assert "503 characters; at most 500" in form.asked
        assert form.typed == ("x" * 503,)
        await pilot.press("backspace", "backspace", "backspace", "enter")
    assert got == [("x" * 500,)]


PASTED = {
    "control characters": "a\x1b[2Jb\x00\x07c\x1b]52;c;aGk=\x07d",
    "wide": "队列 143 条消息",
    "combining": "cafe\u0301 n\u0303",
    "right to left": "\u202eevil\u202c שלום",
    "lines": "first\r\nsecond\n\n  fourth\rfifth",
    "tabs": "a\tb",
    "emoji": "🔥🔥 👩‍🚒",
    "surrogate": "a\ud800b",
}


@pytest.mark.parametrize("what", PASTED)
async def test_a_paste_keeps_its_lines_where_lines_are_kept_and_is_harmless_everywhere(what: str) -> None:
    app = board()
    got: list[tuple[str, ...] | None] = []
    text = PASTED[what]
    async with app.run_test(size=(80, 24)) as pilot:
        app.push_screen(Form("Note", [Field("note", lines=True), Field("owner")]), got.append)
        await pilot.pause()
        app.post_message(Paste(text))
        await pilot.pause()
        await pilot.press("tab")
        app.post_message(Paste(text))
        await pilot.pause()
        joined = "line ends" in getattr(app.screen, "asked", "")
        await pilot.press("enter")
    assert got == [(clean_block(text).strip(), clean(text))]
    assert joined is (what == "lines")


async def test_a_text_grows_with_its_lines_and_up_and_down_leave_it_at_its_ends() -> None:
    app = board()
    async with app.run_test(size=(80, 24)) as pilot:
        form = Form("Note", [Field("note", lines=True), Field("on", "a", ("a", "b"))])
        app.push_screen(form)
        await pilot.pause()
        await pilot.press("a", "ctrl+j", "b", "ctrl+j", "c")
        await pilot.pause()
        assert form.typed[0] == "a\nb\nc"
        assert form._widgets[0].size.height == 3
        await pilot.press("down", "right", "up", "up", "up", "up", "right")
        assert form.typed == ("a\nb\nc", "a")
        for size in ((40, 10), (20, 5), (200, 60)):
            await pilot.resize_terminal(*size)
            assert form.typed == ("a\nb\nc", "a")
            assert form.size.width == size[0]


async def test_what_was_typed_and_not_written_is_there_again() -> None:
    app = board()
    async with app.run_test(size=(80, 24)) as pilot:

        def note() -> Form:
            return Form("Note", [Field("note", lines=True)], draft="note INC-1")

        ask(app, note())
        await pilot.pause()
        await pilot.press(*"hello", "escape")
        await pilot.pause()
        assert app.notice == say("screen.draft_kept")
        form = note()
        ask(app, form)
        await pilot.pause()
        assert form.typed == ("hello",)
        await pilot.press("ctrl+u", "escape")
        await pilot.pause()
        assert app.incidents.drafts == {}


async def test_nobody_says_yes_to_a_question_that_they_have_not_seen() -> None:
    app = board()
    got: list[Choice | None] = []
    async with app.run_test(size=(80, 24)) as pilot:
        app.push_screen(Choose("which?", ["one"]), lambda _: app.push_screen(Confirm("really?"), got.append))
        await pilot.pause()
        burst(app, "enter", "enter", "enter")  # of which the first one answers the list
        await until(lambda: isinstance(app.screen, Confirm))
        await pilot.pause()
        assert got == []
        await pilot.press("enter")
    assert got == [Choice.YES]


@pytest.mark.parametrize("over", ["form", "text", "list", "question", "palette"])
async def test_ctrl_z_suspends_whatever_stands_over_the_page(
    monkeypatch: pytest.MonkeyPatch, over: str
) -> None:
    suspended: list[str] = []
    monkeypatch.setattr(Warroom, "action_suspend_process", lambda _: suspended.append(over))
    screens: dict[str, Callable[[], Screen[Any]]] = {
        "form": lambda: Form("?", [Field("a")]),
        "text": lambda: Form("?", [Field("a", lines=True)]),
        "list": lambda: Choose("?", ["a"]),
        "question": lambda: Confirm("?"),
        "palette": lambda: Palette(Language("en")),
    }
    app = board()
    async with app.run_test(size=(80, 24)) as pilot:
        app.push_screen(screens[over]())
        await pilot.pause()
        await pilot.press("ctrl+z")
    assert suspended == [over]
