"""A real terminal for the real program: a pseudo terminal and a picture of its screen."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import pyte
from wcwidth import wcwidth

from tests import waiting

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Fork = Callable[
        [Sequence[str], tuple[int, int], Mapping[str, str], Path | str | None], tuple[int, int] | None
    ]

_OUR_FRAME = re.compile(rb'/(warroom|tui|core)/[a-z_/]*\.py", line')
PROGRAM = str(Path(sys.executable).with_name("warroom"))


def size_terminal(terminal: int, columns: int, rows: int) -> None:
    """Set the size of a terminal by its descriptor."""
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


class Terminal:
    """Runs a command at a size; `screen` is what a person would see, `raw` are the bytes and `sent` counts them.

    `came_at` (`time.perf_counter`) is when the last of them came, before their picture was made.
    """

    fork: ClassVar[Fork | None] = None
    """How our own program is forked instead of started, where that can be (`tests.program`)."""

    def __init__(
        self,
        command: list[str],
        columns: int = 80,
        rows: int = 24,
        *,
        cwd: Path | str | None = None,
        **environment: str,
    ) -> None:
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)
        self.sent = 0
        self.came_at = 0.0
        self.raw = bytearray()
        self._run_delay_s = 0.0
        env = {**os.environ, "TERM": "xterm-256color", "LANG": "C.UTF-8", "LC_ALL": "", **environment}
        forked = Terminal.fork and Terminal.fork(command, (columns, rows), env, cwd)
        self.pid, self._fd = forked or pty.fork()
        if self.pid == 0:
            size_terminal(0, columns, rows)  # here, so that the program never sees another one
            for number in (
                signal.SIGINT,
                signal.SIGHUP,
            ):  # as a shell starts it; a background job ignores them
                signal.signal(number, signal.SIG_DFL)
            os.chdir(cwd or ".")
            os.execve(command[0], command, env)  # noqa: S606  # our own program

    def clock(self) -> float:
        """Seconds, without those that the program's main thread has waited for a processor: others run beside it.

        The second field of `/proc/PID/schedstat` (proc(5)), where the system has it; once the program is gone, its last.
        """
        with suppress(OSError, ValueError, IndexError):
            fields = Path(f"/proc/{self.pid}/schedstat").read_text(encoding="ascii").split()
            self._run_delay_s = max(self._run_delay_s, int(fields[1]) / 1e9)
        return time.monotonic() - self._run_delay_s

    @property
    def ended_before_us(self) -> bool:
        """Whether an interrupt ended the interpreter before it had read a line of ours: the words are then its own."""
        return b"Traceback" in self.raw and _OUR_FRAME.search(self.raw) is None

    @property
    def screen(self) -> str:
        """All lines. The second half of a wide character whose first half was overwritten is a blank, as in a terminal."""
        lines = []
        for y in range(self._screen.lines):
            row, text = self._screen.buffer[y], ""
            before = ""
            for x in range(self._screen.columns):
                cell = row[x].data
                text += cell or ("" if before and wcwidth(before[0]) == 2 else " ")
                before = cell
            lines.append(text)
        return "\n".join(lines)

    def resize(self, columns: int, rows: int) -> None:
        """Another size, as a window manager does it."""
        self._screen.resize(rows, columns)
        size_terminal(self._fd, columns, rows)
        os.kill(self.pid, signal.SIGWINCH)

    def press(self, keys: str) -> None:
        """Type."""
        self.send(keys.encode())

    def send(self, raw: bytes) -> None:
        """What a terminal sends: keys, or answers to questions that nobody asked."""
        os.write(self._fd, raw)

    def hang_up(self) -> None:
        """Close the terminal under the program, as a lost SSH connection does."""
        os.close(self._fd)
        self._fd = -1

    def seconds_until_painted(self, keys: str, limit: float = 10) -> float:
        """Press, and measure on its `clock` how long it takes until the program sends something for it."""
        self.read(0.05)
        began = self.clock()
        self.press(keys)
        assert self.read(waiting.SLOW * limit, first_only=True), f"nothing came for {keys!r}:\n{self.screen}"
        return self.clock() - began

    def wait_for(self, text: str, seconds: float = 20) -> None:
        """Read until `text` is on the screen; fails with the screen."""
        deadline = waiting.deadline(seconds)
        while text not in self.screen:
            assert time.monotonic() < deadline, f"{text!r} is not on the screen:\n{self.screen}"
            self.read(0.1, first_only=True)

    def wait_gone(self, text: str, seconds: float = 20) -> None:
        """Read until `text` is no longer on the screen; fails with the screen."""
        deadline = waiting.deadline(seconds)
        while text in self.screen:
            assert time.monotonic() < deadline, f"{text!r} is still on the screen:\n{self.screen}"
            self.read(0.1, first_only=True)

    def read_for(self, seconds: float) -> int:
        """Take all that comes in exactly so many seconds; returns the bytes."""
        deadline, count = time.monotonic() + seconds, 0
        while (left := deadline - time.monotonic()) > 0:
            count += self.read(left, first_only=True)
        return count

    def read(self, seconds: float, *, first_only: bool = False) -> int:
        """Take what comes within `seconds`, or only the first that comes; returns the bytes."""
        deadline, count = time.monotonic() + seconds, 0
        while (left := deadline - time.monotonic()) > 0:
            ready, _, _ = select.select([self._fd], [], [], left)
            if not ready:
                break
            try:
                data = os.read(self._fd, 65536)
            except OSError:
                data = b""
            if not data:
                time.sleep(min(left, 0.02))  # who waits for a program that has ended asks again at once
                break
            count += len(data)
            self.came_at = time.perf_counter()
            self.raw += data
            self._stream.feed(data)
            if first_only:
                break
        self.sent += count
        return count

    def wait_end(self, seconds: float = 20) -> int:
        """Wait for the program's end; returns its exit status. One that does not end is killed, and fails."""
        try:
            return self.poll_end(waiting.SLOW * seconds)
        except TimeoutError:
            os.kill(self.pid, signal.SIGKILL)
            raise AssertionError(f"the program did not end:\n{self.screen}") from None

    def poll_end(self, seconds: float) -> int:
        """The exit status of a program that ends in so many seconds of its `clock`; raises `TimeoutError` for one that goes on."""
        deadline = self.clock() + seconds
        while self.clock() < deadline:
            if self._fd < 0:
                time.sleep(0.02)
            else:
                self.read(0.1, first_only=True)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                if self._fd >= 0:
                    self.read(1)  # up to the end of what it said
                    os.close(self._fd)
                return os.waitstatus_to_exitcode(status)
        raise TimeoutError
