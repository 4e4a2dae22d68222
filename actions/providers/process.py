"""Programs on this host: an argv without a shell, a stated environment, a process group of their own that can be ended."""

from __future__ import annotations

import os
import selectors
import shlex
import signal
import subprocess
import time
from collections import deque
from contextlib import nullcontext, suppress
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING

from actions.capabilities import Captured, Completed
from actions.errors import ActionFailed, Cancelled
from actions.parameters import MASK
from actions.step import Step
from core.message import say
from core.text import clean, clean_block

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from actions.capabilities import Command
    from core.message import Message

INHERITED = ("PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR")
"""What every program is given of our own environment; everything else is stated by the action."""
POLL_S = 0.1
CHUNK = 65_536
MAX_LINE = 1_000_000
"""What a longer line has beyond that is left out; never is one printed in pieces, between which a secret could hide."""
EDGE = 4096
"""So much is left out at the cut, too: half a secret could stand there."""
KEPT = 64_000
"""So many characters of the beginning and of the end of an output are given back."""
MAX_DOCUMENT_BYTES = 16_000_000
"""A longer document is refused: nothing that is parsed here needs it."""
GRACE_S = 5.0
"""How long a program has after an interrupt, and again after a termination, before it is killed."""
DRAIN_S = 1.0
"""How long the output of a program that has ended is read on: what it started may hold it open for ever."""


def alone(_: int) -> AbstractContextManager[None]:
    """Nobody watches beside the program."""
    return nullcontext()


class LocalProcesses:
    """A `Processes`."""

    def __init__(
        self,
        print_line: Callable[[str], None],
        is_cancelled: Callable[[], bool],
        beside: Callable[[int], AbstractContextManager[None]] = alone,
    ) -> None:
        """`beside` is told the process group of each program while it runs."""
        self._print_line = print_line
        self._is_cancelled = is_cancelled
        self._beside = beside

    def beside(self, group: int) -> AbstractContextManager[None]:
        """Around a process group that somebody else has started."""
        return self._beside(group)

    def step(self, command: Command, title: Message | None = None) -> Step:
        """The command as a plan shows it."""
        shown = (*command.environment.items(), *((name, MASK) for name in command.secret_environment))
        return Step(
            kind="process",
            argv=command.argv,
            text=clean(shlex.join(command.argv), 4000),
            cwd=command.cwd,
            environment=tuple(sorted(shown)),
            title=title,
        )

    def run(self, command: Command) -> Completed:
        """Run it, each line printed as it comes."""
        return self._run(command, self._print_line)

    def read(self, command: Command) -> Completed:
        """Run it in silence."""
        return self._run(command, lambda _: None)

    def capture(self, command: Command) -> Captured:
        """Its standard output as a document."""
        with TemporaryFile() as document, TemporaryFile() as errors:
            process = _start(command, stdout=document, stderr=errors)
            deadline = time.monotonic() + command.timeout_s
            try:
                with self._beside(process.pid):
                    while process.poll() is None:
                        if self._is_cancelled():
                            raise Cancelled(say("actions.cancelled"))
                        if time.monotonic() > deadline:
                            raise _timed_out(command)
                        with suppress(subprocess.TimeoutExpired):
                            process.wait(POLL_S)
            finally:
                _end(process)
            size = document.seek(0, os.SEEK_END)
            if size > MAX_DOCUMENT_BYTES:
                program = clean(command.argv[0], 80)
                raise ActionFailed(say("actions.too_much", program=program, bytes=size))
            document.seek(0)
            errors.seek(max(0, errors.seek(0, os.SEEK_END) - KEPT))
            words = clean_block(errors.read().decode(errors="replace"), KEPT)
            return Captured(process.returncode, document.read().decode(errors="replace"), words)

    def _run(self, command: Command, print_line: Callable[[str], None]) -> Completed:
        process = _start(command)
        try:
            with self._beside(process.pid):
                return self._follow(process, command, print_line)
        finally:
            _end(process)
            if process.stdout is not None:
                process.stdout.close()

    def _follow(
        self, process: subprocess.Popen[bytes], command: Command, print_line: Callable[[str], None]
    ) -> Completed:
        deadline = time.monotonic() + command.timeout_s
        output = _Output(print_line)
        ended_at: float | None = None
        assert process.stdout is not None  # noqa: S101  # it was asked for
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            while True:
                if self._is_cancelled():
                    raise Cancelled(say("actions.cancelled"))
                if time.monotonic() > deadline:
                    raise _timed_out(command)
                if selector.select(POLL_S):
                    chunk = os.read(process.stdout.fileno(), CHUNK)
                    if not chunk:
                        break
                    output.feed(chunk)
                if process.poll() is not None:
                    ended_at = ended_at or time.monotonic()
                    if time.monotonic() - ended_at > DRAIN_S:
                        break
        output.end()
        remaining_s = max(0.0, deadline - time.monotonic())
        while (code := process.poll()) is None:
            if self._is_cancelled() or remaining_s <= 0:
                raise Cancelled(say("actions.cancelled"))
            time.sleep(POLL_S / 5)
            remaining_s = max(0.0, deadline - time.monotonic())
        return Completed(code, output.kept())


def _timed_out(command: Command) -> ActionFailed:
    program = clean(command.argv[0], 80)
    return ActionFailed(say("actions.timed_out", program=program, seconds=round(command.timeout_s, 1)))


def _start(
    command: Command,
    *,
    stdout: IO[bytes] | int = subprocess.PIPE,
    stderr: IO[bytes] | int = subprocess.STDOUT,
) -> subprocess.Popen[bytes]:
    environment = {name: os.environ[name] for name in INHERITED if name in os.environ}
    try:
        process = subprocess.Popen(
            command.argv,
            cwd=command.cwd,
            env={**environment, **command.environment, **command.secret_environment},
            stdin=subprocess.DEVNULL if command.stdin is None else subprocess.PIPE,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:  # a ValueError: a NUL in an argument
        detail = error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
        raise ActionFailed(
            say("actions.not_started", program=clean(command.argv[0], 200), detail=detail)
        ) from None
    if command.stdin is not None and process.stdin is not None:
        with suppress(BrokenPipeError):  # it did not want to hear it
            process.stdin.write(command.stdin)
            process.stdin.close()
    return process


def _end(process: subprocess.Popen[bytes]) -> None:
    """Interrupt, terminate, kill: the whole group, so that what the program started ends with it."""
    if process.poll() is not None:
        return
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(GRACE_S)
            break
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)  # whoever of the group is left


class _Output:
    """From bytes to harmless lines; keeps the beginning and the end."""

    def __init__(self, print_line: Callable[[str], None]) -> None:
        self._print_line = print_line
        self._rest = bytearray()
        self._dropped = 0
        self._head: list[str] = []
        self._tail: deque[str] = deque()
        self._tail_size = 0
        self._head_size = 0
        self._left_out = False

    def feed(self, chunk: bytes) -> None:
        """A line is printed when its end comes."""
        *ends, rest = chunk.split(b"\n")
        for end in ends:
            self._rest += end
            self.flush()
        self._rest += rest
        if len(self._rest) > MAX_LINE:
            self._dropped += len(self._rest) - MAX_LINE
            del self._rest[MAX_LINE:]

    def end(self) -> None:
        """What came without an end of line."""
        if self._rest:
            self.flush()

    def flush(self) -> None:
        """A line has its end."""
        if self._dropped:
            del self._rest[MAX_LINE - EDGE :]
            self._rest += f"… {self._dropped + EDGE} bytes of this line are left out".encode()
        self._line(bytes(self._rest))
        self._rest.clear()
        self._dropped = 0

    def kept(self) -> str:
        """Beginning and end, with a mark where something is left out between them."""
        middle = "…\n" if self._left_out else ""
        return "".join(self._head) + middle + "".join(self._tail)[-KEPT:]

    def _line(self, raw: bytes) -> None:
        last = raw.rstrip(b"\r").rpartition(b"\r")[2]  # what a progress bar drew over is not read
        line = clean_block(last.decode(errors="replace"), MAX_LINE)
        self._print_line(line)
        if self._head_size < KEPT:
            self._head.append(line + "\n")
            self._head_size += len(line) + 1
            return
        self._tail.append(line + "\n")
        self._tail_size += len(line) + 1
        self._left_out = self._left_out or self._tail_size > KEPT
        while self._tail_size - len(self._tail[0]) >= KEPT:
            self._tail_size -= len(self._tail.popleft())
