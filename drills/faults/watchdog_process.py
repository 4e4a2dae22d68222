"""The process that lifts what its owner no longer can: a pipe holds the two together, and its end is the owner's end."""

from __future__ import annotations

import os
import subprocess
from contextlib import suppress
from typing import TYPE_CHECKING

from core.files import open_log
from core.message import say
from core.own_python import module_command, own_environment
from core.text import clean
from drills.faults.errors import NotInjected

if TYPE_CHECKING:
    from pathlib import Path


def start_watchdog(
    folder: Path, module: str, *arguments: str, first_line: bytes = b""
) -> subprocess.Popen[bytes]:
    """Start `module`, give it `first_line`, and wait until it says that it watches. Its log stands in `folder`.

    Raises `NotInjected` where it ends instead, `OSError` where it can't be started.
    """
    with open_log(folder / "watchdog.log") as log:
        process = subprocess.Popen(
            module_command(module, *arguments),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            cwd="/",
            env=own_environment(),
            start_new_session=True,
        )
    write_to_watchdog(process, first_line)
    if process.stdout is None or not process.stdout.readline():  # it watches from here on
        process.kill()
        process.wait()
        raise NotInjected(say("faults.no_watchdog", folder=clean(str(folder), 200)))
    return process


def write_to_watchdog(process: subprocess.Popen[bytes], line: bytes) -> None:
    """Nothing is lost with one that is dead: its owner starts another one, which gets all."""
    with suppress(OSError):
        if process.stdin is not None:
            os.write(process.stdin.fileno(), line)


def end_watchdog(process: subprocess.Popen[bytes], timeout_s: float) -> None:
    """Close its pipes, at which it lifts everything and ends, and wait so long for it."""
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with suppress(OSError):
                pipe.close()
    with suppress(subprocess.TimeoutExpired):
        process.wait(timeout_s)
