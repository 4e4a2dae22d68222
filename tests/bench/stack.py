"""A sandbox for a bench, and what the system says of a process. Not a bench."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psutil

from tests.terminal import PROGRAM

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def sandbox() -> Iterator[str]:
    """Its configuration file."""
    stack = subprocess.Popen(
        [PROGRAM, "sandbox", "--headless"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert stack.stdout is not None
    try:
        yield json.loads(stack.stdout.readline())["config"]
    finally:
        os.kill(stack.pid, signal.SIGTERM)
        stack.wait(30)
        stack.stdout.close()


def _tree(pid: int) -> list[psutil.Process]:
    root = psutil.Process(pid)
    return [root, *root.children(recursive=True)]


def cpu_s(pid: int) -> float:
    """CPU seconds of a process, with those of its children that have ended."""
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system + times.children_user + times.children_system)


def resident_mb(pid: int) -> float:
    """Resident memory (MiB) of a process and its children."""
    return sum(process.memory_info().rss for process in _tree(pid)) / 2**20
