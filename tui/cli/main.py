"""The entry point: every end of the program that no command expected is one line and an exit code.

Nothing but the standard library is imported before the `try`, so that a broken library ends here, too.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
from typing import TYPE_CHECKING

import tui
from tui.runtime.exit import ExitCode, report_crash
from tui.runtime.output import OutputLost, flush_results, prepare_streams, write_error, write_result

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.i18n import Language

SYSTEM = frozenset(
    (
        errno.EACCES,
        errno.EPERM,
        errno.EROFS,
        errno.ENOSPC,
        errno.EDQUOT,
        errno.EFBIG,
        errno.EIO,
        errno.EMFILE,
        errno.ENFILE,
    )
)
"""What the system does not let us do, wherever we try it: closed, read-only, full, broken, or too many open files."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code. Never lets a traceback out: those go to the log file."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments in (["--version"], ["-V"]):
        return _print_version()
    from tui.i18n import choose_language

    prepare_streams()
    words = choose_language(_language_option(arguments))
    try:
        if (
            signal.getsignal(signal.SIGINT) is signal.SIG_DFL
        ):  # `warroom.main` did that, for the imports so far
            signal.signal(signal.SIGINT, signal.default_int_handler)
        return _dispatch(arguments, words)
    except KeyboardInterrupt:
        return _end(words, words.text("cli.interrupted"), ExitCode.INTERRUPTED)
    except BrokenPipeError:  # `| head` has what it wanted
        return 128 + signal.SIGPIPE
    except OutputLost as error:
        return _end(words, words.text("cli.no_output", detail=str(error)), ExitCode.USAGE)
    except Exception as error:  # noqa: BLE001  # the last line of defence: a traceback goes to the log, a sentence to the person
        return _crashed(error, words)


def _crashed(error: Exception, words: Language) -> int:
    if isinstance(error.__cause__, KeyboardInterrupt):  # Python 3.11 wraps what interrupts a `__set_name__`
        return _end(words, words.text("cli.interrupted"), ExitCode.INTERRUPTED)
    key, values = report_crash(error)
    if not isinstance(error, OSError) or error.errno not in SYSTEM:
        return _end(words, words.text(key, **values), ExitCode.CRASHED)
    from core.text import clean

    place = clean(str(error.filename or "?"), 300)
    text = words.text("cli.system_refuses", detail=error.strerror or "?", place=place)
    return _end(words, text, ExitCode.USAGE)


def _dispatch(arguments: list[str], words: Language) -> int:
    from tui.cli.dispatch import dispatch
    from tui.runtime.log import log_uncaught

    log_uncaught()
    # Each of OpenBLAS' threads reserves 32 MB that nobody here uses, and where it can't it ends the process with 1.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    code = dispatch(arguments, words)
    flush_results()  # a result that nobody got is none
    return code


def _print_version() -> int:
    try:
        write_result(f"warroom {tui.__version__}\n")
        flush_results()
    except BrokenPipeError:
        return 128 + signal.SIGPIPE
    except OutputLost as error:
        write_error(f"warroom: {error}")
        return ExitCode.USAGE
    return ExitCode.OK


def _language_option(arguments: list[str]) -> str | None:
    for index, argument in enumerate(arguments):
        if argument.startswith("--lang="):
            return argument.removeprefix("--lang=")
        if argument == "--lang" and index + 1 < len(arguments):
            return arguments[index + 1]
    return None


def _end(words: Language, text: str, code: ExitCode) -> int:
    write_error(words.text("cli.error", text=text))
    return code


if __name__ == "__main__":
    raise SystemExit(main())
