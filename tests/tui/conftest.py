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

from tui.runtime.app import TerminalApp


@pytest.fixture(autouse=True)
def _terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("LANG", "C.UTF-8")
    for name in ("NO_COLOR", "COLORTERM", "LC_ALL", "LC_CTYPE"):
        monkeypatch.delenv(name, raising=False)


async def _until_done(min_s: float = 0, limit_s: float = 1) -> None:
    """Until our queue is done with the key; an app of a test, which has none, is waited for as Textual does."""
    app, end = active_app.get(), time.monotonic() + limit_s
    if not isinstance(app, TerminalApp):
        await wait_for_idle(min_s, limit_s)
        return
    await asyncio.sleep(0.001)
    while app.input_queue.is_busy and time.monotonic() < end:  # noqa: ASYNC110  # as Textual's own
        await asyncio.sleep(0.001)


@pytest.fixture(autouse=True)
def _quick_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Textual's pilot waits for an idle process after each key: 40 ms and more, five times as long as we compute."""
    monkeypatch.setattr(textual.app, "wait_for_idle", _until_done)


@pytest.fixture
def quick_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same for `pilot.pause`, where a test presses hundreds of keys and looks at what the screen is alone."""
    monkeypatch.setattr(textual.pilot, "wait_for_idle", _until_done)
