"""The log file: where tracebacks go, and nothing secret does.

It needs the standard library alone: what went wrong may be the import of anything else.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import traceback
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tui.runtime.log_file import PrivateLogFile

MAX_BYTES, BACKUPS = 2_000_000, 2


class _Masking(logging.Formatter):
    """Masks the whole finished record: message, values, exception and traceback."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s")
        self.secrets: frozenset[str] = frozenset()

    def format(self, record: logging.LogRecord) -> str:
        from tui.config.secrets import MASK, mask

        text = super().format(record)
        for secret in sorted(self.secrets, key=len, reverse=True):  # a part of a longer one comes after it
            text = text.replace(secret, MASK)
        return mask(text)


class _LogFile(logging.Handler):
    """Opens the file at its first record; where it can't be written, records are dropped: that is no reason to stop."""

    def __init__(self) -> None:
        super().__init__()
        self._file: PrivateLogFile | None = None
        self.problem = ""
        """Why the last record is not in the file; empty where it is."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        self.problem = self.open()
        if self._file is not None:
            self._file.emit(record)
            self.problem = self._file.problem

    def open(self) -> str:
        """Open the file, if it is not open; why that can't be, empty where it can. It is tried again at the next record."""
        if self._file is None:
            from tui.runtime.log_file import PrivateLogFile

            try:
                path = log_path()
                with suppress(ImportError):  # another package's `core` may be what went wrong
                    from core.files import make_private_folder

                    make_private_folder(path.parent)
                self._file = PrivateLogFile(path, maxBytes=MAX_BYTES, backupCount=BACKUPS, encoding="utf-8")
            except RuntimeError:
                return "there is no home directory: set HOME or WARROOM_LOG"
            except OSError as error:
                return error.strerror or str(error)
            self._file.setFormatter(_MASKING)
        return ""

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
        super().close()


_MASKING = _Masking()
"""One for the process, as logging's root is: secrets may be known before the log is opened."""


def mask_in_log(secrets: Iterable[str]) -> None:
    """From now on none of `secrets` reaches the log file, wherever in a record it stands."""
    _MASKING.secrets |= frozenset(secrets)


def log_path() -> Path:
    """`$WARROOM_LOG`, else `warroom.log` in the user's state folder (XDG base directory specification).

    Raises `RuntimeError` where there is no home.
    """
    if path := os.environ.get("WARROOM_LOG"):
        return Path(path)
    try:
        from platformdirs import user_state_path
    except ImportError:
        return Path(os.path.expanduser("~/.local/state/warroom/warroom.log"))  # noqa: PTH111  # Path's own raises where there is no home
    return user_state_path("warroom", appauthor=False) / "warroom.log"


def open_log() -> None:
    """Send all log records and warnings to the log file, none to the terminal."""
    _opened()


def _opened() -> _LogFile:
    root = logging.getLogger()
    file = next((handler for handler in root.handlers if isinstance(handler, _LogFile)), None)
    if file is not None:
        return file
    file = _LogFile()
    root.addHandler(file)
    root.setLevel(logging.INFO)
    logging.captureWarnings(capture=True)
    for noisy in ("httpx", "httpcore", "urllib3"):  # they log whole URLs, which may hold credentials
        logging.getLogger(noisy).setLevel(logging.WARNING)
    return file


def log_crash(error: BaseException) -> str:
    """Write the traceback of `error` to the log file; returns why it is not there, empty where it is."""
    file = _opened()
    logging.getLogger("warroom").error("%s", "".join(traceback.format_exception(error)))
    return file.problem


def log_problem() -> str:
    """Why nothing can be logged; empty where it can."""
    return _opened().open()


def log_uncaught() -> None:
    """Log what ends a thread and what nobody can catch, unless somebody else has a hook for it."""
    if threading.excepthook is threading.__excepthook__:
        threading.excepthook = _uncaught
    if sys.unraisablehook is sys.__unraisablehook__:
        sys.unraisablehook = _uncaught


def _uncaught(args: threading.ExceptHookArgs | sys.UnraisableHookArgs) -> None:
    """What breaks in here, Python would print with a traceback: where there is no memory, there is no log either."""
    with suppress(Exception):
        if args.exc_value is not None:
            log_crash(args.exc_value)
