"""The driver's reading thread, over a real pseudo terminal."""

from __future__ import annotations

import asyncio
import gc
import os
import pty
import signal
import threading
import tty
from typing import TYPE_CHECKING

import pytest
from textual._xterm_parser import XTermParser
from textual.app import App
from textual.events import Key

from tui.runtime.driver import DiffDriver

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from textual.message import Message


class Heard(DiffDriver):
    """Keeps what it reads, instead of telling an app."""

    def __init__(self, fileno: int) -> None:
        super().__init__(App[None]())
        self.fileno = fileno
        self.keys: asyncio.Queue[str] = asyncio.Queue()

    def process_message(self, message: Message) -> None:
        assert isinstance(message, Key)
        self._loop.call_soon_threadsafe(self.keys.put_nowait, message.key)


@pytest.fixture
async def terminal() -> AsyncIterator[tuple[Heard, int]]:
    """A driver that reads, and where to type."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTSTP, signal.SIGCONT)}
    typed, read = pty.openpty()
    tty.setraw(read)
    driver = Heard(read)
    thread = threading.Thread(target=driver.run_input_thread)
    thread.start()
    try:
        yield driver, typed
    finally:
        driver.exit_event.set()
        await asyncio.to_thread(thread.join)
        for number, handler in handlers.items():
            signal.signal(number, handler)
        os.close(typed)
        os.close(read)


async def test_no_parser_is_kept_however_often_esc_is_pressed(terminal: tuple[Heard, int]) -> None:
    """After silence each Esc has a new one: screens are opened and left for days."""
    driver, typed = terminal
    gc.collect()
    before = {id(thing) for thing in gc.get_objects() if isinstance(thing, XTermParser)}
    for _ in range(5):
        for sent, key in ((b"h", "h"), (b"\x1b", "escape")):
            os.write(typed, sent)
            assert await asyncio.wait_for(driver.keys.get(), 10) == key
            await asyncio.sleep(0.15)  # the silence
    gc.collect()
    after = [
        thing for thing in gc.get_objects() if isinstance(thing, XTermParser) and id(thing) not in before
    ]
    assert len(after) <= 1
