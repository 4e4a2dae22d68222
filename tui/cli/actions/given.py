"""Parameters that stand in a file or that a command prints: how a secret is given where nobody types it."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from actions.errors import BadParameter
from core.files import MAX_BYTES, read_text
from core.message import say
from core.text import clean

if TYPE_CHECKING:
    from collections.abc import Iterable

COMMAND_TIMEOUT_S = 60.0


def given_values(files: Iterable[str], commands: Iterable[str]) -> dict[str, str]:
    """By `NAME=FILE` (`-` is standard input) and `NAME=COMMAND`; raises `BadParameter`, never with a value in it."""
    pairs = ((given, _read_file) for given in files)
    more = ((given, _ask_command) for given in commands)
    values: dict[str, str] = {}
    for given, read in (*pairs, *more):
        name, equals, what = given.partition("=")
        if not equals or not what:
            raise BadParameter(say("run.no_pair", text=clean(given, 80)))
        values[name] = read(what).rstrip("\r\n")
    return values


def _read_file(file: str) -> str:
    try:
        return sys.stdin.read(MAX_BYTES) if file == "-" else read_text(Path(file))
    except (OSError, UnicodeDecodeError):
        raise BadParameter(say("run.unreadable", file=clean(file, 200))) from None


def _ask_command(command: str) -> str:
    """Run as this person would, without a shell; what it says beside its output goes to the terminal."""
    try:
        argv = shlex.split(command)
        done = subprocess.run(argv, stdout=subprocess.PIPE, timeout=COMMAND_TIMEOUT_S, check=True)
        return done.stdout.decode()
    except (OSError, ValueError, IndexError, subprocess.SubprocessError) as error:
        detail = type(error).__name__
        raise BadParameter(
            say("run.command_failed", program=clean(command.split(" ", maxsplit=1)[0], 80), detail=detail)
        ) from None
