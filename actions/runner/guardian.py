"""Ends a run's programs when its runner is killed: nobody would record how they ended, or hear that they shall.

A process of its own, forked before the runner has connections or threads. It knows the process groups of the programs that
run, and a pipe that ends with the runner, however that dies.
"""

from __future__ import annotations

import os
import signal
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

GRACE_S = 5.0
"""How long a program has after a termination before it is killed."""
POLL_S = 0.05


class Guardian:
    """The runner's end of the pipe."""

    def __init__(self) -> None:
        read, self._write = os.pipe()
        if os.fork() == 0:
            os.close(self._write)
            os.setsid()  # what is sent to the runner's group is not meant for it
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)
            with suppress(BaseException):
                _end(_groups(read))
            os._exit(0)
        os.close(read)

    @contextmanager
    def beside(self, group: int) -> Iterator[None]:
        """While a program runs whose process group this is."""
        self._tell(b"+%d\n" % group)
        try:
            yield
        finally:
            self._tell(b"-%d\n" % group)

    def _tell(self, line: bytes) -> None:
        with suppress(OSError):  # killed itself: the run goes on without it
            os.write(self._write, line)


def _groups(read: int) -> set[int]:
    """Those that ran when the pipe ended."""
    groups: set[int] = set()
    with os.fdopen(read, "rb") as pipe:
        for line in pipe:
            group = int(line[1:])
            if line[:1] == b"+":
                groups.add(group)
            else:
                groups.discard(group)
    return groups


def _end(groups: set[int]) -> None:
    """Terminate, then kill."""
    deadline = time.monotonic() + GRACE_S
    _signal(groups, signal.SIGTERM)
    while groups and time.monotonic() < deadline:
        groups = {group for group in groups if _signal({group}, 0)}
        time.sleep(POLL_S)
    _signal(groups, signal.SIGKILL)


def _signal(groups: set[int], number: int) -> bool:
    """Whether any of them is there."""
    is_there = False
    for group in groups:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(group, number)
            is_there = True
    return is_there
