"""The entry point: every end of the program that no command expected is one line and an exit code.

Nothing but the standard library is imported before the `try`, so that a broken library ends here, too.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import tui
from tui.runtime.exit import ExitCode, report_crash

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
        key, values = report_crash(error)
        return _end(words, words.text(key, **values), ExitCode.CRASHED)


def _language_option(arguments: list[str]) -> str | None:
    for index, argument in enumerate(arguments):
        if argument.startswith("--lang="):
            return argument.removeprefix("--lang=")
        if argument == "--lang" and index + 1 < len(arguments):
            return arguments[index + 1]
    return None


def _end(words: Language, text: str, code: ExitCode) -> int:
    sys.stderr.write(words.text("cli.error", text=text) + "\n")
    return code


if __name__ == "__main__":
    raise SystemExit(main())
