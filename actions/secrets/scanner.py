"""A scanner as a process of its own: its report line by line, and an end by its deadline, whatever it waits for.

On a busy machine a scanner starves: Kingfisher alone needs ten seconds of processor time to compile its rules. So nobody
waits longer than the limit, and whoever gives up says how much of that time the scanner was given.
"""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import threading
import time
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

POLL_S = 0.2
KILLED_S = 5.0
"""After so long a process that was killed is left to the system: it hangs in a file system."""
MAX_LINE = 8 << 20
_CHUNK = 1 << 16


class ScannerError(Exception):
    """The scanner failed; the text says how, without anything that it printed."""


class GaveUpError(ScannerError):
    """Its time was over; `seconds` it had in all, `processor_s` of them on a processor (None: not known, it was our own)."""

    def __init__(self, seconds: float, processor_s: float | None = None) -> None:
        self.seconds, self.processor_s = seconds, processor_s
        had = "" if processor_s is None else f", {processor_s:.1f} s of them on a processor"
        super().__init__(f"gave up after {seconds:.0f} s{had}")


def _nobody(_: int) -> AbstractContextManager[None]:
    return nullcontext()


@dataclass(frozen=True, slots=True)
class Limit:
    """How long the scanners of one audit have, from now on; `stop` ends them at once, for any thread.

    `beside` is told the process group of each while it runs, and ends it where this process can't any more.
    """

    seconds: float
    beside: Callable[[int], AbstractContextManager[None]] = _nobody
    _began: float = field(default_factory=time.monotonic)
    _stopped: threading.Event = field(default_factory=threading.Event)

    def stop(self) -> None:
        """Nobody waits for them any more."""
        self._stopped.set()

    @property
    def is_over(self) -> bool:
        """Whether they have to end."""
        return self._stopped.is_set() or self.spent_s > self.seconds

    @property
    def spent_s(self) -> float:
        """How long it is since they began."""
        return time.monotonic() - self._began

    def check(self) -> None:
        """For work of our own, between two pieces; raises `GaveUpError`."""
        if self.is_over:
            raise GaveUpError(self.spent_s)


def lines(
    command: Sequence[str],
    limit: Limit,
    *,
    cwd: Path,
    environment: Mapping[str, str],
    stdin: IO[bytes] | None = None,
    good: Sequence[int] = (0,),
) -> Generator[bytes, None, None]:
    """What it prints, without line ends; raises `ScannerError` where it fails, and ends it, with all that it started, when nobody reads on."""
    try:
        process = subprocess.Popen(
            command,
            cwd=cwd,
            stdin=stdin or subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            start_new_session=True,
        )
    except OSError as error:
        raise ScannerError(error.strerror or type(error).__name__) from None
    assert process.stdout is not None  # noqa: S101  # it was asked for
    try:
        with limit.beside(process.pid):
            yield from _read(process.stdout, limit)
            while process.poll() is None:  # its output may end before it does
                limit.check()
                with suppress(subprocess.TimeoutExpired):
                    process.wait(POLL_S)
    except GaveUpError as error:
        raise GaveUpError(error.seconds, _kill(process)) from None
    finally:
        _kill(process)
        process.stdout.close()
    if process.returncode not in good:
        raise ScannerError(f"exit code {process.returncode}")


def _read(pipe: IO[bytes], limit: Limit) -> Generator[bytes, None, None]:
    rest = bytearray()
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        while True:
            limit.check()
            if not selector.select(POLL_S):
                continue
            chunk = os.read(pipe.fileno(), _CHUNK)
            if not chunk:
                break
            *ends, last = chunk.split(b"\n")
            for end in ends:
                yield bytes(rest + end)
                rest.clear()
            rest += last
            if len(rest) > MAX_LINE:
                raise ScannerError(f"a line of more than {MAX_LINE} bytes")
    if rest:
        raise ScannerError("its report breaks off")


def _kill(process: subprocess.Popen[bytes]) -> float | None:
    """End it and its group; how long it was on a processor, None where it had ended, or can't be ended."""
    if process.poll() is not None:
        return None
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    deadline = time.monotonic() + KILLED_S
    while time.monotonic() < deadline:
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        if pid:
            process.returncode = os.waitstatus_to_exitcode(status)
            return usage.ru_utime + usage.ru_stime
        time.sleep(POLL_S / 10)
    return None
