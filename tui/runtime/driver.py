"""Textual's driver for terminals, sparing of bytes: at the end of a slow line each of them is seen."""

from __future__ import annotations

import logging
import os
import selectors
import signal
from codecs import getincrementaldecoder
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from textual._xterm_parser import XTermParser
from textual.drivers.linux_driver import LinuxDriver
from textual.events import Paste, Resize
from textual.geometry import Size
from textual.messages import InBandWindowResize

from core.text import clean_block
from tui.runtime.cells import ScreenCells
from tui.runtime.paste import Pasted, PasteSplitter

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textual.app import App
    from textual.message import Message


PRESSED = (b"\x1b", b"\x03")
"""Esc and Ctrl+C, alone: terminals take them out of what is pasted."""


class KeyParser(XTermParser):
    """Textual's, of which the driver needs a new one again and again.

    Textual keeps the keys of its class in one cache, whose entries hold the parser that was asked: a thousand of them.
    """

    _parse_extended_key = lru_cache(maxsize=0)(XTermParser._parse_extended_key.__wrapped__)  # noqa: SLF001


class DiffDriver(LinuxDriver):
    """Sends what differs from what the terminal shows."""

    def __init__(self, app: App[Any], **options: Any) -> None:
        super().__init__(app, **options)
        self._cells = ScreenCells()

    def forget(self) -> None:
        """The terminal may show anything, as after a resize."""
        self._cells.forget()

    def size(self) -> Size | None:
        """What the terminal says itself; None where it says nothing."""
        try:
            width, height = os.get_terminal_size(self.fileno)
        except OSError:
            return None
        return Size(width, height) if width and height else None

    def _get_terminal_size(self) -> tuple[int, int]:
        """Not COLUMNS and LINES, which are often of another terminal.

        GNU readline puts the size that a program had at its start into the environment of whatever that program starts.
        """
        size = self.size()
        return super()._get_terminal_size() if size is None else (size.width, size.height)

    def run_input_thread(self) -> None:
        """As Textual's own, but what is no UTF-8 or no sequence costs itself alone, and not the program.

        A terminal in another encoding, a line with noise, a mouse report of five thousand digits: each used to end it.
        Esc and Ctrl+C, pressed after a moment of silence, are always keys: a paste whose end got lost would swallow all.
        """
        decode = getincrementaldecoder("utf-8")(errors="replace").decode
        parser, splitter = KeyParser(), PasteSplitter()
        with selectors.SelectSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            silent = False
            while not self.exit_event.is_set():
                try:
                    raw = os.read(self.fileno, 4096) if selector.select(0.1) else None
                except OSError:
                    raw = b""
                if raw == b"":  # the terminal is gone
                    self._app.call_later(self._app.exit, return_code=128 + signal.SIGHUP)
                    return
                if silent and raw in PRESSED:
                    parser, splitter = KeyParser(), PasteSplitter()
                silent = raw is None
                try:
                    for part in splitter.feed(decode(raw or b"")):
                        if isinstance(part, Pasted):
                            self.process_message(Paste(clean_block(part.text, len(part.text))))
                        else:
                            self._process_keys(parser.feed(part))
                    self._process_keys(parser.tick())
                except Exception as error:  # noqa: BLE001  # the next key meets a new parser
                    logging.getLogger("warroom.driver").warning("unreadable input: %r", error)
                    parser, splitter = KeyParser(), PasteSplitter()

    def _process_keys(self, messages: Iterable[Message]) -> None:
        """The parser's own paste is one without its text."""
        for message in messages:
            if not isinstance(message, Paste):
                self.process_message(message)

    def process_message(self, message: Message) -> None:
        """A size comes from the kernel alone: what the terminal writes of one is up to whoever made it write that."""
        if not isinstance(message, Resize | InBandWindowResize):
            super().process_message(message)

    def write(self, data: str) -> None:
        """Send one frame, or one sequence."""
        if sent := self._cells.diff(data):
            super().write(sent)
