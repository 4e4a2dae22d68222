"""Takes the stack down when its supervisor cannot: whoever of it is left when the supervisor has ended.

The supervisor alone holds the writing end of a pipe, the lifeline; its reading end is with a second process, the guard,
and with each part of the stack that is our own code. However the supervisor ends, SIGKILL included, they all wake, so
that no pair of deaths leaves anything. All parts share the supervisor's process group: one call reaches each of them,
also one that was started a microsecond ago. Plain POSIX: no `prctl`, which macOS does not have, and which would tie
every server to the thread that started it.
"""

from __future__ import annotations

import os
import shutil
import signal
import stat
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

STOP_TIMEOUT_S = 3.0
"""How long the parts get to end by themselves: a Postgres that is killed leaves shared memory behind."""
LIFELINE = "SANDBOX_LIFELINE"
"""The environment variable that hands the lifeline on: file descriptor, `keep` or `remove`, and the folder."""


def start_guard(folder: Path, on_guard_lost: Callable[[], None], *, keep: bool) -> int:
    """Fork the guard of this process's group and `folder`; `on_guard_lost` is called if it is killed itself.

    Returns the reading end of the lifeline, for `follow_supervisor` of the parts. Call it before any thread runs, in
    the leader of a process group of its own.
    """
    read, write = os.pipe()
    group = os.getpgrp()
    guard = os.fork()
    if guard == 0:
        os.close(write)
        _guard(read, group, folder, keep=keep)
    # `write` stays open until this process ends; Python hands it on to nobody (PEP 446)
    threading.Thread(target=_watch_guard, args=(guard, on_guard_lost), daemon=True).start()
    return read


def lifeline_environment(read: int, folder: Path, *, keep: bool) -> dict[str, str]:
    """What `follow_supervisor` reads in a part that inherits the descriptor `read`."""
    return {LIFELINE: f"{read} {'keep' if keep else 'remove'} {folder}"}


def inherited(environment: Mapping[str, str]) -> tuple[int, ...]:
    """The descriptors that a part with this environment has to inherit."""
    text = environment.get(LIFELINE)
    return (int(text.split(" ", 1)[0]),) if text else ()


def follow_supervisor() -> None:
    """In a part of the stack: take the whole stack down once its supervisor has ended."""
    text = os.environ.get(LIFELINE)
    if text is None:
        return  # started by hand or by a test
    descriptor, kept, folder = text.split(" ", 2)
    read = int(descriptor)
    try:
        if not stat.S_ISFIFO(os.fstat(read).st_mode):
            return
    except OSError:
        return  # a worker that started anew has closed it; the other parts still watch
    group = os.getpgrp()
    arguments = (read, group, Path(folder))
    threading.Thread(target=_follow, args=arguments, kwargs={"keep": kept == "keep"}, daemon=True).start()


def _watch_guard(guard: int, on_guard_lost: Callable[[], None]) -> None:
    os.waitpid(guard, 0)
    on_guard_lost()


def _guard(read: int, group: int, folder: Path, *, keep: bool) -> None:
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):  # our starter waits for the end of these
        os.dup2(nothing, descriptor)
    os.setpgid(0, 0)  # what ends the group must not end its guard
    os.read(read, 1)
    _take_down(group, folder, keep=keep)


def _follow(read: int, group: int, folder: Path, *, keep: bool) -> None:
    """In a part of the stack: a process of its own takes the rest down, for a part may end by itself once its servers do."""
    os.read(read, 1)
    if os.fork() == 0:
        _take_down(group, folder, keep=keep)


def _take_down(group: int, folder: Path, *, keep: bool) -> None:
    """End the supervisor's group and this process, and remove the folder."""
    os.setpgid(0, 0)
    _end(group, signal.SIGINT)  # for Postgres a fast shutdown
    _end(group, signal.SIGKILL)
    deadline = time.monotonic() + STOP_TIMEOUT_S
    while not keep and folder.exists() and time.monotonic() < deadline:
        shutil.rmtree(folder, ignore_errors=True)
    os._exit(0)


def _end(group: int, number: signal.Signals) -> None:
    deadline = time.monotonic() + STOP_TIMEOUT_S
    while time.monotonic() < deadline:
        try:
            os.killpg(group, number)
        except (ProcessLookupError, PermissionError):  # macOS answers for a group of zombies with the second
            return
        time.sleep(0.2)
