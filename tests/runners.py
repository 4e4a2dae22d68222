"""Starts the process of a run for a test, forked from the process that has imported it already (`tests.program`).

Its imports are half a second of CPU, and the suite starts some four hundred runs. The fork has its own session, environment, folder
and files, and is the module `actions.runner` from its first line on. A test about the start itself takes `start_for_real`,
and what a real program starts is started as always.
"""

from __future__ import annotations

import errno
import json
import os
import socket
from pathlib import Path
from typing import IO, TYPE_CHECKING

from actions.runner import launch
from core.own_python import own_environment
from tests.program import ask_fork_server, python_settings

if TYPE_CHECKING:
    import subprocess

    import pytest

_start = launch._start  # the real start, for what a fork can't do
_began_with = python_settings(os.environ)


class Forked:
    """What the launcher uses of a `subprocess.Popen`, whose first process has ended already."""

    def __init__(self, pid: int, stdin: IO[bytes]) -> None:
        self.pid, self.stdin = pid, stdin

    def wait(self) -> int:
        """The fork server has waited for it."""
        return 0


def fork_runners(patch: pytest.MonkeyPatch) -> None:
    """From now on this process's runners are forked."""
    patch.setattr(launch, "_start", _fork)


def start_for_real(patch: pytest.MonkeyPatch) -> None:
    """From now on this process's runners are started as a user's are."""
    patch.setattr(launch, "_start", _start)


def _fork(accepted: int, log: IO[bytes] | None) -> subprocess.Popen[bytes] | Forked:
    if python_settings(os.environ) != _began_with:  # it reads these when it starts
        return _start(accepted, log)
    request = {"module": "actions.runner", "kept": accepted, "env": own_environment(), "cwd": "/"}
    ours, theirs = socket.socketpair()
    read, write = os.pipe()
    stdin = os.fdopen(write, "wb")
    with ours, Path(os.devnull).open("wb") as nothing:
        output = (log or nothing).fileno()
        try:
            with theirs:
                files = [theirs.fileno(), read, output, output, accepted]
                ask_fork_server(b"module", json.dumps(request).encode(), files)
            ours.settimeout(launch.START_TIMEOUT_S)
            answer = ours.recv(16)
        except BaseException:
            stdin.close()
            raise
        finally:
            os.close(read)
    if not answer:
        stdin.close()
        raise OSError(errno.ECHILD, "the fork server has ended")
    return Forked(int(answer), stdin)
