"""How the program ends: the exit codes (documented in `--help` and the README), and what is said of a crash.

It needs the standard library alone: what went wrong may be the import of anything else. Of that, too, no more than `--version` needs
is imported at once.
"""

from __future__ import annotations

import sys
from enum import IntEnum


class ExitCode(IntEnum):
    """The exit codes of every command."""

    OK = 0
    BURNING = 1  # also: findings
    UNKNOWN = 2  # also: the guard of an incident refused it
    USAGE = 3  # configuration or usage
    CRASHED = 4
    INTERRUPTED = 130


_UNLOGGED = {
    "cli.crashed": "cli.crashed_unlogged",
    "screen.undrawn": "screen.undrawn_unlogged",
    "tui.undrawn": "tui.undrawn_unlogged",
    "tui.restarted": "tui.restarted_unlogged",
}
"""What is said where the log can't be written."""


def report_crash(error: BaseException, key: str = "cli.crashed") -> tuple[str, dict[str, str]]:
    """Write the traceback to the log; the text that says what broke and where the log is: its key and values.

    Where there is no log, the text says that, and the place where it broke.
    """
    import traceback
    from pathlib import Path

    from tui.runtime.log import log_crash, log_path

    if why := log_crash(error):
        last = traceback.extract_tb(error.__traceback__)[-1:]
        place = "".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in last)
        values = {"error": type(error).__name__, "place": place, "log": _shown_path(), "why": why}
        return _UNLOGGED[key], values
    log = str(log_path())
    if key != "cli.crashed" or not isinstance(error, ImportError):
        return key, {"error": type(error).__name__, "log": log}
    detail = "".join(char if char.isprintable() else " " for char in str(error))[:300]
    if place := _foreign_package(error):
        return "cli.shadowed", {"detail": detail, "place": place, "log": log}
    return "cli.import_failed", {"detail": detail, "log": log}


def _shown_path() -> str:
    from tui.runtime.log import log_path

    try:
        return str(log_path())
    except RuntimeError:
        return "warroom.log"


def _foreign_package(error: ImportError) -> str:
    """The folder of a package that is imported instead of one of ours of the same name; empty where there is none."""
    from pathlib import Path

    name = (error.name or "").partition(".")[0]
    ours = Path(__file__).resolve().parents[2] / name
    package = sys.modules.get(name)
    places = [str(Path(place).resolve()) for place in getattr(package, "__path__", ())]
    return places[0] if name and places and ours.is_dir() and str(ours) not in places else ""
