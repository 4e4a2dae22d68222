"""The entry point: every end of the program that no command expected is one line and an exit code.

Nothing but the standard library is imported before the `try`, so that a broken library ends here, too.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import tui
from tui.runtime.exit import ExitCode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.i18n import Language


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code. Never lets a traceback out: those go to the log file."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments in (["--version"], ["-V"]):
        sys.stdout.write(f"warroom {tui.__version__}\n")
        return ExitCode.OK
    from tui.i18n import choose_language

    words = choose_language(_language_option(arguments))
    try:
        from tui.cli.dispatch import dispatch
        from tui.runtime.log import log_uncaught

        log_uncaught()
        return dispatch(arguments, words)
    except KeyboardInterrupt:
        return _end(words, words.text("cli.interrupted"), ExitCode.INTERRUPTED)
    except BrokenPipeError:
        sys.stderr.close()
        return ExitCode.OK
    except Exception as error:  # noqa: BLE001  # the last line of defence: a traceback goes to the log, a sentence to the person
        return _end(words, _crash_text(error, words), ExitCode.CRASHED)


def _language_option(arguments: list[str]) -> str | None:
    for index, argument in enumerate(arguments):
        if argument.startswith("--lang="):
            return argument.removeprefix("--lang=")
        if argument == "--lang" and index + 1 < len(arguments):
            return arguments[index + 1]
    return None


def _crash_text(error: Exception, words: Language) -> str:
    """What broke, and where the traceback is."""
    from tui.runtime.log import log_crash

    log = str(log_crash(error))
    if not isinstance(error, ImportError):
        return words.text("cli.crashed", error=type(error).__name__, log=log)
    detail = "".join(char if char.isprintable() else " " for char in str(error))[:300]
    foreign = _foreign_package(error)
    key = "cli.shadowed" if foreign else "cli.import_failed"
    return words.text(key, detail=detail, place=foreign, log=log)


def _foreign_package(error: ImportError) -> str:
    """The folder of a package that is imported instead of one of ours of the same name; empty where there is none."""
    name = (error.name or "").partition(".")[0]
    ours = Path(tui.__file__).resolve().parents[1] / name
    package = sys.modules.get(name)
    places = [str(Path(place).resolve()) for place in getattr(package, "__path__", ())]
    return places[0] if name and places and ours.is_dir() and str(ours) not in places else ""


def _end(words: Language, text: str, code: ExitCode) -> int:
    sys.stderr.write(words.text("cli.error", text=text) + "\n")
    return code


if __name__ == "__main__":
    raise SystemExit(main())
