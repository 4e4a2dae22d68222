"""Takes the stack down when its supervisor cannot: a second process that waits for the first one's end.

It holds one end of a pipe whose other end only the supervisor has, so it wakes however the supervisor ends; SIGKILL
included. All parts of the stack share the supervisor's process group, so that one call reaches each of them, also one
that was started a microsecond ago. Plain POSIX: no `prctl`, which macOS does not have, and which would tie every server
to the thread that started it.
"""

from __future__ import annotations

import os
import shutil
import signal
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PATIENCE_S = 3.0
"""How long the parts get to end by themselves: a Postgres that is killed leaves shared memory behind."""


def stand_guard(folder: Path, lost: Callable[[], None], *, keep: bool) -> None:
    """Fork the guard of this process's group and `folder`; `lost` is called if the guard itself is killed.

    Call it before any thread runs, in the leader of a process group of its own.
    """
    read, write = os.pipe()
    group = os.getpgrp()
    guard = os.fork()
    if guard == 0:
        os.close(write)
        _guard(read, group, folder, keep=keep)
    os.close(read)  # `write` stays open until this process ends; Python hands it on to nobody (PEP 446)
    threading.Thread(target=_watch, args=(guard, lost), daemon=True).start()


def _watch(guard: int, lost: Callable[[], None]) -> None:
    os.waitpid(guard, 0)
    lost()


def _guard(read: int, group: int, folder: Path, *, keep: bool) -> None:
    os.setpgid(0, 0)  # what ends the group must not end its guard
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):  # our starter waits for the end of these
        os.dup2(nothing, descriptor)
    os.read(read, 1)
    _end(group, signal.SIGINT, PATIENCE_S)  # for Postgres a fast shutdown
    _end(group, signal.SIGKILL, PATIENCE_S)
    deadline = time.monotonic() + PATIENCE_S
    while not keep and folder.exists() and time.monotonic() < deadline:
        shutil.rmtree(folder, ignore_errors=True)
    os._exit(0)


def _end(group: int, how: signal.Signals, patience_s: float) -> None:
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        try:
            os.killpg(group, how)
        except (ProcessLookupError, PermissionError):  # macOS answers for a group of zombies with the second
            return
        time.sleep(0.2)
