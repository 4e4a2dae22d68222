"""The command line: finds the command, opens the log, and turns every failure into one line and an exit code.

Each command is a module in `tui/cli/commands` with `add_arguments(parser, words)` and `run(args, invocation)`;
only the one that is asked for is imported, so that `--version` and the first paint stay cheap.
"""

from __future__ import annotations

import sys
from enum import IntEnum
from importlib import import_module
from typing import TYPE_CHECKING, Protocol

import tui

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from tui.cli.command import Invocation
    from tui.i18n import Language

COMMANDS = (
    "board",
    "sandbox",
    "init",
    "config",
    "status",
    "query",
    "eval",
    "incident",
    "runbook",
    "journal",
    "doctor",
)


class ExitCode(IntEnum):
    """What the shell is told; documented in `--help` and the README."""

    OK = 0
    BURNING = 1  # also: findings
    UNKNOWN = 2
    USAGE = 3  # configuration or usage
    CRASHED = 4
    INTERRUPTED = 130


class CommandModule(Protocol):
    """What a module in `tui/cli/commands` offers."""

    def add_arguments(self, parser: argparse.ArgumentParser, words: Language) -> None: ...

    def run(self, args: argparse.Namespace, invocation: Invocation) -> int: ...


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code. Never lets a traceback out: those go to the log file."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments in (["--version"], ["-V"]):
        sys.stdout.write(f"warroom {tui.__version__}\n")
        return ExitCode.OK
    from tui.cli.dispatch import dispatch

    return dispatch(arguments, COMMANDS, _load)


def _load(command: str) -> CommandModule:
    module: CommandModule = import_module(f"tui.cli.commands.{command}")
    return module


if __name__ == "__main__":
    raise SystemExit(main())
