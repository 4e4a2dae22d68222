"""The terminal that a picture was taken in: a CI machine may have none, and a developer may wish for no colours.

And how long a pilot waits after each key.
"""

from __future__ import annotations

import asyncio
import time

import pytest
import textual.app
import textual.pilot
from textual._context import active_app
from textual._wait import wait_for_idle
from textual.pilot import Pilot

from tui.runtime.app import TerminalApp


@pytest.fixture(autouse=True)
def _terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("LANG", "C.UTF-8")
    for name in ("NO_COLOR", "COLORTERM", "LC_ALL", "LC_CTYPE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True)
def _quick_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait after a key until our queue is done with it: Textual's pilot waits 40 ms and more for an idle process."""

    async def until_done(min_s: float = 0, limit_s: float = 1) -> None:
        app, end = active_app.get(), time.monotonic() + limit_s
        if not isinstance(app, TerminalApp):
            await wait_for_idle(min_s, limit_s)
            return
        await asyncio.sleep(0.001)
        while app.input_queue.is_busy and time.monotonic() < end:  # noqa: ASYNC110  # as Textual's own
            await asyncio.sleep(0.001)

    async def until_drawn(pilot: Pilot[object], width: int, height: int) -> None:
        await resize(pilot, width, height)
        await wait_for_idle()

    resize = Pilot.resize_terminal
    for module in (textual.app, textual.pilot):
        monkeypatch.setattr(module, "wait_for_idle", until_done)
    monkeypatch.setattr(Pilot, "resize_terminal", until_drawn)
