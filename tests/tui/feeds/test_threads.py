"""A thread of ours that ends otherwise than by `stop` is started again, and that is said."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from tests.exporter import depth_board, depth_exporter
from tui.config.load import load_config
from tui.feeds import journal, signals
from tui.feeds.journal import JournalStateChanged, JournalThread
from tui.feeds.signals import PanelJudged, SignalsThread, SourceNotice

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from textual.message import Message as UiMessage

    from tui.config.model import Config


class Panic(BaseException):
    """As a library of Rust raises it: no `Exception`."""


class Screen:
    """Keeps what is posted; the first message of a kind breaks the thread that posts it."""

    def __init__(self, breaks_at: type[UiMessage]) -> None:
        self.messages: list[UiMessage] = []
        self._breaks_at: type[UiMessage] | None = breaks_at
        self._changed = threading.Condition()

    def post(self, message: UiMessage) -> None:
        if self._breaks_at is not None and isinstance(message, self._breaks_at):
            self._breaks_at = None
            raise Panic
        with self._changed:
            self.messages.append(message)
            self._changed.notify_all()

    def wait_for(self, enough: Callable[[list[UiMessage]], bool]) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: enough(self.messages), 30), self.messages


def configuration(folder: Path, address: str) -> Config:
    """A board of one panel."""
    path = folder / "warroom.toml"
    path.write_text(depth_board(address))
    return load_config(path)


def kinds(messages: list[UiMessage]) -> list[str]:
    return [type(message).__name__ for message in messages]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(signals, "RESTART_S", 0.01)
    monkeypatch.setattr(journal, "RETRY_S", 0.01)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("WARROOM_LOG", str(tmp_path / "warroom.log"))


def test_the_thread_that_asks_goes_on_after_a_panic(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    screen = Screen(PanelJudged)
    with depth_exporter() as (address, _):
        config = configuration(tmp_path, address)
        thread = SignalsThread(lambda: config, screen.post, lambda: False, lambda: 600.0)
        thread.start()
        screen.wait_for(lambda messages: any(isinstance(message, PanelJudged) for message in messages))
        thread.stop()
    assert kinds(screen.messages).count("ConfigLoaded") == 1, "the screen is not built twice"
    (notice,) = (message for message in screen.messages if isinstance(message, SourceNotice))
    assert notice.notice.message.key == "tui.restarted"
    assert notice.notice.message.values["error"] == "Panic"
    assert "Panic" in caplog.text


def test_the_thread_that_follows_the_journal_goes_on_after_a_panic(tmp_path: Path) -> None:
    screen = Screen(JournalStateChanged)
    settings = configuration(tmp_path, "http://127.0.0.1:9").journal
    thread = JournalThread(settings, "me", screen.post)
    thread.start()

    def is_well(messages: list[UiMessage]) -> bool:
        last = messages[-1] if messages else None
        return isinstance(last, JournalStateChanged) and last.state.problem is None

    screen.wait_for(is_well)
    thread.stop()
    assert thread.wait_stopped(5)
    assert kinds(screen.messages) == ["SourceNotice", "JournalStateChanged", "JournalStateChanged"]
