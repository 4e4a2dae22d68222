"""How the program ends: the exit codes (documented in `--help` and the README), and what is said of a crash.

It needs the standard library alone: what went wrong may be the import of anything else.
"""

from __future__ import annotations

import sys
from enum import IntEnum
from pathlib import Path


class ExitCode(IntEnum):
    """The exit codes of every command."""

    OK = 0
    BURNING = 1  # also: findings
    UNKNOWN = 2  # also: the guard of an incident refused it
    USAGE = 3  # configuration or usage
    CRASHED = 4
    INTERRUPTED = 130


def report_crash(error: BaseException) -> tuple[str, dict[str, str]]:
    """Write the traceback to the log; the text that says what broke and where the log is: its key and values."""
    from tui.runtime.log import log_crash

    log = str(log_crash(error))
    if not isinstance(error, ImportError):
        return "cli.crashed", {"error": type(error).__name__, "log": log}
    detail = "".join(char if char.isprintable() else " " for char in str(error))[:300]
    if place := _foreign_package(error):
        return "cli.shadowed", {"detail": detail, "place": place, "log": log}
    return "cli.import_failed", {"detail": detail, "log": log}


def _foreign_package(error: ImportError) -> str:
    """The folder of a package that is imported instead of one of ours of the same name; empty where there is none."""
    name = (error.name or "").partition(".")[0]
    ours = Path(__file__).resolve().parents[2] / name
    package = sys.modules.get(name)
    places = [str(Path(place).resolve()) for place in getattr(package, "__path__", ())]
    return places[0] if name and places and ours.is_dir() and str(ours) not in places else ""
