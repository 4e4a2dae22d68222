"""Quit means quit: the person is back at the shell in time, whatever a source, a broker or the screen is doing.

It needs the standard library alone: it is the last thing that runs.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, NoReturn, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType


class Leavable(Protocol):
    """An app that can be left: what is used of Textual's, and the hook that `exit` calls first."""

    on_exit: Callable[[int], None]

    def exit(self, result: None = None, return_code: int = 0) -> None: ...


SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_RESTORE = (
    b"\x1b[?1000l\x1b[?1003l\x1b[?1015l\x1b[?1006l\x1b[?2004l\x1b[?7h\x1b[<u\x1b[?1049l\x1b[?25h\x1b[?1004l"
)
"""Mouse, bracketed paste, line wrap, keyboard protocol, alternate screen, cursor, focus (xterm, "Control Sequences")."""
EXIT_TIMEOUT_S = 0.8
"""From the key or the signal to the end of the process, whatever the screen or a source is doing."""


def end_process(code: int) -> NoReturn:
    """End now: threads that still wait for a source, a broker or a name are not joined, as the interpreter would."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError, OSError, ValueError):  # closed, or nobody reads it any more
            stream.flush()
    os._exit(code)


@contextmanager
def prompt_exit(app: Leavable, code_of: Callable[[int], int]) -> Iterator[None]:
    """Around `app.run()`: whatever the screen is doing, the person is back at the shell within `EXIT_TIMEOUT_S`.

    SIGINT, SIGTERM and SIGHUP leave the app as `q` does; `code_of` gives their exit code, 128 and the number as a rule. An app that has not
    ended in time is ended: the terminal is restored all the same.
    """
    import asyncio  # here, so that `--version` does not wait for it

    timers: list[threading.Timer] = []

    def start_timer(code: int) -> None:
        timers.append(threading.Timer(EXIT_TIMEOUT_S, _force_exit, (app, code)))
        timers[-1].daemon = True
        timers[-1].start()

    def leave(number: int, _: FrameType | None) -> None:
        code = code_of(number)
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # the screen is not there yet, or no more
            raise SystemExit(code) from None
        start_timer(code)
        loop.call_soon_threadsafe(partial(app.exit, return_code=code))

    before = {number: signal.signal(number, leave) for number in SIGNALS}
    app.on_exit = start_timer
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for timer in timers:
            timer.cancel()


def _force_exit(app: Leavable, code: int) -> None:
    """Textual's own way back must run in the main thread, which hangs: the same is done by hand."""
    with suppress(Exception):  # the terminal may be gone; nothing must keep us
        import termios

        output = 2  # where Textual's driver writes
        os.set_blocking(output, False)
        os.write(output, _RESTORE)
        driver = getattr(app, "_driver", None)  # Textual has no public name for it
        attributes = getattr(driver, "attrs_before", None)
        if attributes is not None:
            termios.tcsetattr(0, termios.TCSANOW, attributes)
    end_process(code)
