"""What the shell is told when the program ends; documented in `--help` and the README."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """The exit codes of every command."""

    OK = 0
    BURNING = 1  # also: findings
    UNKNOWN = 2
    USAGE = 3  # configuration or usage
    CRASHED = 4
    INTERRUPTED = 130
