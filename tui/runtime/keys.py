"""Keys and pastes one after the other: each is looked at only when the one before has done all that it does at once.

A slow line brings many keys in one read. Textual gives all of them to what has the focus then; a key that closes a form or
opens one would come too late for those behind it: they would be typed into the form that was closed, or be commands of the
screen below the one that was opened.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING

from textual.events import Key

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from textual.app import App
    from textual.events import Paste
    from textual.message_pump import MessagePump

LIMIT_S = 1.0
"""What takes longer than this keeps no other key waiting."""
ROUNDS = 20
"""Turns of the loop within which an answer is handed on and the question that follows from it is asked."""


class Question:
    """A screen that keys are not meant for which came before it stood there: nobody says yes to what they have not seen."""

    since: float = math.inf
    """When it stood there (`time.monotonic`)."""


class InputQueue:
    """`dispatch` is what Textual does with a key or a paste."""

    def __init__(self, app: App[str], dispatch: Callable[[Key | Paste], Awaitable[None]]) -> None:
        self._app, self._dispatch = app, dispatch
        self._answered: asyncio.Event | None = None
        self._waiting: deque[tuple[float, Key | Paste]] = deque()
        self._work: asyncio.Task[None] | None = None

    def put(self, event: Key | Paste) -> None:
        """Behind those that wait already."""
        self._waiting.append((time.monotonic(), event))
        if self._work is None or self._work.done():
            self._work = asyncio.create_task(self._work_off())

    @property
    def is_busy(self) -> bool:
        """Whether a key waits, or is not done with."""
        return self._work is not None and not self._work.done()

    def hold(self) -> None:
        """A question was answered, and what follows needs its time: until `release` a key would go to the wrong place."""
        self._answered = asyncio.Event()

    def release(self) -> None:
        """What follows stands there, or nothing follows."""
        if self._answered is not None:
            self._answered.set()

    async def _work_off(self) -> None:
        try:
            while self._waiting and self._app.is_running:
                if self._answered is not None:
                    await _wait(self._answered.wait())
                    self._answered = None
                top = self._app.screen
                if not top.is_mounted:  # it has just been opened, and takes what is typed next
                    mounted: asyncio.Event = top._mounted_event  # noqa: SLF001  # there is no other way to wait for it
                    await _wait(mounted.wait())
                    await self._settle(top)
                came_at, event = self._waiting.popleft()
                if isinstance(top, Question) and came_at < top.since:
                    continue
                if (letter := self._behind_escape(event)) is not None:
                    self._waiting.appendleft((came_at, letter))
                    event = Key("escape", "\x1b")
                target = self._app.focused or self._app.screen
                await self._dispatch(event)
                await self._settle(target)
        except Exception as error:  # noqa: BLE001  # as in a message handler: the App decides
            self._app._handle_exception(error)  # noqa: SLF001  # Textual's own door for it

    def _behind_escape(self, event: Key | Paste) -> Key | None:
        """The letter of an Esc and a letter that came in one read, which Textual takes for Alt and the letter.

        No key of ours has Alt, so a slow line would lose both. In a text field it stays Alt: people press Alt+B there.
        """
        if not isinstance(event, Key) or not event.character or not event.key.startswith("alt+"):
            return None
        from textual.widgets import Input, TextArea

        typing = isinstance(self._app.focused, Input | TextArea)
        return None if typing else Key(event.character, event.character)

    async def _settle(self, target: MessagePump) -> None:
        """Wait until `target` and all above it, to which a key rises, have done what was waiting for them."""
        pump: MessagePump | None = target
        while pump is not None:
            await _drained(pump)
            pump = pump._parent  # noqa: SLF001  # the way that a key takes
        for _ in range(ROUNDS):
            await asyncio.sleep(0)


async def _drained(pump: MessagePump) -> None:
    done = asyncio.Event()
    if pump.is_running and pump.call_later(done.set):
        await _wait(done.wait())


async def _wait(what: Awaitable[object]) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(what, LIMIT_S)
